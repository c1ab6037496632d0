"""Command line: `python -m dance_core` with doctor, status, import-release, explain or predict."""

import argparse
import sys
from pathlib import Path

from dance_core.devices import DEVICES
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
    chosen = _parser().parse_args(arguments)
    try:
        return COMMANDS[chosen.command](chosen)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    parser = argparse.ArgumentParser(
        prog="python -m dance_core", description="Look at an installation, at results or at a release; explain videos."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="what is installed, which models can run, what to do for the others")
    doctor.add_argument("--weights", type=Path, default=Path("weights"), help="folder of pretrained weights")
    status = commands.add_parser("status", help="the accuracy table of a finished run and where its report is")
    status.add_argument("results", type=Path, help="folder of the results, such as results/demo")
    released = commands.add_parser("import-release", help="the authors' released model as a model of this project")
    released.add_argument("release", type=Path, help="folder of the release, with released_model/ in it")
    released.add_argument("out", type=Path, help="folder to write model.safetensors and model.json to")
    explained = commands.add_parser("explain", help="what a model says of new videos and why: JSON and a page for each")
    _add_model(explained)
    explained.add_argument("videos", type=Path, nargs="+", metavar="VIDEO", help="video files")
    explained.add_argument("--out", type=Path, required=True, help="folder to write NAME.json and NAME.html to")
    explained.add_argument("--top", type=int, default=3, help="concepts named in the line about each video")
    predicted = commands.add_parser("predict", help="what a model says of many videos: one csv table")
    _add_model(predicted)
    predicted.add_argument("source", type=Path, help="a csv with a column path, relative to its folder; or a folder")
    predicted.add_argument("--out", type=Path, required=True, help="csv file to write")
    return parser


def _add_model(command: argparse.ArgumentParser) -> None:
    """Add what every command that runs a model is told."""
    command.add_argument("model", type=Path, help="folder of a model, such as results/demo/seed0/model")
    command.add_argument("--weights", type=Path, default=Path("weights"), help="folder of pretrained weights")
    command.add_argument("--device", choices=DEVICES, help="where networks run; as in training by default")


def _doctor(chosen: argparse.Namespace) -> int:
    print(describe_machine())
    print(render(findings(chosen.weights)))
    return 0


def _status(chosen: argparse.Namespace) -> int:
    print(accuracy_table(chosen.results))
    print(f"\n{sparsity_table(chosen.results)}\n")
    print(report_line(chosen.results))
    return 0


def _import_release(chosen: argparse.Namespace) -> int:
    model = released_model(ReleaseFolder(chosen.release))
    model.save(chosen.out)
    print(f"{chosen.out}: {len(model.concepts)} concepts, {len(model.classes)} classes")
    return 0


def _explain(chosen: argparse.Namespace) -> int:
    # Here and below: loads torch, which the other commands can do without.
    from dance_core.new_video.commands import explain_files

    failed = explain_files(
        chosen.model, chosen.videos, chosen.out, print, chosen.weights, max(chosen.top, 0), chosen.device
    )
    return int(failed > 0)


def _predict(chosen: argparse.Namespace) -> int:
    from dance_core.new_video.commands import predict_files

    failed = predict_files(chosen.model, chosen.source, chosen.out, print, chosen.weights, chosen.device)
    return int(failed > 0)


COMMANDS = {
    "doctor": _doctor,
    "status": _status,
    "import-release": _import_release,
    "explain": _explain,
    "predict": _predict,
}


if __name__ == "__main__":
    sys.exit(main())
