"""Outcomes of experiments as lines of the ``scores`` artifact: means and shares with their intervals, and
plain numbers. Every outcome, whatever it is about, has the same columns, so one rule makes all tables."""

import zlib

import numpy as np
import pandas as pd

LEVEL = 0.95
DRAWS = 2**20  # draws made at a time


def mean(condition: str, metric: str, score: str, values, seed: int, resamples: int) -> dict:
    """The mean of ``values`` (missing ones left out) with its 95% percentile bootstrap interval over them.

    The interval depends on the seed, on the three names and on the values, not on what else is computed.
    """
    values = pd.to_numeric(pd.Series(values)).dropna().to_numpy(dtype=float)
    if not len(values):
        return number(condition, metric, score, None, 0, "no such row")
    rng = np.random.default_rng([seed, zlib.crc32("\0".join((condition, metric, score)).encode())])
    block = max(1, DRAWS // len(values))
    sizes = [min(block, resamples - start) for start in range(0, resamples, block)]
    means = [values[rng.integers(0, len(values), (size, len(values)))].mean(axis=1) for size in sizes]
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return number(condition, metric, score, values.mean(), len(values)) | {"low": low, "high": high}


def number(condition: str, metric: str, score: str, value, n: int, reason: str | None = None) -> dict:
    """A value without an interval; ``reason`` says why where there is none."""
    line = {"condition": condition, "metric": metric, "score": score, "value": value}
    return line | {"low": None, "high": None, "n": n, "reason": reason}


def table(lines: list[dict]) -> pd.DataFrame:
    """The lines as a ``scores`` artifact."""
    columns = ["condition", "metric", "score", "value", "low", "high", "n", "reason"]
    floats = dict.fromkeys(["value", "low", "high"], float)
    return pd.DataFrame(lines, columns=columns).astype(floats | {"n": "Int64", "reason": object})
