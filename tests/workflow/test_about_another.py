"""One model asked about another, through the real workflow: known numbers, nothing to do twice, and what an
edited wording makes stale."""

import argparse
import re

import pandas as pd
import pytest

from sce.study import show_command
from tests.conftest import Project
from tests.workflow.conftest import TINY

STUDY = {
    "models": {
        "near": {"engine": "control", "policy": "nearest"},
        "echo": {"engine": "control", "policy": "echo"},
    },
    "experiments": {
        "others": {
            "models": ["near"],
            "explainers": ["near", "echo"],
            "datasets": ["tiny"],
            "conditions": ["minimal"],
            "explanations": ["explanation"],
            "self_predictions": ["self_prediction"],
            "peer_predictions": ["peer_prediction"],
            "observations": ["observation", "observation_explained"],
        }
    },
    "observing": {"explained": 36, "asked": 2},
}
KINDS = ("explained", "peer_prediction", "simulatability")
TABLES = [f"results/experiments/others/{kind}.csv" for kind in KINDS]
N = 6 * 2 * 3


def show(*arguments):
    parser = argparse.ArgumentParser()
    show_command.add_arguments(parser)
    show_command.run(parser.parse_args(arguments))


def test_models_asked_about_another(tmp_path, monkeypatch, capsys):
    project = Project(tmp_path / "project")
    (project.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    project.configure(STUDY)
    project.snakemake("audit", *TABLES)
    explained, foreseen, observed = (
        pd.read_csv(project.folder / file).set_index(["metric", "score"])["value"] for file in TABLES
    )
    assert (
        explained["explanation by near", "validity"] == explained["explanation by near", "exact_match"] == 1
    )
    assert explained["explanation by echo", "validity"] == 0
    assert explained["itself minus explanation by echo", "validity"] == 1
    assert explained["explanation by echo", "n_kept"] == N
    assert (
        foreseen["peer_prediction by near", "accuracy"]
        == foreseen["peer_prediction by echo", "accuracy"]
        == 1
    )
    a = observed["echo", "accuracy_without_at_1"]
    assert 0 < a < 1
    assert observed["echo", "gain_at_1"] == pytest.approx((1 - 2 * a) / (1 - a))
    assert observed["near", "accuracy_without_at_1"] == observed["near", "accuracy_with_at_1"] == 1

    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("COLUMNS", "150")
    replies = pd.read_parquet("results/near/tiny/peers/echo/responses.parquet")
    show("near", "tiny", "7")
    blocks = re.split("(?=(?:near|echo) about near on tiny, point 7)", capsys.readouterr().out)[1:]
    assert len(blocks) == 2 * (replies["point_id"] == 7).sum()
    explained, foreseen, *_ = (block for block in blocks if block.startswith("echo"))
    assert "minimal, explanation" in explained
    assert "Reply in its place." in explained
    assert "minimal, gower: not valid: nearer than the nearest valid point (distance 0, needed" in explained
    assert "right: the model answers" in foreseen
    shown = [block for block in blocks if "observation_explained" in block and block.startswith("near")]
    assert all("Asked for a changed student record" in block for block in shown)
    assert all("right: the model answers" in block for block in shown)

    assert project.stale("scores", *TABLES) == {}
    project.edit("resources/prompts/experiments/explanation.yaml", "Reply in its place.", "Reply for it.")
    stale = project.stale("scores", *TABLES)
    assert stale == {"elicit_about": 2, "measure_kind": 3, "tabulate": 3}
