"""Formatters and linters are clean."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RULES = ["Snakefile", "workflow/Snakefile", *map(str, sorted(Path("workflow").rglob("*.smk")))]
LONGEST = 400  # lines of a module


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "snakefmt.snakefmt", "--check", *RULES],
        ["-m", "snakemake", "--lint"],
        ["-m", "importlinter.cli", "lint"],
    ],
    ids=["ruff", "ruff-format", "snakefmt", "snakemake-lint", "import-linter"],
)
def test_clean(command):
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_longer_than_a_reader_can_hold():
    modules = [*Path("sce").rglob("*.py"), *Path("workflow").rglob("*.*")]
    lengths = {str(path): len(path.read_text().splitlines()) for path in modules if path.suffix != ".pyc"}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_no_compiled_or_large_files_are_tracked():
    if shutil.which("git") is None or not Path(".git").exists():
        pytest.skip("not a git checkout")
    files = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    there = [Path(name) for name in files.split("\0") if name and Path(name).exists()]
    large = [path for path in there if path.stat().st_size > 2**20]
    assert large == []
