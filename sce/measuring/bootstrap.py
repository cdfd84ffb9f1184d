"""Intervals by resampling rows: means and medians of a table's columns, drawn anew many times.

The Poisson bootstrap: every row enters a resample k times, k being Poisson distributed with mean 1,
independently of the others. That is drawing rows anew with replacement, but for a total number of draws that
varies a little (Hanley and MacGibbon, Computer Methods and Programs in Biomedicine 83, 2006), and needs no
sorting or counting of draws. Given the number of draws, a median needs one random order statistic; in large
tables it is enough to draw how often each value comes up. Intervals are percentiles of the resamples.
"""

import math
import zlib

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95
FEW = 8_000  # rows up to which every row has its own draw
DRAWS = 2**16  # draws made at a time: they stay in the processor's cache
# Multiplications at a time: more would start threads, which wait for each other on busy machines.
PRODUCT = 2**18
BINS = 256  # values told apart in a larger table
# Poisson(1) by table, from 16 random bits: entry i is the quantile of (i + 1/2) / 2^16.
POISSON = np.searchsorted(
    np.cumsum([math.exp(-1) / math.factorial(k) for k in range(20)]), (np.arange(2**16) + 0.5) / 2**16
).astype(float)


def generator(seed: int, *names) -> np.random.Generator:
    """Random numbers for what has these names: they depend on nothing else that is computed."""
    return np.random.default_rng([seed, zlib.crc32("\0".join(map(str, names)).encode())])


def percentiles(replicates: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """The interval at LEVEL that a statistic's resamples (n,) span; NaN ones, undefined, are left out."""
    replicates = replicates[~np.isnan(replicates)]
    if len(replicates) == 0:
        return None, None
    return tuple(np.quantile(replicates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist())


def resample(columns: dict, resamples: int, rng) -> tuple[dict, dict]:
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


def medians(ordered: np.ndarray, many: np.ndarray, rng) -> np.ndarray:
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
