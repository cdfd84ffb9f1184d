"""The artifacts in which a study ends."""

from pathlib import Path

from sce.study.study import load
from sce.study.targets import asked_in_full

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
