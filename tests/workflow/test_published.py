"""Result files of the study's own code as models' answers, through the whole workflow."""

import pandas as pd
import pytest

from sce.grids.datasets import load_dataset
from sce.measuring.published_scores import score_published
from tests.conftest import Project

# One file holds a sample of its dataset's points, one a whole grid.
RUNS = {"sample": ("heart_disease", "heart_disease__subset500"), "whole": ("income", "income_minimal__timid")}
MAPS = [f"results/{model}/{dataset}/boundary.png" for model, (dataset, _) in RUNS.items()]
TARGETS = ["scores", "results/usage.csv", *MAPS]


def run_file(reference, folder):
    return reference / "runs" / folder / "results.json.gz"


def test_published_runs_end_in_scores_figures_and_usage(reference, tmp_path):
    project = Project(tmp_path / "project")
    files = {model: {dataset: str(run_file(reference, folder))} for model, (dataset, folder) in RUNS.items()}
    experiments = {
        model: {"models": [model], "datasets": list(files[model]), "conditions": ["minimal"]}
        for model in files
    }
    models = {model: {"engine": "published", "files": own} for model, own in files.items()}
    project.configure({"models": models, "experiments": experiments})
    project.snakemake(*TARGETS)
    scores = pd.read_csv(project.folder / "results/scores.csv").set_index(["model", "score"])["value"]
    for model, (dataset, folder) in RUNS.items():
        grid = load_dataset(project.folder / f"resources/datasets/{dataset}.yaml")
        expected = score_published(run_file(reference, folder), grid, "gower")
        assert scores[model, "n_kept"] == expected["counts"]["kept"]
        assert 100 * scores[model, "validity"] == pytest.approx(expected["validity_percent"])
        assert scores[model, "mean_distance"] == pytest.approx(expected["mean_distance"])
    usage = pd.read_csv(project.folder / "results/usage.csv").set_index(["model", "kind"])
    assert usage.loc[("sample", "question"), "answered"] == 500
    assert usage["cost_usd"].eq(0).all()
    assert project.stale(*TARGETS) == {}
