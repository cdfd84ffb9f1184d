"""A shell as a reader of the documentation has it: in a checkout, after ``./study run``."""

import re
import shutil
import subprocess
from pathlib import Path

from tests import warm_python
from tests.conftest import ROOT, Project

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)


def checkout(folder: Path, options: str = "") -> Path:
    """A copy of the project with its environment; ``options`` for every run of Snakemake there."""
    project = Project(folder)
    for name in ("study", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    shutil.copy(ROOT / "requirements.lock", programs.parent)  # it is up to date
    python = warm_python.command()
    for name, text in {
        "python": f'[ "$2" = pytest ] && exit\nexec {python} "$@"',  # no tests within a test
        # A report is made of results, which a dry run does not leave.
        "snakemake": (
            'case " $* " in *" --report "*) exit ;; esac\n' + f'exec {python} -m snakemake {options} "$@"'
        ),
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o700)
    return project.folder


def run(script: str, folder: Path, home: Path, **env: str) -> str:
    """What a script prints in a folder, and its commands; it has to succeed."""
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", **env}
    done = subprocess.run(
        ["bash", "-euxc", script], cwd=folder, env=env, text=True, timeout=600,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout
