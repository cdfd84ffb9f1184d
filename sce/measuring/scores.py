"""Scores of measured rows, each with its interval over rows (docs/protocol.md, Scores)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.measuring import bootstrap
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


def score(distances: pd.DataFrame, seed: int, resamples: int = bootstrap.RESAMPLES) -> pd.DataFrame:
    """The ``scores`` artifact of a ``distances`` one: every score and the counts by status.

    distances: one row per SCE asked for, of any number of conditions and metrics, in any order.
    seed: of the intervals; those of one condition and metric do not depend on what else is in the table.

    Rows per condition and metric: each of SCORES (validity and exact_match as fractions) with the number n of
    rows behind it and its interval, then n_STATUS for every status, its value the count and n all rows. An
    undefined score has a reason and neither value nor interval. Resamples in which a score is undefined (no
    valid row drawn, say) are left out of its interval.
    """
    lines = []
    for (condition, metric), rows in distances.groupby(["condition", "metric"], sort=True):
        kept = _kept(rows)
        values = _estimates(kept)
        intervals = _intervals(kept, values, resamples, bootstrap.generator(seed, condition, metric))
        for name, (value, n, reason) in values.items():
            lines.append((condition, metric, name, value, *intervals.get(name, (None, None)), n, reason))
        for status, count in counts(rows).items():
            lines.append((condition, metric, f"n_{status}", count, None, None, len(rows), None))
    return as_table(lines, ["condition", "metric", "score", "value", "low", "high", "n", "reason"])


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
    ``valid`` and ``exact``, 1 where the row is so and NaN elsewhere. ``off_grid``: the verdicts (bool) on
    verified off-grid instances.
    """

    n: int
    columns: dict[str, np.ndarray]
    off_grid: np.ndarray

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
    return Kept(len(kept), columns, off_grid)


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


def _intervals(kept, values, resamples, rng):
    """Score -> (low, high) for every score that has a value."""
    if kept.n == 0:
        return {}
    used = ["kept", "valid", "exact", *dict.fromkeys(column for _, column, _ in AVERAGES.values())]
    drawn, means = bootstrap.resample({name: kept.columns[name] for name in used}, resamples, rng)
    with np.errstate(invalid="ignore"):  # a resample without any row
        replicates = {
            "validity": drawn["valid"] / drawn["kept"],
            "exact_match": drawn["exact"] / drawn["kept"],
        }
    for name, (how, column, _) in AVERAGES.items():
        if values[name][0] is None:
            replicates[name] = np.full(resamples, np.nan)
        elif how == "mean":
            replicates[name] = means[column]
        else:
            replicates[name] = bootstrap.medians(np.sort(kept.defined(column)), drawn[column], rng)
    for name, (excess, shortfall) in TOTALS.items():
        replicates[name] = _total(replicates["validity"], replicates[excess], replicates[shortfall])
    if len(kept.off_grid):
        share, whole, _ = values["validity_with_off_grid"]
        replicates["validity_with_off_grid"] = rng.binomial(whole, share, resamples) / whole
    return {
        name: bootstrap.percentiles(replicates[name]) for name in replicates if values[name][0] is not None
    }


def as_table(lines, columns) -> pd.DataFrame:
    """The lines as a table, with null where a number or a reason is None."""
    table = pd.DataFrame(lines, columns=columns)
    kinds = {"n": "Int64", "reason": "str"}
    kinds |= {name: float for name in ("value", "difference", "low", "high") if name in columns}
    return table.astype(kinds)
