"""One of several processes that fine-tune together: `python -m dance_core.finetuning JOB.json`, started by `launch`."""

import logging
import os
import sys
from collections.abc import Sequence

from dance_core.finetuning import finetune, read_job


def main(arguments: Sequence[str] | None = None) -> None:
    """Do this process's share of a job.

    Args:
        arguments: Path of the job; None takes it from the command line.
    """
    first = os.environ.get("RANK", "0") == "0"
    level = logging.INFO if first else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(message)s")
    (path,) = sys.argv[1:] if arguments is None else arguments
    finetune(read_job(path))


if __name__ == "__main__":
    main()
