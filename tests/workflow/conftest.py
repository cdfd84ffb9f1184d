"""A small study with controls that was run to its end, shared by the tests that damage copies of it."""

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
    """The project of the study, finished but for figures, and audited. Not to be changed."""
    project = Project(tmp_path_factory.mktemp("controls") / "project")
    (project.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    project.configure(CONTROLS)
    project.audited = project.snakemake("audit")
    return project


@pytest.fixture
def studied(controls, tmp_path):
    """A copy of it, with its modification times, to damage at will."""
    return copy_of(controls, tmp_path / "copy")


def copy_of(project, folder):
    shutil.copytree(project.folder, folder)
    copy = object.__new__(Project)
    copy.folder = folder
    return copy
