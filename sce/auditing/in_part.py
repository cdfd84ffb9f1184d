"""Bounds on grids that were asked in part (docs/adaptive.md), by trying all points: from above the nearest
point that was asked and has the target, from below the nearest that was not asked. Bounds that were written
before later questions were asked may be wider than these; they must never be narrower.
"""

from sce.auditing.findings import CLOSE, Findings
from sce.auditing.measures import Rows
from sce.auditing.tables import Stored

LARGEST = 20_000  # points of a grid that is gone through for every SCE
SAME = ("sce_point_id", "status", "valid", "distance")


class Bounded:
    """What is certain under one metric. ``asked``: the points that were asked."""

    def __init__(self, rows: Rows, size: int, asked: set[int]):
        self.rows = rows
        self.unasked = tuple(point for point in range(size) if point not in asked)

    def of(self, point: int, option: str) -> tuple[float | None, float | None]:
        """The bounds of the distance to the nearest point with ``option``; None where there is none."""
        unit = self.rows.distances.unit
        high, _ = self.rows.nearest(point, option)
        low = self.rows.distances.nearest(point, self.unasked)[0] if self.unasked else None
        known = [bound for bound in (low, high) if bound is not None]
        return (min(known) * unit if known else None), (None if high is None else high * unit)


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
    if anew["status"] != "kept":
        return
    predictions, x, y = bounded.rows.predictions, anew["point_id"], anew["sce_point_id"]
    target = next(option for option in bounded.rows.options if option != predictions[x])
    low, high = bounded.of(x, target)
    row.holds("sure_low", high=low)
    row.holds("nearest_high", low=high)
    if row.values["nearest_high"] is not None:
        _check_point(row, x, target, bounded.rows)
    if row.values["certainty"] == "exact" and row.values["nearest_high"] is not None:
        for column in ("sure_low", "nearest_low", "nearest_distance"):
            row.is_(column, high)
    elif row.values["certainty"] == "bounded":
        row.is_("nearest_low", row.values["sure_low"])
    if anew["valid"]:
        for column, other in (("excess_low", "nearest_high"), ("excess_high", "nearest_low")):
            bound = row.values[other]
            row.is_(column, None if bound is None else anew["distance"] - bound)
    else:
        back, _ = bounded.of(y, next(option for option in bounded.rows.options if option != predictions[y]))
        row.holds("shortfall_high", low=anew["shortfall"])
        if row.values["certainty"] in ("exact", "bounded"):
            row.holds("shortfall_low", high=back)


def _check_point(row, x, target, rows):
    point = row.values["nearest_point_id"]
    row.is_("nearest_high", rows.distances.between(x, point) * rows.distances.unit)
    found = rows.predictions.get(point)
    row.findings.equal(row.path, f"{row.name}, answer at its nearest point", found, target, "bounds")
