"""What every job sets up, and what it says when it fails."""

import os
import re
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"


def run(code: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_a_job_may_have_the_parts_of_all_clips_open():
    code = (
        "from resource import *; most = getrlimit(RLIMIT_NOFILE)[1]; setrlimit(RLIMIT_NOFILE, (100, most)); "
        "import _job; files, same = getrlimit(RLIMIT_NOFILE); "
        "assert same == most and (files == 8192 or files == most), (files, most)"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_a_failed_job_says_one_sentence_and_logs_the_rest(tmp_path):
    log = tmp_path / "log"
    done = run(f"from _job import job_log\nwith job_log({str(log)!r}): raise ValueError('no clip is left')")
    assert (done.returncode, done.stderr) == (1, "ValueError: no clip is left\n")
    told = log.read_text("utf-8")
    assert "Traceback (most recent call last)" in told and "ValueError: no clip is left" in told
    assert re.search(r"peak memory \d+ MB", told)
