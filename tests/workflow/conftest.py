"""How tests run the workflow: in a folder of their own, with the weights that were fetched once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("Snakefile", "rules", "workflow_scripts", "dance_core", "schemas", "envs", "profiles", "configs", "config.yaml")

Run = subprocess.CompletedProcess[str]


class Project:
    """A copy of the workflow in a folder of its own, sharing clips, answers and weights with the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in CODE:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)
        for name in ("weights", "data"):
            (folder / name).symlink_to(ROOT / name)

    def start(self, *arguments: str, **options: object) -> subprocess.Popen[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def run(self, *arguments: str, timeout: float = 900) -> Run:
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, printed)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def workflow(project: Project) -> Callable[..., Run]:
    """Run snakemake in a fresh copy of the workflow; gives what it printed and its exit status."""
    return project.run
