"""Intervals: by hand where that is possible, and by draws whose truth is known (a small version of
``benchmarks/bench_intervals.py``, whose table stands in docs/statistics.md)."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from benchmarks.bench_intervals import Scenario, simulate
from sce.measuring import estimands, shares
from sce.measuring.dependence import (
    Clusters,
    Components,
    Lattice,
    Neighbours,
    Spread,
    of_clusters,
    of_neighbours,
)
from sce.measuring.estimands import Rows
from sce.measuring.shares import Units

LINE = Lattice((200,), (True,))


def alone(n, lattice=None):
    return Rows.of(np.arange(n), np.full(n, -1), lattice=lattice)


# --- clusters


def test_clusters_that_agree_within_are_worth_their_number():
    clusters = Clusters.of(np.repeat(np.arange(5), 20))
    values = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 20)
    assert Components.of(values, clusters) == Components(between=2.5, within=0.0)
    spread = of_clusters(Components.of(values, clusters), clusters)
    assert (spread.variance, spread.degrees) == pytest.approx((2.5 / 5, 4))  # the five means alone


def test_uneven_clusters_are_worth_fewer():
    assert Clusters.of([7] * 3 + [9]).effective == pytest.approx(16 / 10)


def test_rows_without_an_x_stand_alone():
    clusters = Clusters.of([4, -1, 4, -1, -1])
    assert sorted(clusters.sizes) == [1, 1, 1, 2]


def test_clusters_that_do_not_matter_cost_nothing():
    values = np.tile([0.0, 1.0], 50)
    found = estimands.mean(values, Rows.of(np.arange(100), np.repeat(np.arange(10), 10)), "points")
    assert found.effective_n == pytest.approx(90)  # the variance within, of 90 degrees of freedom


def test_degrees_of_two_parts_after_satterthwaite():
    total = Spread(1.0, 4.0) + Spread(2.0, 10.0)
    assert (total.variance, total.degrees) == pytest.approx((3.0, 9 / (1 / 4 + 4 / 10)))


# --- neighbours


def test_neighbours_that_are_not_alike_cost_nothing():
    values = np.tile([1.0, -1.0], 100)
    spread = of_neighbours(values, Neighbours.of(np.arange(200), LINE))
    assert spread.variance <= 1.01 * values.var() / 199


def test_stretches_of_equal_values_count_once():
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(30):
        values = np.repeat(rng.standard_normal(20), 10)
        spread = of_neighbours(values, Neighbours.of(np.arange(200), LINE))
        ratios += [spread.variance / (values.var() / 199)] if spread else []
    assert 7 < np.median(ratios) < 14  # each stretch holds 10 points


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.7])
@pytest.mark.parametrize("estimand", ["points", "answers"])
def test_equal_values_vary_by_nothing_whatever_their_level(value, estimand):
    for n in range(20, 60, 3):
        rows = Rows.of(np.arange(n), np.arange(n) // 3, lattice=LINE)
        found = estimands.mean(np.full(n, value), rows, estimand)
        assert (found.low, found.high, found.p, found.reason) == (
            *[pytest.approx(value, abs=1e-15)] * 2,
            None,
            None,
        )


def test_a_trend_over_the_whole_grid_leaves_nothing_to_tell():
    trend = np.where(np.arange(200) < 100, 0.0, 1.0)
    found = estimands.mean(trend, alone(200, LINE), "points")
    assert found.low is None or found.high - found.low > 0.8


# --- intervals


@pytest.mark.parametrize("hits", [3, 20, 37])
def test_a_share_of_independent_rows_has_the_mid_p_interval(hits):
    """The exact binomial tail beyond the end, with half the probability of what was seen, is 2.5%."""
    found = estimands.share(np.repeat([1, 0], [hits, 40 - hits]), alone(40), "answers")
    above = stats.binom.sf(hits, 40, found.low) + stats.binom.pmf(hits, 40, found.low) / 2
    below = stats.binom.cdf(hits - 1, 40, found.high) + stats.binom.pmf(hits, 40, found.high) / 2
    assert (above, below) == pytest.approx((0.025, 0.025), abs=0.006)


def test_a_share_of_hits_alone_is_not_certain():
    found = estimands.share(np.ones(40), Rows.of(np.arange(40), np.repeat(np.arange(8), 5)), "answers")
    assert (found.low, found.high) == pytest.approx((0.025 ** (1 / 8), 1))
    none = estimands.share(np.zeros(40), Rows.of(np.arange(40), np.repeat(np.arange(8), 5)), "answers")
    assert (none.low, none.high) == pytest.approx((0, 1 - 0.025 ** (1 / 8)))


def test_units_are_as_large_as_rows_hang_together():
    sizes = np.array([1.0, 3.0, 3.0, 13.0])
    whole = Units.of(sizes, 1.0, 400 / 188)
    assert whole.weights == pytest.approx(np.array([1, 3, 13]) / 20)
    assert whole.counts == pytest.approx([1, 2, 1])
    rows = Units.of(sizes, 0.0, 20)
    assert (rows.weights, rows.counts.sum()) == (pytest.approx([1 / 20] * 3), pytest.approx(20))
    assert np.sum(Units.of(sizes, 0.4, 7).counts * Units.of(sizes, 0.4, 7).weights ** 2) == pytest.approx(
        1 / 7
    )


@pytest.mark.parametrize("chance", [0.6, 0.9])
def test_shares_over_few_uneven_clusters_hold_the_truth(chance):
    """Over all 512 outcomes of nine clusters, the commonest of which has 18 of 45 rows."""
    sizes = np.array([18.0, 8, 5, 4, 3, 3, 2, 1, 1])
    units, held = Units.of(sizes, 1.0, 45**2 / np.sum(sizes**2)), 0.0
    for hits in map(np.array, product((0, 1), repeat=9)):
        probability = np.prod(np.where(hits, chance, 1 - chance))
        share = float(hits @ sizes / 45)
        if 0 < share < 1:
            inside = abs(shares.deviates(share, units, np.log(chance / (1 - chance)))) <= stats.norm.ppf(
                0.975
            )
        else:
            low, high = shares.interval(share, units, stats.norm.ppf(0.975))
            inside = low <= chance <= high
        held += probability * inside
    assert 0.93 <= held <= 0.98


def test_a_mean_has_students_interval():
    values = np.random.default_rng(1).exponential(size=30)
    found = estimands.mean(values, alone(30), "answers")
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_what_can_not_be_told_has_a_reason():
    rows = Rows.of(np.arange(9), [0] * 7 + [1, 2])
    found = estimands.mean(np.arange(9.0), rows, "points")
    assert (found.low, found.clusters) == (None, 3)
    assert found.reason == "too few clusters: 3 different x', the commonest on 78% of the rows"
    assert estimands.share([1, 0], alone(2), "wordings").reason == "one wording was asked"
    assert estimands.over_wordings([0.1, 0.2]).reason == "too few clusters: 2 wordings"


def test_worth_is_the_number_of_independent_rows_of_a_share():
    for hits, rows in [
        (np.arange(90) % 3 == 0, alone(90)),
        (np.repeat([True, False], 100), alone(200, LINE)),
        (np.arange(90) % 2 == 0, Rows.of(np.arange(90), np.repeat(np.arange(30), 3))),
    ]:
        interval = estimands.share(hits, rows, estimands.POINTS)
        assert estimands.worth(hits, rows, estimands.POINTS) == interval.effective_n
    assert estimands.worth(np.arange(90) % 3 == 0, alone(90), estimands.POINTS) == 89
    assert estimands.worth(np.arange(3) == 1, alone(3), estimands.POINTS) is None


def test_wordings_have_students_interval_over_them():
    found = estimands.over_wordings([0.1, 0.3, 0.2, 0.4, 0.5])
    half = stats.t.ppf(0.975, 4) * np.std([1, 2, 3, 4, 5], ddof=1) / 10 / np.sqrt(5)
    assert (found.low, found.high) == pytest.approx((0.3 - half, 0.3 + half))


# --- where the truth is known


@pytest.mark.parametrize(
    ("scenario", "rival"),
    [
        (("weather", 0, 0.0), (0.88, 1.0)),
        (("weather", 20, 0.0), (0.2, 0.7)),
        (("house_prices", 30, 0.0), (0.0, 0.25)),
    ],
)
def test_intervals_hold_what_they_promise(scenario, rival):
    """In 60 draws an exact 95% interval holds the truth in 85% or more, but for one time in a thousand."""
    found = simulate(Scenario.of(*scenario), draws=60, seed=3)
    for measure in ("validity", "often", "mean", "median", "difference", "unequal"):
        assert found[measure, "ours"][0] >= 0.85, measure
    assert rival[0] <= found["validity", "naive"][0] <= rival[1]
