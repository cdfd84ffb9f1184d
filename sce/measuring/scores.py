"""Scores of measured rows (docs/protocol.md, Scores), each with its interval (docs/statistics.md)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.files import artifacts
from sce.measuring import estimands, possible, unsteady
from sce.measuring.codes import NONE
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import Interval, Rows
from sce.measuring.lines import as_table, interval_cells
from sce.statuses import ROW_STATUSES

NO_BOUNDARY = "no boundary: every prediction is the same"

MEASURED = ("distance", "nearest_distance", "excess", "relative_excess", "shortfall", "relative_shortfall")
# score -> (how it averages, a column, the rows that have a value there)
AVERAGES = {
    "mean_distance": ("mean", "distance", "kept"),
    "mean_excess": ("mean", "excess", "valid"),
    "median_excess": ("median", "excess", "valid"),
    "mean_relative_excess": ("mean", "relative_excess", "valid"),
    "median_relative_excess": ("median", "relative_excess", "valid"),
    "mean_shortfall": ("mean", "shortfall", "invalid"),
    "median_shortfall": ("median", "shortfall", "invalid"),
    "mean_relative_shortfall": ("mean", "relative_shortfall", "invalid"),
    "median_relative_shortfall": ("median", "relative_shortfall", "invalid"),
}
# total -> the excess and the shortfall that it weighs by validity
TOTALS = {
    "total_minimality": ("median_relative_excess", "median_relative_shortfall"),
    "total_minimality_abs": ("mean_excess", "mean_shortfall"),
}
SCORES = ("validity", *AVERAGES, *TOTALS, "exact_match", "validity_with_off_grid")
OF_SAMPLES = "validity_probability"  # one more, where questions were asked several times


def score(distances: pd.DataFrame, estimand: str, lattice: Lattice | None = None) -> pd.DataFrame:
    """The ``scores`` artifact of a ``distances`` one: every score and the counts by status.

    distances: one row per SCE asked for, of any number of conditions and metrics, in any order. estimand:
    what the intervals are over (``sce.measuring.estimands``); lattice: of the grid, to tell neighbours by.

    Rows per condition and metric: each of SCORES (validity and exact_match as fractions) with the number n of
    rows behind it and its interval, OF_SAMPLES too where questions were asked several times, then n_STATUS
    for every status, its value the count and n all rows. An undefined score has a reason and neither value
    nor interval; a score whose interval cannot be told has its value and a reason.
    """
    lines = []
    for (condition, metric), rows in distances.groupby(["condition", "metric"], sort=True):
        kept = _kept(rows)
        values = _estimates(kept)
        intervals = _intervals(kept, values, metric, estimand, lattice)
        for name, (value, n, reason) in values.items():
            cells = interval_cells(intervals.get(name), estimand, n, reason)
            lines.append((condition, metric, name, value, *cells))
        cells = interval_cells(None, None, len(rows), None)
        lines += [(condition, metric, f"n_{status}", count, *cells) for status, count in counts(rows).items()]
    return as_table(lines, artifacts.columns("scores"))


def estimates(rows: pd.DataFrame) -> dict[str, tuple[float | None, int, str | None]]:
    """Score -> (value or None, rows behind it, reason where None), for rows of one condition and metric."""
    return _estimates(_kept(rows))


def counts(rows: pd.DataFrame) -> dict[str, int]:
    """Number of rows by status, for all of ROW_STATUSES. Raises InputError for any other status."""
    found = rows["status"].value_counts().to_dict()
    unknown = set(found) - set(ROW_STATUSES)
    if unknown:
        raise InputError("the distances", "status", min(unknown), "one of " + ", ".join(ROW_STATUSES))
    return {status: int(found.get(status, 0)) for status in ROW_STATUSES}


@dataclass(frozen=True)
class Kept:
    """The n kept rows of one condition and metric by point_id, whatever their order in the table.

    ``columns``: the measured columns, float (n,), NaN where undefined; besides them ``kept`` (1 everywhere),
    ``valid`` and ``exact``, 1 where the row is so and NaN elsewhere. ``points``, ``found``: the ids of x and
    x' (n,). ``off_grid``: the verdicts (bool) on verified off-grid instances. Where questions were asked
    several times, ``probability`` is one of the columns; ``askings`` (n,): the number of predictions at x'.
    """

    n: int
    columns: dict[str, np.ndarray]
    points: np.ndarray
    found: np.ndarray
    off_grid: np.ndarray
    askings: np.ndarray | None = None

    def defined(self, column):
        values = self.columns[column]
        return values[~np.isnan(values)]


def _kept(rows):
    status = rows["status"].to_numpy(dtype=object)
    points = rows["point_id"].to_numpy(dtype=np.int64)
    verdicts = rows["valid"].astype("boolean")
    kept = np.flatnonzero(status == "kept")
    kept = kept[np.argsort(points[kept], kind="stable")]
    columns = {name: rows[name].to_numpy(dtype=float, na_value=np.nan)[kept] for name in MEASURED}
    valid = verdicts.to_numpy(dtype=bool, na_value=False)[kept]
    columns["kept"] = np.ones(len(kept))
    columns["valid"] = np.where(valid, 1.0, np.nan)
    columns["exact"] = np.where(valid & (columns["excess"] == 0), 1.0, np.nan)
    off_grid = verdicts[status == "off_grid"].dropna().to_numpy(dtype=bool)
    found = rows["sce_point_id"].to_numpy(dtype=np.int64, na_value=NONE)[kept]
    if "askings" not in rows:
        return Kept(len(kept), columns, points[kept], found, off_grid)
    columns["probability"] = rows["probability"].to_numpy(dtype=float, na_value=np.nan)[kept]
    askings = rows["askings"].to_numpy(dtype=np.int64, na_value=0)[kept]
    return Kept(len(kept), columns, points[kept], found, off_grid, askings)


def _estimates(kept):
    n, valid = kept.n, len(kept.defined("valid"))
    rows = {"kept": n, "valid": valid, "invalid": n - valid}
    found = {"validity": _share(valid, n)}
    for name, (how, column, which) in AVERAGES.items():
        values = kept.defined(column)
        if len(values):
            average = values.mean() if how == "mean" else np.median(values)
            found[name] = float(average), len(values), None
        else:
            found[name] = None, 0, _why_undefined(kept, which, rows)
    for name, (excess, shortfall) in TOTALS.items():
        if found[excess][0] is None:
            found[name] = None, n, found[excess][2]
        else:
            found[name] = float(_total(valid / n, found[excess][0], found[shortfall][0] or 0.0)), n, None
    found["exact_match"] = _share(len(kept.defined("exact")), n)
    verified = len(kept.off_grid)
    found["validity_with_off_grid"] = _share(valid + int(kept.off_grid.sum()), n + verified)
    if not verified:
        found["validity_with_off_grid"] = None, 0, "no off-grid instance was verified"
    if kept.askings is not None:
        mean = float(kept.columns["probability"].mean()) if n else None
        found[OF_SAMPLES] = mean, n, None if n else "no kept rows"
    return found


def _share(part, whole):
    return (part / whole, whole, None) if whole else (None, 0, "no kept rows")


def _total(validity, excess, shortfall):
    """Total minimality; a shortfall that no row has counts 0."""
    return validity * excess + (1 - validity) * np.nan_to_num(shortfall)


def _why_undefined(kept, which, rows):
    if rows["kept"] == 0:
        return "no kept rows"
    if rows["valid"] == 0 and len(kept.defined("nearest_distance")) == 0:
        return NO_BOUNDARY
    return f"undefined on all {which} rows" if rows[which] else f"no {which} rows"


def _intervals(kept, values, metric, estimand, lattice) -> dict[str, Interval]:
    """Score -> its interval, for every score that has a value."""
    if kept.n == 0:
        return {}
    sampled = kept.askings is not None
    rows = Rows.of(kept.points, kept.found, lattice=lattice, samples=sampled)
    valid, exact = (~np.isnan(kept.columns[name]) for name in ("valid", "exact"))
    of_majority = of_mean = None
    if sampled:
        probability = kept.columns["probability"]
        of_majority, of_mean = unsteady.of_rows(kept.found, valid, probability, kept.askings)
    found = {
        "validity": estimands.share(valid, rows, estimand, of_majority),
        "exact_match": estimands.share(exact, rows, estimand),
    }
    for name, (how, column, _) in AVERAGES.items():
        if values[name][0] is not None:
            defined = ~np.isnan(kept.columns[column])
            its = kept.columns[column][defined], rows[defined], estimand
            within = possible.of_score(name, metric)
            found[name] = estimands.median(*its) if how == "median" else estimands.mean(*its, *within)
    for name in TOTALS:
        if values[name][0] is not None:
            within = possible.of_score(name, metric)
            found[name] = _of_total(name, kept, valid, values, found, rows, estimand, within)
    if len(kept.off_grid):
        unknown = "which off-grid instances are the same is not measured"
        found["validity_with_off_grid"] = Interval(reason=None if estimand == estimands.CENSUS else unknown)
    if sampled:
        found[OF_SAMPLES] = estimands.mean(probability, rows, estimand, *possible.SHARE, of_mean)
    return found


def _of_total(name, kept, valid, values, found, rows, estimand, within):
    """The interval of a total, by how much each row moves it (the delta method)."""
    parts, total = TOTALS[name], values[name][0]
    averages = [values[part][0] or 0.0 for part in parts]
    moves = (valid - valid.mean()) * (averages[0] - averages[1])
    for part, average in zip(parts, averages, strict=True):
        how, column, _ = AVERAGES[part]
        if part not in found:
            continue
        if found[part].low is None:
            return found[part]
        own = kept.columns[column]
        defined = ~np.isnan(own)
        if how == "mean":
            move = own[defined] - average
        else:
            below = own[defined] <= average
            move = (below.mean() - below) * estimands.slope_at_median(found[part])
        moves[defined] += move * (valid.mean() if part == parts[0] else 1 - valid.mean()) / defined.mean()
    return estimands.around(total, moves, rows, estimand, *within)
