"""Command line of the stage: `python -m dance_core.stage --output data/demo` renders the demo data set."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from dance_core.stage.production import chosen_clips, produce


def main(arguments: Sequence[str] | None = None) -> None:
    """Render clips and write them with their manifest and truth.

    Args:
        arguments: Command line without the program's name; None takes it from the shell.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    produce(chosen_clips(options.clips), options.output, options.jobs, options.cache_dir)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dance_core.stage", description="Render the demo data set.")
    parser.add_argument("--output", type=Path, required=True, help="folder of the data set, such as data/demo")
    parser.add_argument("--clips", help="clip ids separated by commas; all 240 by default")
    parser.add_argument("--jobs", type=int, default=1, help="clips rendered at the same time")
    parser.add_argument("--cache-dir", type=Path, help="where the body model is kept; ~/.cache/dance/anny by default")
    return parser


if __name__ == "__main__":
    main()
