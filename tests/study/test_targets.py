"""The artifacts in which a study ends."""

from pathlib import Path

from sce.study.study import load
from sce.study.targets import asked_in_full, drawn_conditions, of_experiment, of_page

HERE = Path("config.yaml")


def test_a_grid_has_a_file_where_it_is_asked_in_full_by_some_model():
    own = {"models": ["a"], "conditions": ["minimal"]}
    config = {
        "models": {name: {"engine": "control", "policy": "nearest"} for name in "ab"},
        "experiments": {
            "whole": own | {"datasets": ["weather"], "models": ["a", "b"]},
            "part": own | {"datasets": ["diabetes", "exam"], "boundary": "adaptive"},
            "both": own | {"datasets": ["exam"], "models": ["b"]},
        },
    }
    assert sorted(asked_in_full(load(config, HERE))) == ["exam", "weather"]


def test_the_page_shows_what_an_experiment_ends_in():
    own = {"models": ["a"], "conditions": ["unconstrained", "minimal"]}
    config = {
        "models": {name: {"engine": "control", "policy": "nearest"} for name in "ab"},
        "experiments": {
            "whole": own | {"datasets": ["exam"], "questions": ["question", "question_01"]},
            "part": own | {"datasets": ["exam"], "boundary": "adaptive", "models": ["b"]},
            "asked": {"models": ["a"], "datasets": ["weather"]},
        },
    }
    study = load(config, HERE)
    assert drawn_conditions(study, "whole") == ["minimal", "unconstrained"]
    assert drawn_conditions(study, "asked") == []
    shown = of_page(study)
    assert [stem.removeprefix("results/") for name, stem in shown["figures"] if name == "whole"] == [
        "experiments/whole/validity",
        "experiments/whole/consistency_panels",
        "experiments/whole/distances",
        "a/exam/landings",
        "a/exam/consistency",
    ]
    assert ("part", "results/b/exam/certainty") in shown["figures"]
    assert ("whole", "consistency") in shown["tables"]
    made = {file for name in study.experiments for file in of_experiment(study, name)}
    for _, stem in shown["figures"]:
        assert {f"{stem}.png", f"{stem}.svg", f"{stem}.pdf", f"{stem}.txt"} <= made
    assert {f"results/experiments/{name}/{table}.parquet" for name, table in shown["tables"]} <= made
