"""Bounds on a grid asked in part, found by trying all points; and bounds that were tampered with."""

import json
from functools import cache

import pytest

from sce.auditing.findings import Findings
from sce.auditing.geometry import distances_of
from sce.auditing.in_part import Bounded, check_bounds
from sce.auditing.measures import Rows
from sce.auditing.tables import Stored
from sce.grids.datasets import load_dataset
from sce.searching import certainty
from sce.searching.certainty import answers_in
from tests.conftest import ROOT
from tests.searching.test_survey import DATASET, METRICS, asked_in_part

WAYS = [("nearest", {}), ("timid", {}), ("random", {}), ("overshoot", {}), ("timid", {"monotone": True}),
        ("nearest", {"per_start": None})]  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The rows of ``distances``, the SCEs and what was asked, of a control."""

    @cache
    def made(policy, options="{}"):
        folder = tmp_path_factory.mktemp(policy)
        asked, boundary, sces, *_ = asked_in_part(folder, policy, **json.loads(options))
        table = certainty.measured(DATASET, boundary, sces, asked)
        return plain(table), plain(sces), answers_in(DATASET, boundary)

    return made


def plain(table):
    return json.loads(table.to_json(orient="records", double_precision=15))


def problems(rows, sces, answers, monotone=False):
    findings = Findings()
    predictions = {point: DATASET.options[label] if label >= 0 else None for point, label in answers.items()}
    by_metric = {}
    for metric in METRICS:
        slow = Rows(DATASET, predictions, metric, distances_of(DATASET, metric, None))
        by_metric[metric] = Bounded(slow, set(answers), monotone)
    check_bounds(Stored("distances.parquet", rows, {}), sces, by_metric, findings)
    assert findings.checked["bounds"] > 100
    return findings.problems


@pytest.mark.parametrize(("policy", "options"), WAYS)
def test_what_was_measured_passes(measured, policy, options):
    assert problems(*measured(policy, json.dumps(options)), options.get("monotone", False)) == []


def kept(row):
    return row["status"] == "kept" and row["nearest_high"] is not None


def bounded(row):
    return kept(row) and row["certainty"] == "bounded"


def invalid(row):
    return kept(row) and not row["valid"] and row["shortfall_high"] is not None


# what is planted -> (the policy, which row, column, from its value to the planted one)
PLANTS = {
    "a bound from above that is too near": ("nearest", kept, "nearest_high", lambda old: old * 0.9),
    "one that is too far": ("nearest", kept, "nearest_high", lambda old: old * 1.1),
    "none": ("nearest", kept, "nearest_high", lambda old: None),
    "a bound from below that is too far": ("nearest", bounded, "sure_low", lambda old: old * 1.5),
    "another one than the sure one": ("nearest", bounded, "nearest_low", lambda old: old * 0.5),
    "certainty": ("nearest", bounded, "certainty", lambda old: "exact"),
    "a nearest point": ("nearest", kept, "nearest_point_id", lambda old: (old + 1) % DATASET.size),
    "a distance": ("timid", kept, "distance", lambda old: old + 0.01),
    "a verdict": ("timid", kept, "valid", lambda old: not old),
    "an x'": ("timid", kept, "sce_point_id", lambda old: (old + 1) % DATASET.size),
    "a status": ("timid", kept, "status", lambda old: "refused"),
    "an excess from below": ("nearest", kept, "excess_low", lambda old: old - 0.01),
    "an excess from above": ("nearest", bounded, "excess_high", lambda old: old + 0.01),
    "a shortfall that is too near": ("timid", invalid, "shortfall_high", lambda old: old * 0.5),
    "one bound of it beyond the other": ("timid", invalid, "shortfall_low", lambda old: old + 9),
    "an m where the bounds do not meet": ("nearest", bounded, "nearest_distance", lambda old: 0.1),
    "a lower bound above the upper one": ("nearest", bounded, "nearest_low", lambda old: 2.0),
    "an excess where it is not known": ("nearest", bounded, "excess", lambda old: 0.1),
    "a relative excess": ("nearest", kept, "relative_excess", lambda old: (old or 0) + 0.1),
    "a shortfall": ("timid", invalid, "shortfall", lambda old: (old or 0) + 0.1),
    "a shortfall of a valid one": ("nearest", kept, "shortfall_low", lambda old: 0.1),
    "a bound from below that nothing bears out": ("timid", invalid, "shortfall_low", lambda old: 0.9),
    "a start": ("timid", kept, "point_id", lambda old: -1),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_planted_bounds_are_found(measured, plant):
    policy, which, column, change = PLANTS[plant]
    rows, sces, answers = measured(policy)
    at = next(n for n, row in enumerate(rows) if which(row))
    planted = {**rows[at], column: change(rows[at][column])}
    assert problems([*rows[:at], planted, *rows[at + 1 :]], sces, answers) != []


def test_every_nearer_point_is_gone_through():
    for metric in METRICS:
        slow = distances_of(DATASET, metric, None)
        away = list(slow.all_from(50, tuple(range(DATASET.size))))
        limit = sorted(away)[40]
        assert dict(slow.nearer(50, limit)) == {n: d for n, d in enumerate(away) if d < limit}


def test_points_of_grids_far_too_large_to_list():
    large = load_dataset(ROOT / "resources/datasets/german_credit.yaml")
    slow = distances_of(large, "gower", None)
    start = large.size // 3
    near = dict(slow.nearer(start, slow.between(start, start + 1) + 1))
    assert {start, start + 1} <= near.keys()
    assert len(near) < 10_000 < large.size
    rows = Rows(large, dict.fromkeys(near, large.options[0]) | {start + 1: large.options[1]}, "gower", slow)
    bounded = Bounded(rows, set(near), False)
    assert bounded.nearest(start, large.options[1]) == slow.between(start, start + 1) * slow.unit
    assert bounded.hole(start, bounded.nearest(start, large.options[1])) is None
    assert bounded.hole(start, 0.5) < 0.5
    assert Bounded(rows, set(near) - {start}, False).hole(start, 1e-6) == 0


def test_a_row_that_is_missing_is_found(measured):
    rows, sces, answers = measured("timid")
    assert problems(rows[1:], sces, answers) != []
