"""Command line: `python -m dance_core doctor` and `python -m dance_core status FOLDER`."""

import argparse
import sys
from pathlib import Path

from dance_core.doctor import describe_machine, findings, render
from dance_core.status import accuracy_table, report_line


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words of the command line; those of the process by default.

    Returns:
        Exit status, 0 when all is well.
    """
    parser = argparse.ArgumentParser(prog="python -m dance_core", description="Look at an installation or at results.")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="what is installed, which models can run, what to do for the others")
    doctor.add_argument("--weights", type=Path, default=Path("weights"), help="folder of pretrained weights")
    status = commands.add_parser("status", help="the accuracy table of a finished run and where its report is")
    status.add_argument("results", type=Path, help="folder of the results, such as results/demo")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "doctor":
            print(describe_machine())
            print(render(findings(chosen.weights)))
        else:
            print(accuracy_table(chosen.results))
            print(report_line(chosen.results))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
