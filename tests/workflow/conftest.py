"""Small studies that were run to their end, shared by the tests that look at them or edit copies of them."""

import fcntl
import os
import shutil

import pytest

from tests.conftest import Project

TINY = """
name: tiny
title: Tiny
subject: student record
question: Does the student fail or pass?
options: [Fail, Pass]
features:
  score: {kind: numeric, levels: {first: 0, last: 100, step: 20}, wording: "Score: {value}."}
  school: {kind: categorical, levels: [north, south], wording: "School: {value}."}
  absences: {kind: numeric, levels: [0, 1, 5], wording: "Absences: {value}."}
"""
CONTROLS = {
    "models": {
        "near": {"engine": "control", "policy": "nearest"},
        "bad": {"engine": "control", "policy": "malformed"},
    },
    "experiments": {
        "main": {
            "models": ["near", "bad"],
            "datasets": ["tiny"],
            "conditions": ["unconstrained", "minimal"],
            "metrics": ["gower", "l2", "semantic"],
            "verify_off_grid": True,
        },
        "further": {
            "models": ["near"],
            "datasets": ["tiny"],
            "questions": ["question", "question_01"],
            "conditions": ["minimal"],
            "choices": ["nearest_choice"],
            "several": ["several"],
            "repeats": 1,
        },
    },
    "scoring": {"estimand": "points"},
}


@pytest.fixture(scope="session")
def controls(tmp_path_factory):
    """The project of the study, finished but for figures, and audited: what the audit said is in
    audited.txt. Not to be changed."""

    def run(project):
        (project.folder / "resources/datasets/tiny.yaml").write_text(TINY)
        project.configure(CONTROLS)
        (project.folder / "audited.txt").write_text(project.snakemake("audit"))

    return made_once(tmp_path_factory, "controls", run)


@pytest.fixture
def studied(controls, tmp_path):
    """A copy of it, with its modification times, to damage at will."""
    return copy_of(controls, tmp_path / "copy")


def made_once(tmp_path_factory, name, run) -> Project:
    """A project that all workers of a test run share: the first that needs it runs it, the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with open(shared / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finished = shared / name / "finished"
        if finished.exists():
            return Project.at(finished.parent / "project")
        shutil.rmtree(finished.parent, ignore_errors=True)  # what another worker began and could not end
        project = Project(finished.parent / "project")
        run(project)
        finished.touch()
        return project


def copy_of(project, folder):
    """A copy of a project with its modification times, to edit at will."""
    shutil.copytree(project.folder, folder)
    return Project.at(folder)
