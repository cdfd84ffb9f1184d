"""SCEs judged by other models' boundaries: control respondents whose outcome is known."""

import numpy as np
import pytest

from sce.errors import InputError
from sce.experiments.cross_validity import judged
from sce.experiments.given import Given
from sce.experiments.registry import kind
from sce.measuring import outcomes
from sce.measuring.codes import NONE
from sce.study import parameters
from sce.study.study import load
from tests.experiments.respondent import given_of, study_of

DATASET = "house_prices_coarse"


def tables(tmp_path, *policies):
    """Policy -> what it was asked about the dataset."""
    return {
        policy: given_of(
            study_of(policy, DATASET, conditions=["minimal"]), "repeats", DATASET, tmp_path / policy
        )
        for policy in policies
    }


def measured(given, author):
    peers = {name: other.tables["boundary"] for name, other in given.items() if name != author}
    own = given[author]
    asked = Given(own.dataset, own.tables, ["gower"], {}, seed=1, estimand="points", peers=peers)
    return kind("cross_validity").measure(asked).set_index(["metric", "score"])


def test_both_readings_by_hand():
    """Predictions at four points; SCEs from 0 to 1, from 0 to 2, from 2 to 3, from 3 to 0."""
    author, judge = np.array([0, 1, 1, 0]), np.array([0, 0, 0, NONE])
    x, there = np.array([0, 0, 2, 3]), np.array([1, 2, 1, 0])
    own = judged(author, author, x, there)
    assert own["validity"].tolist() == own["flips"].tolist() == [1, 1, 0, 0]
    assert own["agrees"].tolist() == [1, 1, 1, 1]
    other = judged(judge, author, x, there)
    assert other["validity"].tolist()[:3] == [0, 0, 1]  # the author's target at 2 is 0
    assert other["flips"].tolist()[:3] == [0, 0, 0]
    assert other["agrees"].tolist()[:3] == [1, 1, 0]
    assert all(np.isnan(values[3]) for values in other.values())  # it has no answer at 3


def test_controls_with_one_boundary_judge_alike(tmp_path):
    """The SCEs of nearest are valid on it, those of timid are not, whoever judges."""
    given = tables(tmp_path, "nearest", "timid", "overshoot")
    for author, valid in (("nearest", 1), ("overshoot", 1)):
        table = measured(given, author)
        assert (table.value[table.index.get_level_values(0) != "itself minus peers"] == valid).all()
        assert (table.value["itself minus peers"] == 0).all()
    timid = measured(given, "timid").value
    assert timid["judged by itself", "validity"] == timid["judged by nearest", "validity"] < 0.2
    assert (timid["itself minus peers"] == 0).all()


def test_where_no_sce_can_be_used_nothing_is_judged(tmp_path):
    given = tables(tmp_path, "nearest", "timid")
    given["timid"].tables["sce"]["status"] = "unparseable"
    table = measured(given, "timid")
    assert table.value.isna().all()
    assert (table.reason == "no such row").all()


def test_a_judge_without_a_boundary_never_flips(tmp_path):
    """It gives the target wherever that is its only answer, which is where it disagrees with the author."""
    table = measured(tables(tmp_path, "nearest", "constant"), "nearest").value
    assert table["judged by constant", "flips"] == 0
    alike = table["judged by constant", "agrees"]
    assert table["judged by constant", "validity"] == pytest.approx(1 - alike)
    assert table["itself minus peers", "flips"] == 1


def two_models(models, **fields):
    entries = {name: {"engine": "control", "policy": name} for name in ("nearest", "timid", "echo")}
    experiments = {"e": {"models": models, "datasets": ["exam"], "conditions": ["minimal"], **fields}}
    experiments["other"] = {"models": ["nearest", "echo"], "datasets": ["exam"], "conditions": ["minimal"]}
    return load({"models": entries, "experiments": experiments}, "config.yaml")


def test_peers_are_the_models_of_the_experiments_that_ask_for_it():
    study = two_models(["nearest", "timid"], cross_validity=True, changed_features=True)
    assert study.peers("cross_validity", "nearest", "exam") == ["timid"]
    assert '"peers":["timid"]' in parameters.measure(study, "cross_validity", "nearest", "exam").replace(
        " ", ""
    )
    assert study.peers("changed_features", "nearest", "exam") == []
    assert "peers" not in parameters.measure(study, "changed_features", "nearest", "exam")


def test_it_takes_two_models():
    with pytest.raises(
        InputError, match="cross_validity: found 'asked of timid alone'; allowed: at least two"
    ):
        two_models(["timid"], cross_validity=True)


def test_a_difference_that_is_always_nothing_has_two_sides():
    line = outcomes.difference("c", "m", "s", np.zeros(400), "points")
    assert line["value"] == 0
    assert line["low"] == pytest.approx(-line["high"])
    assert 0 < line["high"] < 0.02
