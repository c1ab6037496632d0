"""How long the first installation takes: a fresh virtual environment with everything that requirements.lock names.

python -m benchmarks.install
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Install into a temporary folder and print the wall time and the size."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        command = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--requirement", "requirements.lock"]
        subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
        wall = time.perf_counter() - start
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    print(f"| what | measured |\n|---|---|\n| first installation | {wall / 60:.1f} min, {size / 1e9:.1f} GB |")


if __name__ == "__main__":
    main()
