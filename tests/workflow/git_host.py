"""A Git host on this machine, for what is fetched from one by address and tag."""

import shutil
import subprocess
from pathlib import Path

from tests.conftest import ROOT

RULES = ("workflow", "envs")
PACKAGES = ("sce", "snakemake_logger_plugin_sce")
FOLDERS = (*RULES, "resources", "config", "profiles")
ALL = (*PACKAGES, *FOLDERS, "setup.py", "pyproject.toml", "MANIFEST.in", "CITATION.cff")


class GitHost:
    """``owner/repository`` in a folder, from files of this checkout. ``environment``: in which Git finds it
    at its public address."""

    def __init__(self, folder: Path, repository: str, names: tuple[str, ...]):
        self.work = folder / "host" / repository
        for name in names:
            copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            self.work.mkdir(parents=True, exist_ok=True)
            copied(ROOT / name, self.work / name)
        self._git("init", "--quiet")
        (self.work / ".gitignore").write_text("__pycache__/\n")
        self.environment = {
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{folder}/host/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/", "XDG_CACHE_HOME": str(folder / "cache"),
        }  # fmt: skip

    def tag(self, name: str) -> None:
        """Commit all files as they are, and tag them."""
        self._git("add", ".")
        self._git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", name)
        self._git("tag", name)

    def _git(self, *command):
        subprocess.run(["git", *command], cwd=self.work, check=True)
