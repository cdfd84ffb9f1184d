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


def test_answers_vary_as_samples_and_askings_do():
    """The samples of point 0 alone differ. Of 8 rows 2, 2 and 3 are valid at the x' 0, 2 and 3, and one is
    not at 1; these gave the target in 3, 2, 3 and 1 of 3 askings."""
    found = scored("answers")
    weights, degrees = np.array([2, -1, 2, 3]) / 8, 8 - 3
    majority, single = unsteady.variances([3, 1, 2, 3], [3, 3, 3, 3])
    within = 2 / 3 + 0.5  # 1, 1, 0, and the half that is added
    half = stats.t.ppf(0.975, degrees) * np.sqrt(within / degrees / 8 + weights**2 @ majority)
    assert found.low["validity"] == pytest.approx(7 / 8 - half)
    assert found.high["validity"] == 1
    within = 2 * (1 / 9) ** 2 + (2 / 9) ** 2
    half = stats.t.ppf(0.975, degrees) * np.sqrt(within / degrees / 8 + weights**2 @ single)
    assert found.low["validity_probability"] == pytest.approx(found.value["validity_probability"] - half)
    assert found.clusters["validity"] == 3
    assert found.estimand["validity"] == "answers"


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
    found = simulate_unsteady((400, 100, 3, 1), draws=150, seed=1)
    for reading in ("validity", "probability"):
        assert 0.9 <= found[reading, "ours"][0] <= 0.99


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
