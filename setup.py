"""Puts the workflow into the package when it is built, so that what is installed has its rules, datasets,
wordings and authors too (sce/files/places.py). All else stands in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("workflow", "resources", "config", "envs", "profiles")


class BuildWithWorkflow(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:
            for folder in SHIPPED:
                shutil.copytree(
                    folder, Path(self.build_lib, "sce/shipped", folder), dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__", "*.npy"),
                )  # fmt: skip
            shutil.copy("CITATION.cff", Path(self.build_lib, "sce/shipped"))


setup(cmdclass={"build_py": BuildWithWorkflow})
