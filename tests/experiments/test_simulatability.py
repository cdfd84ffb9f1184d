"""What observers gain from explanations: hand-computed values, and controls whose outcome is known."""

import numpy as np
import pytest

from sce.experiments.registry import kind
from sce.experiments.simulatability import OBSERVERS, NearestNeighbour, Shown, as_seen, draw, observe
from sce.grids.datasets import load_dataset
from sce.measuring import outcomes
from sce.measuring.codes import NONE
from tests.experiments.respondent import given_of, study_of

EXAM = load_dataset("resources/datasets/exam.yaml")
SEEN = as_seen(EXAM)
ACROSS = (np.arange(EXAM.size) // EXAM.shape[1] >= 6).astype(
    int
)  # 1 from the sixth level of the first feature


def measured(tmp_path, policy, sizes=(1, 5)):
    study = study_of(policy, "house_prices_coarse", conditions=["minimal"], simulatability=list(sizes))
    given = given_of(study, "simulatability", "house_prices_coarse", tmp_path)
    return kind("simulatability").measure(given).set_index(["metric", "score"])


def at(level, other=0):
    """The point at two ranks."""
    return level * EXAM.shape[1] + other


def test_an_observer_with_one_answer_gives_it_always_and_with_an_sce_sees_a_boundary():
    """From x at the level 5 to x' at 6, the nearest neighbour finds the boundary; without x' it is right
    on one side, and a second point of that side tells it nothing new."""
    asked = np.setdiff1d(np.arange(EXAM.size), [at(5), at(6), at(0)])
    shown = Shown(np.array([at(5)]), np.array([at(6)]), np.array([at(0)]), asked)
    scores = observe(NearestNeighbour, SEEN, ACROSS, shown)
    left = (ACROSS[asked] == 0).mean()
    assert scores["accuracy_without"] == scores["accuracy_with_random"] == pytest.approx(left)
    assert scores["accuracy_with"] == 1
    assert (scores["misled"], scores["helped"]) == (0, pytest.approx(1 - left))


def test_an_invalid_sce_carries_the_target_that_it_claims():
    """From 5 to 4, which f gives the same answer: the observer takes all below for the other option."""
    asked = np.setdiff1d(np.arange(EXAM.size), [at(5), at(4)])
    shown = Shown(np.array([at(5)]), np.array([at(4)]), np.array([at(0)]), asked)
    scores = observe(NearestNeighbour, SEEN, ACROSS, shown)
    assert scores["misled"] == pytest.approx((asked < at(5)).mean())
    assert scores["helped"] == 0


def test_a_category_counts_one_in_distances():
    heart = load_dataset("resources/datasets/heart_disease.yaml")
    seen, points = (
        as_seen(heart),
        [heart.record(0), {**heart.record(0), "sex": heart.features["sex"].codes[1]}],
    )
    a, b = (seen[heart.locate(point)] for point in points)
    assert np.abs(a - b).sum() == 1


def test_sets_are_disjoint_and_nothing_shown_is_asked():
    x = np.arange(40)
    codes = ACROSS.copy()
    codes[60:] = NONE
    drawn = draw(codes, x, x + 1, 5, seed=3)
    assert len(drawn) == 8
    assert sorted(np.concatenate([shown.x for shown in drawn])) == list(x)
    for shown in drawn:
        assert (shown.there == shown.x + 1).all()
        assert not set(shown.asked) & {*shown.x, *shown.there, *shown.random, *range(60, EXAM.size)}
        assert not set(shown.random) & set(shown.x)
    again = draw(codes, x, x + 1, 5, seed=3)
    assert all((a.x == b.x).all() and (a.random == b.random).all() for a, b in zip(drawn, again, strict=True))
    assert draw(codes, x, x + 1, 41, seed=3) == []


def test_the_gain_is_a_ratio_of_means():
    line = outcomes.ratio("c", "m", "s", [0.2, 0.4, 0.0, 0.2], [0.4, 0.4, 0.4, 0.4], "points")
    assert line["value"] == pytest.approx(0.5)
    assert line["low"] < 0.5 < line["high"]
    assert outcomes.ratio("c", "m", "s", [0.0], [0.0], "points")["reason"] == "nothing to divide by"


def test_valid_minimal_sces_help_every_observer_and_more_than_random_answers(tmp_path):
    table = measured(tmp_path, "nearest").value
    for observer in OBSERVERS:
        assert table[observer, "gain_at_5"] > 0
    assert table["nearest neighbour", "gain_at_5"] > table["nearest neighbour", "gain_of_random_at_5"]


def test_sces_that_stop_short_help_the_nearest_neighbour_less(tmp_path):
    near, short = (measured(tmp_path / name, name, sizes=[5]).value for name in ("nearest", "timid"))
    assert short["nearest neighbour", "gain_at_5"] < near["nearest neighbour", "gain_at_5"]


def test_an_sce_that_repeats_its_start_contradicts_it(tmp_path):
    """The nearest neighbour keeps to the first of two labels; the others cannot tell the two apart."""
    table = measured(tmp_path, "echo", sizes=[5]).value
    assert table["nearest neighbour", "gain_at_5"] == table["nearest neighbour", "misled_at_5"] == 0
    for observer in ("logistic regression", "small tree"):
        assert table[observer, "misled_at_5"] > table[observer, "helped_at_5"]


def test_what_was_gained_is_what_was_helped_less_what_was_misled(tmp_path):
    table = measured(tmp_path, "overshoot", sizes=[5]).value
    for observer in OBSERVERS:
        wrong = 1 - table[observer, "accuracy_without_at_5"]
        more = table[observer, "helped_at_5"] - table[observer, "misled_at_5"]
        assert table[observer, "gain_at_5"] == pytest.approx(more / wrong)


def test_nothing_is_left_to_gain_where_there_is_no_boundary(tmp_path):
    table = measured(tmp_path, "constant", sizes=[1])
    assert table.value["nearest neighbour", "accuracy_without_at_1"] == 1
    assert table.reason["nearest neighbour", "gain_at_1"] == "nothing to divide by"


def test_the_same_seed_gives_the_same_table(tmp_path):
    assert measured(tmp_path / "a", "overshoot").equals(measured(tmp_path / "b", "overshoot"))
