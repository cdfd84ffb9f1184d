"""Bounds on grids that were asked in part (docs/adaptive.md), whatever their size. From above: the nearest
point that was asked and has the target, by trying all that were asked. From below: every point nearer than
the bound was asked, by going through all of them. Bounds that were written before later questions were asked
may be wider than these; they must never be narrower.
"""

import math
from fractions import Fraction

from sce.auditing.findings import CLOSE, Findings
from sce.auditing.measures import MEASURES, Rows
from sce.auditing.tables import Stored

SAME = ("sce_point_id", "status", "valid", "distance")
BOUNDS = (
    "nearest_low", "nearest_high", "sure_low", "excess_low", "excess_high", "shortfall_low", "shortfall_high",
)  # fmt: skip


class Bounded:
    """What is certain under one metric. ``asked``: the points that were asked. ``monotone``: whether bounds
    may rest on the assumption, which is not checked."""

    def __init__(self, rows: Rows, asked: set[int], monotone: bool):
        self.rows, self.asked, self.monotone = rows, asked, monotone

    def nearest(self, point: int, option: str) -> float | None:
        """The distance to the nearest point that was asked and has the ``option``."""
        found, _ = self.rows.nearest(point, option)
        return None if found is None else found * self.rows.distances.unit

    def hole(self, point: int, limit: float | None) -> float | None:
        """The distance to some point that was not asked and is nearer than ``limit`` (None: than any); None
        where all of these were asked."""
        steps = math.inf
        if limit is not None:
            steps = math.floor((Fraction(limit) - Fraction(CLOSE)) / Fraction(self.rows.distances.unit))
        for other, away in self.rows.distances.nearer(point, steps):
            if other not in self.asked:
                return away * self.rows.distances.unit
        return None

    def other(self, point: int) -> str:
        """The option that the point was not answered with."""
        return next(option for option in self.rows.options if option != self.rows.predictions[point])


def check_bounds(stored: Stored, sces: list[dict], by_metric: dict[str, Bounded], findings: Findings) -> None:
    """Compare the artifact ``distances`` of such a grid with the SCEs measured anew."""
    found = {(row["condition"], row["metric"], row["point_id"]): row for row in stored.rows}
    findings.equal(stored.path, "number of rows", len(stored.rows), len(sces) * len(by_metric), "bounds")
    for metric, bounded in by_metric.items():
        for sce in sces:
            key = sce["condition"], metric, sce["point_id"]
            if key not in found:
                findings.problem(stored.path, f"row {' / '.join(map(str, key))} is missing")
                continue
            _check_row(_Row(stored.path, found[key], key, findings), bounded.rows.row(sce)[0], bounded)


class _Row:
    """A row of the artifact, and where to tell what is wrong with it."""

    def __init__(self, path, values: dict, key: tuple, findings: Findings):
        self.path, self.values, self.findings = path, values, findings
        self.name = f"row {' / '.join(map(str, key))}"

    def is_(self, column, expected):
        self.findings.equal(self.path, f"{self.name}, {column}", self.values[column], expected, "bounds")

    def holds(self, column, low=None, high=None):
        """The value lies above ``low`` and below ``high``, where these are known."""
        self.findings.checked["bounds"] += 1
        value = self.values[column]
        below = low is not None and (value is None or value < low - CLOSE)
        above = high is not None and (value is None or value > high + CLOSE)
        if below or above:
            ends = " to ".join("?" if end is None else f"{end:.9g}" for end in (low, high))
            self.findings.problem(self.path, f"{self.name}, {column}: {value}, but only {ends} is certain")


def _check_row(row, anew, bounded):
    for column in SAME:
        row.is_(column, anew[column])
    _check_met(row, anew)
    if anew["status"] != "kept":
        for column in BOUNDS:
            row.is_(column, None)
        return
    _check_nearest(row, anew, bounded)
    if anew["valid"]:
        for column, other in (("excess_low", "nearest_high"), ("excess_high", "nearest_low")):
            bound = row.values[other]
            row.is_(column, None if bound is None else anew["distance"] - bound)
        for column in ("shortfall_low", "shortfall_high"):
            row.is_(column, None)
        return
    for column in ("excess_low", "excess_high"):
        row.is_(column, None)
    row.holds("shortfall_high", low=anew["shortfall"])
    if not bounded.monotone:
        row.holds("shortfall_low", high=bounded.hole(anew["sce_point_id"], row.values["shortfall_low"]))
    row.holds("shortfall_low", high=row.values["shortfall_high"])


def _check_nearest(row, anew, bounded):
    x, values = anew["point_id"], row.values
    target = bounded.other(x)
    high = bounded.nearest(x, target)
    row.holds("nearest_high", low=high)
    row.holds("nearest_low", high=values["nearest_high"])
    row.holds("sure_low", high=bounded.hole(x, values["sure_low"]))
    if values["nearest_high"] is not None:
        _check_point(row, x, target, bounded.rows)
    if values["certainty"] == "exact" and values["nearest_high"] is not None:
        for column in ("sure_low", "nearest_low"):
            row.is_(column, high)
    elif values["certainty"] in ("exact", "bounded"):
        row.is_("nearest_low", values["sure_low"])


def _check_point(row, x, target, rows):
    point = row.values["nearest_point_id"]
    row.is_("nearest_high", rows.distances.between(x, point) * rows.distances.unit)
    found = rows.predictions.get(point)
    row.findings.equal(row.path, f"{row.name}, answer at its nearest point", found, target, "bounds")


def _check_met(row, anew):
    """What is measured against the nearest counterfactual has a value where its two bounds meet, and none
    elsewhere."""
    kept, low, high = row.values, row.values["nearest_low"], row.values["nearest_high"]
    expected = dict.fromkeys(MEASURES[1:])
    if anew["status"] == "kept":
        expected |= {
            "nearest_distance": _met(low, high),
            "excess": _met(kept["excess_low"], kept["excess_high"]),
            "shortfall": _met(kept["shortfall_low"], kept["shortfall_high"]),
        }
        if anew["valid"]:
            ends = (_ratio(anew["distance"], bound) for bound in (high, low))
            expected["relative_excess"] = _met(*(None if end is None else end - 1 for end in ends))
        else:
            ends = ((kept["shortfall_low"], high), (kept["shortfall_high"], low))
            expected["relative_shortfall"] = _met(*(_ratio(*end) for end in ends))
    for column, value in expected.items():
        row.is_(column, value)


def _met(low, high):
    return low if low == high else None


def _ratio(part, whole):
    return None if part is None or whole is None else part / whole
