"""Formatters and linters are clean."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RULES = ["Snakefile", *map(str, sorted(Path("workflow/rules").glob("*.smk")))]


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "snakefmt.snakefmt", "--check", *RULES],
        ["-m", "snakemake", "--lint"],
    ],
    ids=["ruff", "ruff-format", "snakefmt", "snakemake-lint"],
)
def test_clean(command):
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_compiled_or_large_files_are_tracked():
    if shutil.which("git") is None or not Path(".git").exists():
        pytest.skip("not a git checkout")
    files = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    there = [Path(name) for name in files.split("\0") if name and Path(name).exists()]
    large = [path for path in there if path.stat().st_size > 2**20]
    assert large == []
