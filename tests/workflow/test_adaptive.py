"""A table of many features, asked in part, through the real workflow."""

import pandas as pd

CONFIG = {
    "models": {"nearest": {"engine": "control", "policy": "nearest"}},
    "experiments": {
        "part": {
            "models": ["nearest"],
            "datasets": ["diabetes"],
            "conditions": ["minimal"],
            "adaptive": {"starts": 8, "per_start": 24, "monotone": True},
        }
    },
}


def test_a_large_table_from_questions_to_scores_and_figure(project):
    project.configure(CONFIG)
    targets = ["results/scores.csv", "results/nearest/diabetes/certainty.png"]
    printed = project.snakemake(*targets)
    assert "certain: 0.000 to 0." in printed
    folder = project.folder / "results/nearest/diabetes"
    scores = pd.read_parquet(project.folder / "results/scores.parquet").set_index("score")
    assert scores.loc["validity", "value"] == 1
    excess = scores.loc["mean_excess"]
    assert excess["certain_low"] == 0  # what it says is the nearest, and nothing nearer can be known
    assert excess["certain_high"] >= 0
    distances = pd.read_parquet(folder / "distances.parquet")
    assert len(distances) == 8
    assert (distances["nearest_low"] <= distances["nearest_high"]).all()
    assert (distances["nearest_high"] == distances["distance"]).all()
    assert not (project.folder / "results/grids/diabetes.parquet").exists()
    assert "Nothing to be done" in project.snakemake("--dry-run", *targets)
