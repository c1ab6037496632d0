"""How tests run the workflow: in a folder of their own, with the weights that were fetched once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workflow(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Run snakemake on this workflow in a fresh folder; returns what it printed and its exit status."""
    (tmp_path / "config.yaml").write_text((ROOT / "config.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "weights").symlink_to(ROOT / "weights")
    (tmp_path / "data").symlink_to(ROOT / "data")

    def run(*arguments: str, timeout: float = 600) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), *arguments]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )

    return run
