"""Command line: `python -m dance_core doctor`, `status FOLDER` and `import-release FOLDER OUT`."""

import argparse
import sys
from pathlib import Path

from dance_core.doctor import describe_machine, findings, render
from dance_core.release import ReleaseFolder, released_model
from dance_core.status import accuracy_table, report_line, sparsity_table


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words of the command line; those of the process by default.

    Returns:
        Exit status, 0 when all is well.
    """
    parser = argparse.ArgumentParser(
        prog="python -m dance_core", description="Look at an installation, at results or at a release."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="what is installed, which models can run, what to do for the others")
    doctor.add_argument("--weights", type=Path, default=Path("weights"), help="folder of pretrained weights")
    status = commands.add_parser("status", help="the accuracy table of a finished run and where its report is")
    status.add_argument("results", type=Path, help="folder of the results, such as results/demo")
    released = commands.add_parser("import-release", help="the authors' released model as a model of this project")
    released.add_argument("release", type=Path, help="folder of the release, with released_model/ in it")
    released.add_argument("out", type=Path, help="folder to write model.safetensors and model.json to")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "doctor":
            print(describe_machine())
            print(render(findings(chosen.weights)))
        elif chosen.command == "import-release":
            model = released_model(ReleaseFolder(chosen.release))
            model.save(chosen.out)
            print(f"{chosen.out}: {len(model.concepts)} concepts, {len(model.classes)} classes")
        else:
            print(accuracy_table(chosen.results))
            print(f"\n{sparsity_table(chosen.results)}\n")
            print(report_line(chosen.results))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
