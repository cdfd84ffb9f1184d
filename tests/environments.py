"""Pythons with packages that the project does not need, made from PyPI for the slow suite and kept in the
checkout from one run to the next."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT


def packages_of(*extras: str) -> tuple[str, ...]:
    """What the extras of pyproject.toml name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return tuple(package for extra in extras for package in project["optional-dependencies"][extra])


def python_with(
    modules: tuple[str, ...],
    packages: tuple[str, ...],
    folder: Path,
    variable: str,
    unused: tuple[str, ...] = (),
    sees_ours: bool = False,
) -> str:
    """An interpreter that has ``modules``: the one that the environment ``variable`` names, or this one, or
    one made in ``folder`` from ``packages`` without those ``unused``. ``sees_ours``: it has the packages of
    this one, too. Skips the test, and says why, where there is none and none can be made."""
    named = os.environ.get(variable)
    if named or _has(sys.executable, modules):
        return named or sys.executable
    python = folder / "bin/python"
    if not _has(python, modules):
        try:
            _make(python, packages, unused, sees_ours)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"not to be installed ({folder}): {packages[0]}: {error.stderr.strip()[-300:]}")
    return str(python)


def _has(python, modules):
    needed = f"import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {modules!r})))"
    return Path(python).exists() and subprocess.run([python, "-c", needed]).returncode == 0


def _make(python, packages, unused, sees_ours):
    folder = python.parent.parent
    print(f"making {folder} with {', '.join(packages)}: some minutes, once", file=sys.stderr)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    commands = [[sys.executable, "-m", "venv", "--clear", folder], [*pip, "install", *packages]]
    if unused:
        commands.append([*pip, "uninstall", "--yes", *unused])
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, text=True)
    if sees_ours:
        [places] = folder.glob("lib/python*/site-packages")
        ours = [path for path in sys.path if path.endswith("site-packages")]
        (places / "zz_ours.pth").write_text("\n".join(ours) + "\n")  # behind its own
