"""What every workflow script needs: the library on the path, one thread, and a log."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, RUSAGE_SELF, getrlimit, getrusage, setrlimit

# Sums depend on how many threads share them; one thread a job makes results the same on every number of cores.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[variable] = "1"
# Arrow's own pool keeps what it freed, so that reading a file part by part would take as much memory as the file.
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
# A stage that merges the parts of the clips has them all open at once; some systems allow 256 files unless asked.
files, most = getrlimit(RLIMIT_NOFILE)
if 0 <= files < 8192:
    setrlimit(RLIMIT_NOFILE, (8192 if most == RLIM_INFINITY else min(8192, most), most))
# Per-rule environments do not have dance_core installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


@contextmanager
def job_log(path: str) -> Iterator[None]:
    """Send log records, stderr, the final traceback and the peak of memory to the rule's log.

    Args:
        path: The log file of the rule.

    Yields:
        Nothing.

    Raises:
        SystemExit: The job failed; the terminal gets the sentence alone, since Snakemake shows the log as well.
    """
    with Path(path).open("w", buffering=1, encoding="utf-8") as file:
        sys.stderr = file
        logging.basicConfig(stream=file, level=logging.INFO, format="%(levelname)s %(message)s")
        try:
            yield
        except Exception as error:
            logging.exception("job failed")
            raise SystemExit(f"{type(error).__name__}: {error}") from error
        finally:
            kilobytes = getrusage(RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
            logging.info("peak memory %d MB", kilobytes // 1024)
            sys.stderr = sys.__stderr__


def shard_of(scatteritem: str) -> tuple[int, int]:
    """Read Snakemake's name of a scatter item.

    Args:
        scatteritem: Such as "2-of-4".

    Returns:
        Index of the shard from 0, and the number of shards.
    """
    item, count = scatteritem.split("-of-")
    return int(item) - 1, int(count)
