"""The workflow deployed from a tag by the tools that users have: pip and snakedeploy, as docs/modules.md
says, in an environment of its own."""

import os
import re
import site
import subprocess
import venv

import pandas as pd
import pytest
import yaml

import sce
from tests.conftest import ROOT
from tests.workflow.conftest import TINY
from tests.workflow.git_host import ALL, FOLDERS, PACKAGES, GitHost

pytestmark = pytest.mark.slow

REPOSITORY = "lab/own-boundaries"
TAG = f"v{sce.__version__}"
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/modules.md").read_text(), re.S)
STUDY = {
    "models": {"near": {"engine": "control", "policy": "nearest"}},
    "experiments": {"main": {"models": ["near"], "datasets": ["tiny"], "conditions": ["minimal"]}},
}


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """A folder, and a function that runs a script of the shell there, in an environment in which the block of
    the documentation has installed the package. Its libraries are those of the tests."""
    folder = tmp_path_factory.mktemp("user")
    venv.create(folder / "venv", with_pip=True)
    [libraries] = (folder / "venv/lib").glob("*/site-packages")
    (libraries / "of_the_tests.pth").write_text("\n".join(site.getsitepackages()))
    host = GitHost(folder, REPOSITORY, ALL)
    host.tag(TAG)
    env = os.environ | host.environment | {"PATH": f"{folder}/venv/bin:{os.environ['PATH']}"}
    for name in ("PYTHONPATH", "PYTHONHOME"):
        env.pop(name, None)

    def run(script: str) -> subprocess.CompletedProcess:
        script = script.replace("OWNER/REPOSITORY", REPOSITORY).replace("v0.1.0", TAG)
        return subprocess.run(
            ["bash", "-euxc", script], cwd=folder, env=env, text=True, timeout=900,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    # Snakemake's program among the libraries of the tests would run in the environment of the tests.
    done = run("pip install --quiet --no-deps --force-reinstall snakemake==$(snakemake --version)")
    if done.returncode == 0:
        done = run("pip install --quiet snakedeploy 'setuptools>=80'")
    if done.returncode:
        pytest.skip(f"nothing can be installed from PyPI: {done.stdout.strip()[-300:]}")
    [block] = [block for block in BLOCKS if block.startswith("pip install")]
    done_well(run(block.replace("install", "install --quiet --no-deps")))
    return folder, run


def done_well(done):
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_command_of_the_installed_package_begins_a_study_that_runs(user):
    folder, run = user
    assert done_well(run("sce --version")).endswith(f"sce {sce.__version__}\n")
    done_well(run("sce new fresh\ncd fresh\nsnakemake --cores 1 scores"))
    scores = pd.read_csv(folder / "fresh/results/scores.csv")
    assert (scores.query("score == 'validity'")["value"] == 1).all()
    assert re.search(r"nearest +loans +100%", done_well(run("cd fresh\nsce status")))


def test_what_snakedeploy_makes_from_a_tag_runs(user):
    folder, run = user
    [block] = [block for block in BLOCKS if block.startswith("snakedeploy")]
    assert "collect_scores" in done_well(run(block))  # the default study
    study = folder / "my-study"
    (study / "resources/datasets").mkdir(parents=True)
    (study / "resources/datasets/tiny.yaml").write_text(TINY)
    (study / "config/config.yaml").write_text(yaml.safe_dump(STUDY))
    done_well(run("cd my-study\nsnakemake --cores 1 scores"))
    scores = pd.read_csv(study / "results/scores.csv")
    assert (scores.query("score == 'validity'")["value"] == 1).all()
    assert TAG in (study / "workflow/Snakefile").read_text()


def test_a_wheel_from_the_released_sources_holds_package_and_workflow(user):
    _, run = user
    done = run(
        f"cd host/{REPOSITORY}\n"
        "python -c \"from setuptools import build_meta; build_meta.build_sdist('dist')\"\n"
        "pip wheel --quiet --no-deps --wheel-dir wheels dist/*.tar.gz\npython -m zipfile --list wheels/*.whl"
    )
    names = set(re.findall(r"^(\w+/\S+)", done_well(done), re.M))
    files = [path for name in (*PACKAGES, *FOLDERS) for path in (ROOT / name).rglob("*") if path.is_file()]
    files.append(ROOT / "CITATION.cff")
    made = (".pyc", ".npy", ".json")  # matrices and their notes
    paths = [str(path.relative_to(ROOT)) for path in files if path.suffix not in made]
    assert {path if path.startswith(PACKAGES) else f"sce/shipped/{path}" for path in paths} <= names
