"""The providers whose SDKs are extras, in an environment that has them all."""

import os
import subprocess

import pytest

from tests.conftest import ROOT
from tests.doors import ALL_SDKS
from tests.environments import packages_of, python_with

TESTS = ("engines/test_doors.py", "engines/test_gemini.py", "engines/test_clouds.py")
STUDY = "workflow/test_providers.py::test_a_study_through_a_protocol_of_its_own"


@pytest.mark.slow
def test_every_provider_with_the_sdks_that_are_extras():
    python = python_with(
        ("google.genai", "boto3", "google.auth"), packages_of("gemini", "bedrock", "vertex"),
        ROOT / ".venv-sdks", "SCE_SDKS_PYTHON", sees_ours=True,
    )  # fmt: skip
    files = [ROOT / "tests" / name for name in (*TESTS, STUDY)]
    run = subprocess.run(
        [python, "-m", "pytest", "-q", "-n", "0", *map(str, files)],
        cwd=ROOT, env=os.environ | {ALL_SDKS: "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-5000:]
    assert "skipped" not in run.stdout
