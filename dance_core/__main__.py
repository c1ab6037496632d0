"""Command line: `python -m dance_core` with doctor, status, import-release, names, explain, predict or export."""

import argparse
import sys
from pathlib import Path

from dance_core.devices import DEVICES
from dance_core.doctor import describe_machine, findings, render
from dance_core.encoder_check import encoder_lines, self_test
from dance_core.export import FORMATS, export_model
from dance_core.model_card import write_model
from dance_core.naming.command import write_names_template
from dance_core.release import ReleaseFolder, released_model
from dance_core.status import accuracy_table, report_line, sparsity_table

# As a shell says of a program that Ctrl-C ended.
INTERRUPTED = 130


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
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    parser = argparse.ArgumentParser(
        prog="python -m dance_core",
        description="Look at an installation, at results or at a release; explain videos; export a model.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="what is installed, which models can run, what to do for the others")
    doctor.add_argument("--weights", type=Path, default=Path("weights"), help="folder of pretrained weights")
    encoders = commands.add_parser("encoders", help="encoders known by name: where they are, how to get and test them")
    encoders.add_argument("name", nargs="?", help="one of them, to be told all about it")
    encoders.add_argument("--weights", type=Path, default=Path("weights"), help="folder of pretrained weights")
    encoders.add_argument("--device", choices=DEVICES, default="auto", help="where the self-test runs")
    encoders.add_argument("--self-test", action="store_true", help="load the encoder and try it on drawn clips")
    status = commands.add_parser("status", help="the accuracy table of a finished run and where its report is")
    status.add_argument("results", type=Path, help="folder of the results, such as results/demo")
    released = commands.add_parser("import-release", help="the authors' released model as a model of this project")
    released.add_argument("release", type=Path, help="folder of the release, with released_model/ in it")
    released.add_argument("out", type=Path, help="folder to write model.safetensors and model.json to")
    named = commands.add_parser("names", help="a csv file in which a person names the motion concepts of results")
    named.add_argument("results", type=Path, help="folder of the results, such as results/demo")
    named.add_argument("--out", type=Path, required=True, help="csv file to write; it must not exist")
    named.add_argument(
        "--from", dest="former", type=Path, nargs="+", default=[], metavar="FILE", help="earlier files or suggestions"
    )
    explained = commands.add_parser("explain", help="what a model says of new videos and why: JSON and a page for each")
    _add_model(explained)
    explained.add_argument("videos", type=Path, nargs="+", metavar="VIDEO", help="video files")
    explained.add_argument("--out", type=Path, required=True, help="folder to write NAME.json and NAME.html to")
    explained.add_argument("--top", type=int, default=3, help="concepts named in the line about each video")
    predicted = commands.add_parser("predict", help="what a model says of many videos: one csv table")
    _add_model(predicted)
    predicted.add_argument("source", type=Path, help="a csv with a column path, relative to its folder; or a folder")
    predicted.add_argument("--out", type=Path, required=True, help="csv file to write")
    exported = commands.add_parser("export", help="a model as a folder for the Hugging Face hub, or as one ONNX graph")
    exported.add_argument("model", type=Path, help="folder of a model, such as results/demo/seed0/model")
    exported.add_argument("--to", type=Path, required=True, help="folder to write to; nothing is uploaded")
    exported.add_argument("--format", choices=FORMATS, default="hub", help="hub: all files; onnx: model.onnx alone")
    return parser


def _add_model(command: argparse.ArgumentParser) -> None:
    """Add what every command that runs a model is told."""
    command.add_argument("model", type=Path, help="folder of a model, such as results/demo/seed0/model")
    command.add_argument("--weights", type=Path, default=Path("weights"), help="folder of pretrained weights")
    command.add_argument(
        "--device", choices=DEVICES, help="where networks run; by default as in training, if that is here"
    )
    command.add_argument(
        "--batch-size", type=_positive, help="videos that the backbone takes at once; 1 on a CPU and 16 on a GPU"
    )


def _positive(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def _doctor(chosen: argparse.Namespace) -> int:
    print(describe_machine())
    print(render(findings(chosen.weights)))
    return 0


def _encoders(chosen: argparse.Namespace) -> int:
    if chosen.self_test and chosen.name is None:
        raise ValueError("--self-test needs the name of an encoder; run 'python -m dance_core encoders' for a list")
    print("\n".join(encoder_lines(chosen.weights, chosen.name)))
    if chosen.self_test:
        print(self_test(chosen.name, chosen.weights, chosen.device))
    return 0


def _status(chosen: argparse.Namespace) -> int:
    print(accuracy_table(chosen.results))
    print(f"\n{sparsity_table(chosen.results)}\n")
    print(report_line(chosen.results))
    return 0


def _import_release(chosen: argparse.Namespace) -> int:
    model = released_model(ReleaseFolder(chosen.release))
    write_model(model, chosen.out)
    print(f"{chosen.out}: {len(model.concepts)} concepts, {len(model.classes)} classes")
    return 0


def _names(chosen: argparse.Namespace) -> int:
    print(write_names_template(chosen.results, chosen.out, chosen.former))
    return 0


def _explain(chosen: argparse.Namespace) -> int:
    # Here and below: loads torch, which the other commands can do without.
    from dance_core.new_video.commands import explain_files

    failed = explain_files(
        *(chosen.model, chosen.videos, chosen.out, print, chosen.weights, max(chosen.top, 0)),
        *(chosen.device, chosen.batch_size),
    )
    return int(failed > 0)


def _predict(chosen: argparse.Namespace) -> int:
    from dance_core.new_video.commands import predict_files

    failed = predict_files(
        chosen.model, chosen.source, chosen.out, print, chosen.weights, chosen.device, chosen.batch_size
    )
    return int(failed > 0)


def _export(chosen: argparse.Namespace) -> int:
    for path in export_model(chosen.model, chosen.to, chosen.format):
        print(path)
    return 0


COMMANDS = {
    "doctor": _doctor,
    "encoders": _encoders,
    "status": _status,
    "import-release": _import_release,
    "names": _names,
    "explain": _explain,
    "predict": _predict,
    "export": _export,
}


if __name__ == "__main__":
    sys.exit(main())
