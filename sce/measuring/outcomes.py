"""Outcomes of experiments as lines of the ``scores`` artifact: means and shares with their intervals, and
plain numbers. Every outcome, whatever it is about, has the same columns, so one rule makes all tables."""

import pandas as pd

from sce.measuring import bootstrap


def mean(condition: str, metric: str, score: str, values, seed: int, resamples: int) -> dict:
    """The mean of ``values`` (missing ones left out) with its interval over them.

    The interval depends on the seed, on the three names and on the values, not on what else is computed.
    """
    values = pd.to_numeric(pd.Series(values)).dropna().to_numpy(dtype=float)
    if not len(values):
        return number(condition, metric, score, None, 0, "no such row")
    rng = bootstrap.generator(seed, condition, metric, score)
    _, means = bootstrap.resample({"value": values}, resamples, rng)
    low, high = bootstrap.percentiles(means["value"])
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
