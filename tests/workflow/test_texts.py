"""A dataset of texts through the real workflow: SCEs are rewritten texts, in the same artifacts."""

import pandas as pd
import pytest

from sce.errors import InputError
from sce.files.yaml_files import read_yaml
from sce.study.study import load
from tests.conftest import ROOT, Project

LETTER = """
name: letter
title: Letter
subject: letter
question: Is the loan declined or granted?
options: [Declined, Granted]
text: |
  Dear bank,

  thank you for your note. {income} and {amount}. {history}.
features:
  income: {kind: numeric, levels: [1000, 2000, 3000], wording: "I take home ${value} a month", unit: $}
  history: {kind: categorical, levels: [never, once], wording: "A payment I have missed {value}"}
  amount: {kind: numeric, levels: [5000, 10000, 15000], wording: "I want to borrow ${value}"}
"""
STUDY = {
    "models": {
        "near": {"engine": "control", "policy": "nearest"},
        "half": {"engine": "control", "policy": "timid", "rate": 0.5},
        "bad": {"engine": "control", "policy": "malformed"},
    },
    "experiments": {
        "main": {
            "models": ["near", "half", "bad"],
            "datasets": ["letter"],
            "conditions": ["unconstrained_text", "minimal_text"],
            "verify_off_grid": True,
            "feedback": ["feedback_text"],
            "self_predictions": ["self_prediction"],
        }
    },
}
N = 3 * 2 * 3


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("texts"))
    (project.folder / "resources/datasets/letter.yaml").write_text(LETTER)
    project.configure(STUDY)
    project.snakemake("audit")
    return project


def test_texts_make_the_same_artifacts_and_pass_the_audit(project):
    results = project.folder / "results"
    scores = pd.read_parquet(results / "scores.parquet")
    value = scores.pivot(index=["model", "condition"], columns="score", values="value")
    for condition in ("unconstrained_text", "minimal_text"):
        assert value.loc["near", condition][["validity", "exact_match", "mean_excess"]].tolist() == [1, 1, 0]
        assert value.loc["half", condition]["validity"] == 0
    # Of the points 0 to 17 in turn: prose, a slot left out, a value off the grid, a cut text, a refusal.
    statuses = pd.read_parquet(results / "bad/letter/distances.parquet")["status"].value_counts() / 2
    assert statuses.to_dict() == {
        "unparseable_sce": 4, "missing_feature": 4, "off_grid": 4, "truncated": 3, "refused": 3
    }  # fmt: skip

    sce = pd.read_parquet(results / "bad/letter/sce.parquet").query("condition == 'minimal_text'")
    off = sce[sce["status"] == "off_grid"]
    assert (off["sce_income"] % 1).round(3).unique().tolist() == [0.123]
    assert off["prediction_at_sce"].notna().all()
    replies = pd.read_parquet(results / "near/letter/responses.parquet").query("kind == 'condition'")
    assert replies["response"].str.startswith("Dear bank,\n\nthank you for your note. I take home $").all()

    tried = pd.read_parquet(results / "half/letter/feedback.parquet")
    within = tried.query("condition == 'minimal_text'").set_index("score")["value"]
    assert within["valid_within_0"] == 0
    assert 0.5 < within["valid_within_3"] < 1


@pytest.mark.parametrize(
    ("changes", "key", "told"),
    [
        ({"conditions": ["minimal"]}, "conditions", "minimal_text, unconstrained_text"),
        ({"datasets": ["loan_request", "exam"]}, "conditions", "what asks for a record of exam"),
        ({"several": ["several"]}, "several", "a rewritten text of loan_request: no several does"),
        ({"feedback": ["feedback"]}, "feedback", "feedback_text"),
    ],
)
def test_a_wording_that_does_not_fit_is_refused_with_those_that_do(changes, key, told, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = read_yaml("config/paper-controls.yaml")
    experiment = config["experiments"]["free_text"] | changes
    with pytest.raises(InputError) as error:
        load(config | {"experiments": {"free_text": experiment}}, "mine.yaml")
    assert error.value.key == f"experiments.free_text.{key}"
    assert told in error.value.allowed


def test_a_text_that_cannot_be_read_back_is_refused_before_anything_is_asked(tmp_path, monkeypatch):
    folder = tmp_path / "resources/datasets"
    folder.mkdir(parents=True)
    (folder / "letter.yaml").write_text(
        LETTER.replace("{amount}. {history}", "{amount}, dear bank. {history}")
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is read as None") as error:
        load(STUDY, "mine.yaml")
    assert error.value.where.endswith("resources/datasets/letter.yaml")
    assert error.value.key == "features.amount.wording"
