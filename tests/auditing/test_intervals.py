"""The audit's intervals and tests: by hand, beside the measure's, and against bugs planted in these."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from sce.auditing import families, interval_checks, intervals, shares, spreads
from sce.auditing.findings import Findings
from sce.auditing.intervals import Over
from sce.auditing.neighbours import Neighbours
from sce.auditing.spreads import Spread, Unclear
from sce.auditing.tables import Stored
from sce.grids.datasets import load_dataset
from sce.measuring import comparisons, dependence, estimands, hypotheses, scores
from sce.measuring import shares as measured_shares
from sce.measuring.dependence import Lattice
from tests.conftest import ROOT

DATASET = load_dataset(ROOT / "resources/datasets/heart_disease_coarse.yaml")
LATTICE, NEIGHBOURS = Lattice.of(DATASET), Neighbours(DATASET)
PAIR = ("m", DATASET.name)


# --- by hand


def test_the_variance_between_and_within_clusters():
    clusters = spreads.members(["a", "a", "b", "b"])
    assert spreads.between_and_within([1.0, 3.0, 5.0, 7.0], clusters) == (7.0, 2.0)  # among 16, of size 2
    # 7 between 2 effective clusters, with 1 degree; 2 within 4 rows, with 2.
    spread = spreads.of_clusters([1.0, 3.0, 5.0, 7.0], clusters, of_share=False)
    assert spread.variance == pytest.approx(3.5 + 0.5)
    assert spread.degrees == pytest.approx(4**2 / (3.5**2 / 1 + 0.5**2 / 2))
    assert spreads.effective(spreads.members(["a", "a", "a", "b"])) == pytest.approx(16 / 10)
    assert spreads.members([None, None, "b"]) == [[0], [1], [2]]


def test_a_share_of_independent_rows_is_close_to_the_exact_one():
    alone = shares.units_of([1] * 10, 0.0, 10)
    low, high = shares.interval(0.8, alone, 1.959964)
    assert (low, high) == (pytest.approx(0.4805, abs=0.015), pytest.approx(0.965, abs=0.015))  # mid-p
    assert shares.interval(1.0, shares.units_of([5] * 8, 1.0, 8), 1.959964)[0] == pytest.approx(
        0.025 ** (1 / 8)
    )
    assert shares.units_of([1, 1, 2], 1.0, 16 / 6) == [(0.25, 2), (0.5, 1)]


def test_students_interval_and_p():
    half, p = intervals.student(2.0, Spread(1.0, 10))
    assert half == pytest.approx(2.2281, abs=1e-4)
    assert p == pytest.approx(0.0734, abs=1e-4)
    assert intervals.student(2.0, Spread(0.0, 10)) == (0.0, None)


def test_rings_of_neighbours():
    near = NEIGHBOURS.rings
    assert sum(len(first) for first, _ in near) == math.comb(math.prod(NEIGHBOURS.shape), 2)
    lengths = [NEIGHBOURS._ring(lag) for lag in ((0,) * 4, (1, 0, 0, 0))]
    assert lengths[0] == 0
    assert lengths[1] == math.ceil(20 / NEIGHBOURS.shape[0])


def test_what_cannot_be_told_is_said():
    class Large(Neighbours):
        def __init__(self):
            self.shape = [61, 50]

    with pytest.raises(Unclear, match="3,050 cells"):
        _ = Large().rings
    few = intervals.of_mean([1.0, 2.0, 3.0, 4.0], Over([0, 1, 2, 3], [["a", "a", "a", "b"]], None))
    assert (few.refused, few.clusters, few.low) == (True, 2, None)


# --- beside the measure


def drawn(seed, many=12, share=0.6, samples=1):
    """A ``distances`` table of two conditions: x' drawn from ``many``, neighbours alike."""
    chance, parts = np.random.default_rng(seed), []
    points = np.repeat(np.arange(DATASET.size), samples)
    for condition in ("minimal", "unconstrained"):
        n = len(points)
        found = chance.integers(0, many, n)
        level = np.sin(points / 40 + chance.normal()) / 4 + chance.normal(0, 0.4, DATASET.size)[found]
        valid = level + chance.random(n) - 0.5 < share - 0.5
        distance = np.round(chance.lognormal(size=n) / 8, 3)
        near = np.where(valid, np.minimum(distance, 0.05 + 0.1 * (points % 7)), 0.3)
        part = pd.DataFrame(
            {
                "condition": condition, "metric": "gower", "point_id": points, "sce_point_id": found,
                "status": np.where(chance.random(n) < 0.9, "kept", "off_grid"), "valid": valid,
                "distance": distance, "nearest_distance": near,
                "excess": np.where(valid, distance - near, np.nan),
                "relative_excess": np.where(valid, distance / near - 1, np.nan),
                "shortfall": np.where(valid, np.nan, distance / 2),
                "relative_shortfall": np.where(valid, np.nan, distance / 2 / near),
            }
        )  # fmt: skip
        lost = part["status"] != "kept"
        part["valid"] = part["valid"].astype("boolean").mask(lost)
        part.loc[lost, part.columns[6:]] = np.nan
        part["sce_point_id"] = part["sce_point_id"].astype("Int64").mask(lost)
        if samples > 1:
            part["sample"] = np.tile(np.arange(1, samples + 1), DATASET.size)
            part["probability"], part["askings"] = part["valid"].astype(float) * 0.9, samples
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def plain(table):
    return json.loads(table.to_json(orient="records", double_precision=15))


def problems(table, estimand, change=None):
    """What the audit says of the scores and differences that the measure makes of a table. ``change``: made
    to the rows of both."""
    findings, rows = Findings(), table.astype(object).where(table.notna(), None).to_dict("records")
    lattice = {DATASET.name: LATTICE}
    made = [
        scores.score(table, estimand, LATTICE),
        comparisons.differences({PAIR: table}, {}, estimand, lattice),
    ]
    stored = [Stored(name, plain(t), {}) for name, t in zip(("scores", "differences"), made, strict=True)]
    for each in stored:
        if change:
            change(each.rows)
    interval_checks.check_scores(stored[0], rows, estimand, NEIGHBOURS, findings)
    neighbours = {DATASET.name: NEIGHBOURS}
    interval_checks.check_differences(stored[1], {PAIR: rows}, estimand, neighbours, findings)
    families.check_adjusted(stored[1], findings)
    assert findings.checked["intervals"] > 100
    # Where rounding would decide the end of a median's interval.
    assert findings.checked["intervals that were not computed anew"] < 5
    return findings.problems


DRAWINGS = [
    {"seed": 1}, {"seed": 2, "many": 100}, {"seed": 3, "share": 0}, {"seed": 4, "share": 1.5},
    {"seed": 5, "many": 2}, {"seed": 6, "samples": 3}, {"seed": 7, "samples": 2, "many": 5},
]  # fmt: skip


@pytest.mark.parametrize("estimand", ["points", "answers", "census", "wordings"])
@pytest.mark.parametrize("drawing", DRAWINGS, ids=str)
def test_two_ways_to_the_same_intervals(estimand, drawing):
    assert problems(drawn(**drawing), estimand) == []


BUGS = {
    "another level": (estimands, "LEVEL", 0.9),
    "intervals from too few clusters": (estimands, "FEWEST", 1.0),
    "neighbours not looked at": (estimands, "of_neighbours", lambda values, *_: dependence.Spread(0.0, 10.0)),
    "wider rings": (dependence, "RING", 0.1),
    "coarser cells": (dependence, "CELLS", 3),
    "rows taken for independent": (
        estimands, "of_clusters", lambda c, k: dependence.Spread(c.within / k.sizes.sum(), k.sizes.sum() - 1),
    ),
    "no degrees lost to the reach": (dependence, "CHOSEN", 1),
    "half a row more": (estimands, "MORE", 1.0),
    "the end of a share cut off": (measured_shares, "FARTHEST", 0.1),
    "the normal distribution": (estimands, "_quantile", lambda degrees: 1.96),
    "McNemar's in place of Holm's": (hypotheses, "holm", lambda p: np.asarray(p)),
    "no correction for many": (hypotheses, "benjamini_hochberg", lambda p: np.asarray(p)),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_the_measure_is_found(monkeypatch, bug):
    module, name, wrong = BUGS[bug]
    monkeypatch.setattr(module, name, wrong)
    dependence._cells.cache_clear()
    drawing = {"seed": 5, "many": 2} if "few" in bug else {"seed": 1}
    try:
        if module is hypotheses:
            assert many_tested() != []
        else:
            assert problems(drawn(**drawing), "points") != []
    finally:
        monkeypatch.undo()
        dependence._cells.cache_clear()


def many_tested():
    """What the audit says of the p of four pairs of models."""
    table = pd.DataFrame(
        {"dataset": "d", "metric": "gower", "score": "validity", "p": [0.01, 0.02, 0.03, None]}
    )
    table = hypotheses.adjust(table.assign(a="a / minimal", b="b / minimal"))
    findings = Findings()
    families.check_adjusted(Stored("differences", plain(table), {}), findings)
    return findings.problems


def test_several_p_are_adjusted_alike():
    assert many_tested() == []


@pytest.mark.parametrize(
    "column", ["low", "high", "clusters", "effective_n", "estimand", "p", "p_holm", "p_bh", "reason"]
)
def test_a_changed_interval_is_found(column):
    def change(rows):
        for row in rows:
            if column == "reason" and "difference" not in row:
                row[column] = "because"
            elif column in row and row[column] is not None:
                row[column] = "census" if column == "estimand" else row[column] * 1.001 + 1
                return

    assert problems(drawn(1), "points", change) != []
