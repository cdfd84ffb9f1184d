"""The rows that ``distances.parquet`` ought to have (docs/protocol.md, Scores), row by row."""

from functools import cache

from sce.auditing.findings import Findings
from sce.auditing.geometry import Distances
from sce.auditing.tables import Stored

MEASURES = (
    "distance", "nearest_distance", "excess", "relative_excess", "shortfall", "relative_shortfall",
)  # fmt: skip


class Rows:
    """Measures SCEs under one metric. ``predictions``: of the points that were asked, point -> option or
    None. ``askings``, where there were several: point -> the share of them that gave the second option, and
    their number."""

    def __init__(
        self,
        dataset,
        predictions: dict[int, str | None],
        metric: str,
        distances: Distances,
        askings: dict[int, tuple[float | None, int]] | None = None,
    ):
        self.options, self.predictions, self.askings = dataset.options, predictions, askings
        self.metric, self.distances = metric, distances
        self.points = {
            option: tuple(point for point in sorted(predictions) if predictions[point] == option)
            for option in dataset.options
        }
        self.nearest = cache(self._nearest)

    def row(self, sce: dict) -> tuple[dict, list[int], bool]:
        """The row of an SCE; the points that may stand as the nearest, best first; whether d = m exactly."""
        x, y, status = sce["point_id"], sce["sce_point_id"], sce["status"]
        before, target = self.predictions[x], self._target(sce)
        if status == "ok":
            status = self._status(before, y)
        row = {
            "condition": sce["condition"], "metric": self.metric, "point_id": x, "sce_point_id": y,
            "status": status, "valid": None, **dict.fromkeys(MEASURES),
        }  # fmt: skip
        if self.askings is not None:
            row |= {"sample": sce["sample"], "probability": None, "askings": None}
        if status == "off_grid" and before is not None and sce["prediction_at_sce"] is not None:
            row["valid"] = sce["prediction_at_sce"] == target
        if status != "kept":
            return row, [], False
        return self._measure(row, x, y, target)

    def _measure(self, row, x, y, target):
        unit, after = self.distances.unit, self.predictions.get(y)
        row["valid"] = after == target
        d = self.distances.between(x, y)
        m, near = self.nearest(x, target)
        row["distance"] = d * unit
        if self.askings is not None:
            share, row["askings"] = self.askings[y]
            row["probability"] = share if target == self.options[1] else 1 - share
        if m is not None:
            row["nearest_distance"] = m * unit
        exact = row["valid"] and m is not None and abs(d - m) <= self.distances.slack
        if row["valid"] and m is not None:
            row["excess"] = 0.0 if exact else (d - m) * unit
            row["relative_excess"] = 0.0 if exact else (d - m) / m if m else None
        if not row["valid"]:
            b, _ = self.nearest(y, next(option for option in self.options if option != after))
            if b is not None:
                row["shortfall"] = b * unit
                row["relative_shortfall"] = b / m if m else None
        return row, near, exact

    def _nearest(self, point, option):
        points = self.points[option]
        return self.distances.nearest(point, points) if points else (None, [])

    def _status(self, before, y):
        if before is None:
            return "no_prediction"
        if y is None:
            return "off_grid"
        return "no_prediction_at_sce" if self.predictions.get(y) is None else "kept"

    def _target(self, sce):
        before = self.predictions[sce["point_id"]]
        if sce["target"] is not None or before is None:
            return sce["target"]
        return next(option for option in self.options if option != before)


def check_distances(stored: Stored, sces: list[dict], by_metric: dict[str, Rows], findings: Findings):
    """Compare the artifact with the SCEs measured anew. Returns these, with ``exact`` (d = m) besides."""
    expected, near = [], {}
    keys = ("condition", "metric", "point_id", *(("sample",) if sces and "sample" in sces[0] else ()))
    for rows in by_metric.values():
        for sce in sces:
            row, points, exact = rows.row(sce)
            expected.append(row | {"exact": exact})
            near[tuple(row[key] for key in keys)] = points
    known = [row for row in stored.rows if row["metric"] in by_metric]
    shown = [{k: v for k, v in row.items() if k != "exact"} for row in expected]
    findings.rows(stored.path, keys, known, shown, "distances")
    for row in known:
        points = near.get(tuple(row[key] for key in keys), [])
        _check_nearest(stored.path, row, points, by_metric[row["metric"]].distances, findings)
    return expected


def _check_nearest(path, row, points, distances, findings):
    """The nearest point is the first of those equally near; any of them where distances are not exact."""
    found = row["nearest_point_id"]
    if points and distances.unit == 1.0 and found in points:
        return
    findings.equal(
        path, f"row {row['condition']} / {row['metric']} / {row['point_id']}, nearest_point_id",
        found, min(points, default=None), "distances",
    )  # fmt: skip
