"""Shared by the tests: where things are, and a throw-away copy of the project to run the real workflow in."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from tests import warm_python

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "reference"
CORES = ("--cores", "2")
NO_JOBS = {"all", "default", "scores", "experiments"}


@pytest.fixture(scope="session")
def reference():
    """The folder of published data to check against; skips the test where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the published reference data is not beside this checkout")
    return SHARED


def run_to_its_end(command: list[str], folder: Path, ok: bool = True, env: dict | None = None) -> str:
    """What a command prints in a folder. ``ok``: whether it is expected to succeed."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **(env or {})}, text=True, errors="replace", timeout=600,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout


class Project:
    """A copy of the project in an empty folder, with a configuration of its own."""

    def __init__(self, folder: Path, checkout: Path = ROOT):
        self.folder = folder
        for name in ("sce", "workflow", "resources", "config", "envs", "profiles"):
            shutil.copytree(checkout / name, folder / name)  # with compiled modules
        shutil.copy(checkout / "Snakefile", folder)

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """The project that is in a folder already."""
        project = object.__new__(cls)
        project.folder = folder
        return project

    def configure(self, content: dict | str):
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (self.folder / "config/config.yaml").write_text(text)

    def edit(self, path: str, old: str, new: str):
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new))

    def command(self, *options) -> list[str]:
        """What runs the real Snakemake in new processes, for tests that kill them or give them seeds."""
        return [sys.executable, "-m", "snakemake", *CORES, *options]

    def snakemake(self, *options, ok: bool = True, env: dict | None = None) -> str:
        """Run the real Snakemake; its output. ``ok``: whether it is expected to succeed."""
        return run_to_its_end([warm_python.command(), *self.command(*options)[1:]], self.folder, ok, env)

    def stale(self, *targets) -> dict[str, int]:
        """Rule -> number of jobs that a run would start now, without rules that only name targets."""
        out = self.snakemake("--dry-run", *targets)
        if "Nothing to be done" in out:
            return {}
        lines = out.split("Job stats:")[1].split("total")[0].splitlines()
        counts = dict(line.split() for line in lines if len(line.split()) == 2 and line.split()[1].isdigit())
        return {rule: int(count) for rule, count in counts.items() if rule not in NO_JOBS}

    def rows_in_ledger(self) -> int:
        import sqlite3

        total = 0
        for path in (self.folder / "ledger").glob("*.sqlite"):
            with sqlite3.connect(path) as db:
                total += db.execute("SELECT count(*) FROM responses").fetchone()[0]
        return total


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def json_lines(items) -> str:
    return "\n".join(json.dumps(item, ensure_ascii=False) for item in items) + "\n"
