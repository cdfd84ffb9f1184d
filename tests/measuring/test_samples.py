"""Scores where questions were asked several times: both readings, and their intervals, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.bench_intervals import simulate_unsteady
from sce.measuring import boundaries, estimands, unsteady
from sce.measuring.comparisons import paired_differences
from sce.measuring.distances import measure, with_samples
from sce.measuring.estimands import Rows
from sce.measuring.scores import score
from tests.measuring.test_scores import TINY

# Points 0 to 3: of three askings each, 0, 1, 2 and 3 gave "yes"; at the others all gave "no".
SHARES = [0, 1 / 3, 2 / 3, 1]


def tables():
    size = TINY.size
    shares = SHARES + [0.0] * (size - 4)
    boundary = pd.DataFrame(
        {
            "question": "q", "point_id": range(size), "share_1": shares, "askings": 3,
            "prediction": ["yes" if share > 0.5 else "no" for share in shares],
        }
    )  # fmt: skip
    rows = [(0, 2), (0, 2), (0, 1), (1, 3), (1, 3), (1, 3), (3, 0), (3, 0), (3, None)]
    sces = pd.DataFrame(
        {
            "condition": "c", "point_id": [x for x, _ in rows], "target": ["yes"] * 6 + ["no"] * 3,
            "sce_point_id": pd.array([y for _, y in rows], dtype="Int64"),
            "status": ["ok"] * 8 + ["unparseable_sce"], "sample": [1, 2, 3] * 3,
        }
    )  # fmt: skip
    measured = measure(TINY, boundaries.predictions(TINY, boundary), sces, "gower")
    return with_samples(measured, sces, boundaries.askings(TINY, boundary), TINY)


def scored(estimand):
    return score(tables(), estimand).set_index("score")


def test_validity_is_a_verdict_and_a_probability():
    table = tables()
    assert table["valid"].tolist()[:8] == [True, True, False, True, True, True, True, True]
    expected = [2 / 3, 2 / 3, 1 / 3, 1, 1, 1, 1, 1]
    assert table["probability"].tolist()[:8] == pytest.approx(expected)
    assert table["probability"].isna().tolist()[8]
    assert table["askings"].tolist()[:8] == [3] * 8
    found = scored("census")
    assert found.value["validity"] == 7 / 8
    assert found.value["validity_probability"] == pytest.approx(sum(expected) / 8)
    assert found.n["validity_probability"] == 8


# Of 8 points with two samples each, the first 6 rows are at the x' 0, the next 2 at each of 5 others.
FOUND = np.repeat(np.arange(6), [6, 2, 2, 2, 2, 2])
HITS = np.array([3, 1, 2, 3, 3, 0])  # of 3 askings at each x'


def test_answers_vary_as_samples_and_askings_do():
    """All rows are valid but those at the x' 1, so the weights of x' are 6, -2, 2, 2, 2 and 2 in 16."""
    valid, askings = FOUND != 1, np.full(16, 3)
    of_majority, of_single = unsteady.of_rows(FOUND, valid, HITS[FOUND] / 3, askings)
    weights = np.array([6, -2, 2, 2, 2, 2]) / 16
    of_each = zip((of_majority, of_single), unsteady.variances(HITS, np.full(6, 3)), (8, 4), strict=True)
    for spread, each, degrees in of_each:
        parts = weights**2 * each
        assert spread.variance == pytest.approx(parts.sum())
        assert spread.degrees == pytest.approx(degrees * parts.sum() ** 2 / np.sum(parts**2))
    rows = Rows.of(np.repeat(np.arange(8), 2), FOUND, samples=True)
    found = estimands.share(valid, rows, "answers", of_majority)
    within = 0.5 / 8 / 16  # the samples of a point agree, and half a square is added
    total = within + of_majority.variance
    degrees = total**2 / (within**2 / 8 + of_majority.variance**2 / of_majority.degrees)
    assert found.low == pytest.approx(14 / 16 - stats.t.ppf(0.975, degrees) * total**0.5)
    assert (found.high, found.clusters) == (1, 8)


def test_few_x_say_too_little_about_their_answers():
    found = scored("answers")
    for reading in ("validity", "validity_probability"):
        assert np.isnan(found.low[reading])
        assert found.reason[reading] == "too few clusters: 4 different x', whose answers may vary"
    assert found.low["mean_distance"] < found.value["mean_distance"]  # does not hang on f(x')


def test_differences_over_answers_vary_as_the_samples_of_both_sides_do():
    """At two points, by hand: 1 and 3, 2 and 2 beside 1 and 1, 0 and 2."""

    def side(distances):
        return pd.DataFrame(
            {
                "condition": "c", "metric": "l1", "status": "kept", "point_id": [0, 0, 1, 1],
                "sample": [1, 2, 1, 2], "distance": distances, "sce_point_id": [2, 3, 2, 3], "valid": True,
                "excess": 0.0, "probability": 1.0, "askings": 3,
            }
        )  # fmt: skip

    tables = {("a", "c"): side([1.0, 3, 2, 2]), ("b", "c"): side([1.0, 1, 0, 2])}
    found = paired_differences(tables, "answers").set_index("score")
    # Of each side: squares of 2 with 2 degrees, and four rows that weigh 1 / 4.
    half = stats.t.ppf(0.975, 4) * np.sqrt(2 * 2 / 2 / 4)
    assert found.difference["mean_distance"] == 1
    assert (found.low["mean_distance"], found.high["mean_distance"]) == pytest.approx((1 - half, 1 + half))
    assert found.reason["validity"] == "too few clusters: 2 different x', whose answers may vary"


@pytest.mark.parametrize(("second", "same"), [("m", True), ("other", False)])
def test_other_answers_at_an_x_move_both_conditions_of_one_model(second, same):
    """All rows of both have the same x', so what f(x') does to one it does to the other."""
    table = pd.DataFrame(
        {
            "condition": "c", "metric": "gower", "status": "kept", "point_id": np.repeat(np.arange(8), 2),
            "sample": [1, 2] * 8, "distance": 0.5, "sce_point_id": FOUND, "valid": True, "excess": 0.0,
            "probability": HITS[FOUND] / 3, "askings": 3,
        }
    )  # fmt: skip
    tables = {("m", "one"): table, (second, "two"): table}
    found = paired_differences(tables, "answers").set_index("score").loc["validity"]
    within = 2 * 0.5 / 8 / 16
    alone = stats.t.ppf(0.975, 16) * within**0.5
    assert (found.high == pytest.approx(alone)) == same
    assert found.high >= alone


def test_how_unsteady_an_x_is_is_told_by_all_of_them():
    steady, _ = unsteady.variances([3] * 500, [3] * 500)
    assert steady.max() < 0.001
    tossed = np.random.default_rng(0).binomial(4, 0.5, 500)
    majority, single = unsteady.variances(tossed, [4] * 500)
    assert np.allclose(majority, 0.25, atol=0.03)  # four alike too are taken for chance
    assert np.allclose(single, 0.25 / 4, atol=0.01)
    mixed, _ = unsteady.variances([3] * 250 + [1, 2] * 125, [3] * 500)
    assert mixed[0] < 0.1 < 0.15 < mixed[-1]


def test_intervals_over_answers_hold_where_the_boundary_is_unsteady_too():
    found = simulate_unsteady((100, 10, 3, 1), draws=40, seed=1)
    for name in ("validity", "probability", "difference", "unequal"):
        assert found[name, "ours"][0] >= 0.85, name


def test_samples_of_a_point_are_one_cluster():
    """Were all samples alike, as many more of them would tell nothing more."""
    values, points = np.tile([0.0, 1.0, 3.0, 1.5], 10), np.arange(40)
    once = estimands.mean(values, Rows.of(points, points), "points")
    rows = Rows.of(np.repeat(points, 5), np.repeat(points, 5), samples=True)
    often = estimands.mean(np.repeat(values, 5), rows, "points")
    assert (often.clusters, once.clusters) == (40, 40)
    assert often.effective_n == pytest.approx(once.effective_n)
    assert (often.low, often.high) == pytest.approx((once.low, once.high), rel=0.01)  # by other degrees


def test_one_sample_of_each_point_says_nothing_of_answers():
    found = estimands.share(np.ones(9), Rows.of(np.arange(9), np.arange(9), samples=True), "answers")
    assert (found.low, found.reason) == (None, "no point has two samples")


def test_samples_that_all_agree_do_not_make_a_share_certain():
    rows = Rows.of(np.repeat(np.arange(50), 3), np.repeat(np.arange(50), 3), samples=True)
    found = estimands.share(np.ones(150), rows, "answers")
    half = stats.t.ppf(0.975, 100) * (0.5 / 100 / 150) ** 0.5
    assert (found.low, found.high) == (pytest.approx(1 - half), 1)


def test_intervals_over_answers_hold_the_truth():
    """Points with probabilities of their own, 3 samples each: the mean over such answers is known."""
    draws = np.random.default_rng(3)
    chances = draws.beta(2, 1, 150)
    points = np.repeat(np.arange(150), 3)
    rows, inside = Rows.of(points, points, samples=True), []
    for _ in range(600):
        found = estimands.share(draws.random(450) < chances[points], rows, "answers")
        inside.append(found.low <= chances.mean() <= found.high)
    assert 0.93 <= np.mean(inside) <= 0.97


def test_a_point_is_compared_by_the_mean_of_its_samples():
    sampled = tables()
    once = sampled[sampled["sample"] == 1].drop(columns=["sample", "probability", "askings"])
    found = paired_differences({"k": sampled, "one": once}, "points").set_index("score")
    assert found.n["validity"] == 3
    assert found.difference["validity"] == pytest.approx((2 / 3 - 1) / 3)
    assert found.p_mcnemar.isna().all()
    alike = paired_differences({"k": sampled[sampled["point_id"] == 1], "one": once}, "census")
    assert (alike["difference"].dropna() == 0).all()
