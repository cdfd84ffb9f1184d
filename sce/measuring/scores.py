"""Scores of measured rows with 95% bootstrap intervals, and paired differences (design 4).

The intervals are percentile intervals of the Poisson bootstrap: every kept row of a condition enters a
resample k times, k being Poisson distributed with mean 1, independently of the others. That is drawing rows
anew with replacement, but for a total number of draws that varies a little (Hanley and MacGibbon, Computer
Methods and Programs in Biomedicine 83, 2006), and needs no sorting or counting of draws. Given the number of
draws, a median needs one random order statistic; in large tables it is enough to draw how often each value
comes up.
"""

import math
import zlib
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.statuses import ROW_STATUSES

RESAMPLES = 1000
LEVEL = 0.95
FEW = 8_000  # rows up to which every row has its own draw
DRAWS = 2**16  # draws made at a time: they stay in the processor's cache
PRODUCT = (
    2**18
)  # multiplications at a time: more would start threads, which wait for each other on busy machines
BINS = 256  # values told apart in a larger table
# Poisson(1) by table, from 16 random bits: entry i is the quantile of (i + 1/2) / 2^16.
POISSON = np.searchsorted(
    np.cumsum([math.exp(-1) / math.factorial(k) for k in range(20)]), (np.arange(2**16) + 0.5) / 2**16
).astype(float)
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
PAIRED = {"validity": "valid", "mean_distance": "distance", "mean_excess": "excess"}


# --- scores of one table ---


def score(distances: pd.DataFrame, seed: int, resamples: int = RESAMPLES) -> pd.DataFrame:
    """The ``scores`` artifact of a ``distances`` one: every score of design 4 and the counts by status.

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
        intervals = _intervals(kept, values, resamples, _generator(seed, condition, metric))
        for name, (value, n, reason) in values.items():
            lines.append((condition, metric, name, value, *intervals.get(name, (None, None)), n, reason))
        for status, count in counts(rows).items():
            lines.append((condition, metric, f"n_{status}", count, None, None, len(rows), None))
    return _table(lines, ["condition", "metric", "score", "value", "low", "high", "n", "reason"])


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
    """The n kept rows of one condition and metric by point_id, so that their order in the table is no matter.

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
    """Design 4; a shortfall that no row has counts 0."""
    return validity * excess + (1 - validity) * np.nan_to_num(shortfall)


def _why_undefined(kept, which, rows):
    if rows["kept"] == 0:
        return "no kept rows"
    if rows["valid"] == 0 and len(kept.defined("nearest_distance")) == 0:
        return NO_BOUNDARY
    return f"undefined on all {which} rows" if rows[which] else f"no {which} rows"


# --- intervals ---


def _generator(seed, *names):
    return np.random.default_rng([seed, zlib.crc32("\0".join(map(str, names)).encode())])


def _intervals(kept, values, resamples, rng):
    """Score -> (low, high) for every score that has a value."""
    if kept.n == 0:
        return {}
    used = ["kept", "valid", "exact", *dict.fromkeys(column for _, column, _ in AVERAGES.values())]
    drawn, means = _resample({name: kept.columns[name] for name in used}, resamples, rng)
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
            replicates[name] = _drawn_medians(np.sort(kept.defined(column)), drawn[column], rng)
    for name, (excess, shortfall) in TOTALS.items():
        replicates[name] = _total(replicates["validity"], replicates[excess], replicates[shortfall])
    if len(kept.off_grid):
        share, whole, _ = values["validity_with_off_grid"]
        replicates["validity_with_off_grid"] = rng.binomial(whole, share, resamples) / whole
    return {name: _percentiles(replicates[name]) for name in replicates if values[name][0] is not None}


def _percentiles(replicates):
    replicates = replicates[~np.isnan(replicates)]
    if len(replicates) == 0:
        return None, None
    return tuple(np.quantile(replicates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist())


def _resample(columns, resamples, rng):
    """Draw the rows of a table anew, ``resamples`` times.

    ``columns``: name -> float (n,), NaN where undefined. Returns two dicts name -> (resamples,): how many of
    the rows drawn have a value in the column, and their mean (NaN without any).
    """
    values = np.column_stack(list(columns.values()))
    defined = ~np.isnan(values)
    if len(values) <= FEW:
        drawn, sums = _drawn_rows(defined, np.where(defined, values, 0.0), resamples, rng)
    else:
        drawn = _drawn_kinds(defined, resamples, rng)
        pairs = [(values[defined[:, i], i], drawn[:, i]) for i in range(values.shape[1])]
        sums = np.column_stack([_drawn_sums(own, many, rng) for own, many in pairs])
    means = np.divide(sums, drawn, out=np.full(sums.shape, np.nan), where=drawn > 0)
    return dict(zip(columns, drawn.T, strict=True)), dict(zip(columns, means.T, strict=True))


def _drawn_rows(defined, values, resamples, rng):
    """How many defined values each resample has and what they add up to: two arrays (resamples, columns)."""
    both = np.hstack([defined, values])
    n, width = both.shape
    rows = min(resamples, max(2, PRODUCT // both.size))
    often = np.empty((min(-(-resamples // rows), max(1, DRAWS // (rows * n))), rows, n))
    blocks = -(-resamples // (len(often) * rows))
    result = np.empty((blocks, len(often), rows, width))
    for block in result:
        bits = rng.integers(0, 2**16, often.shape, dtype=np.uint16)
        np.matmul(POISSON.take(bits, out=often, mode="clip"), both, out=block)
    drawn, sums = np.hsplit(result.reshape(-1, width)[:resamples], 2)
    return drawn.astype(np.int64), sums


def _drawn_kinds(defined, resamples, rng):
    """How many defined values each resample has (resamples, columns), by kinds of rows defined alike."""
    bits = 1 << np.arange(defined.shape[1])
    of_kind = np.bincount(defined @ bits)
    kinds = np.flatnonzero(of_kind)
    return rng.poisson(of_kind[kinds], (resamples, len(kinds))) @ (kinds[:, None] & bits > 0)


def _drawn_sums(values, many, rng):
    """Sums of ``many`` (resamples,) draws with replacement from ``values``.

    Values are told apart up to BINS of them. A table with more is cut into as many bins of neighbours: how
    often each bin comes up is drawn, its values add up normally distributed with their own mean and variance.
    """
    if len(values) == 0:
        return np.zeros(len(many))
    levels, weights = np.unique(values, return_counts=True)
    bins = np.arange(len(levels))
    if len(levels) > BINS:
        bins = (np.cumsum(weights) - 1) * BINS // len(values)
    total = np.bincount(bins, weights)
    some = total > 0
    mean = np.bincount(bins, weights * levels)[some] / total[some]
    offset = levels - mean[np.cumsum(some)[bins] - 1]
    variance = np.bincount(bins, weights * offset**2)[some] / total[some]
    often = rng.multinomial(many, total[some] / len(values))
    return often @ mean + np.sqrt(often @ variance) * rng.standard_normal(len(many))


def _drawn_medians(ordered, many, rng):
    """Medians of ``many`` (resamples,) draws with replacement from the sorted values ``ordered``; NaN for 0.

    A draw is the value at a uniform random place, so the k-th smallest of m draws stands at the k-th smallest
    of m uniform numbers, which is Beta(k, m - k + 1) distributed; given it, the one before stands at
    U^(1/(k-1)) times its place.
    """
    result = np.full(len(many), np.nan)
    some = many > 0
    many = many[some]
    half = many // 2
    upper = rng.beta(half + 1, many - half)
    before = upper * rng.random(len(many)) ** (1 / np.maximum(half, 1))
    lower = np.where(many % 2 == 0, before, upper)
    at = [np.minimum(place * len(ordered), len(ordered) - 1).astype(np.int64) for place in (lower, upper)]
    result[some] = (ordered[at[0]] + ordered[at[1]]) / 2
    return result


# --- differences ---


def paired_differences(tables: dict, seed: int, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Differences between measured tables, point by point: conditions of a model, or models on a dataset.

    tables: label -> ``distances`` rows of one condition, with one row per point and metric. A label is a text
    or a tuple of texts, such as (model, condition), which are then joined by " / ".

    Returns for every pair of labels (a before b, as given) and metric in both: the mean of a minus b in
    validity and distance over the points kept in both, and in excess over the points valid in both, with its
    95% interval over points and their number n; where there is no such point, a reason instead.
    Raises InputError where a table has a point twice.
    """
    indexed = {_label(label): _by_point(_label(label), rows) for label, rows in tables.items()}
    lines = []
    for a, b in combinations(indexed, 2):
        for metric in sorted(indexed[a].keys() & indexed[b].keys()):
            left, right = indexed[a][metric].align(indexed[b][metric], join="inner", axis=0)
            rng = _generator(seed, metric, a, b)
            differences = {name: (left[name] - right[name]).to_numpy() for name in PAIRED.values()}
            _, means = _resample(differences, resamples, rng) if len(left) else (None, {})
            for name, column in PAIRED.items():
                values = differences[column][~np.isnan(differences[column])]
                if len(values):
                    line = (float(values.mean()), *_percentiles(means[column]), len(values), None)
                else:
                    reason = "no point is valid in both" if column == "excess" else "no point is kept in both"
                    line = (None, None, None, 0, reason)
                lines.append((metric, name, a, b, *line))
    return _table(lines, ["metric", "score", "a", "b", "difference", "low", "high", "n", "reason"])


def _label(label):
    return label if isinstance(label, str) else " / ".join(label)


def _by_point(label, rows):
    """Metric -> the kept rows by point_id in increasing order, with the columns of PAIRED as floats."""
    kept = rows[rows["status"] == "kept"]
    twice = kept.duplicated(["metric", "point_id"])
    if twice.any():
        point = int(kept.loc[twice, "point_id"].iloc[0])
        raise InputError(f"distances of {label}", "point_id", point, "one row per point and metric")
    numbers = pd.DataFrame(
        {column: kept[column].to_numpy(dtype=float, na_value=np.nan) for column in PAIRED.values()},
        index=kept["point_id"].to_numpy(dtype=np.int64),
    )
    return {metric: part.sort_index() for metric, part in numbers.groupby(kept["metric"].to_numpy())}


def _table(lines, columns):
    table = pd.DataFrame(lines, columns=columns)
    kinds = {"n": "Int64", "reason": "str"}
    kinds |= {name: float for name in ("value", "difference", "low", "high") if name in columns}
    return table.astype(kinds)
