"""Tests over a study: two conditions or models on the same points, families of tests, ranks, the pattern.

Sources: McNemar, Psychometrika 12, 1947; Holm, Scandinavian Journal of Statistics 6, 1979; Benjamini and
Hochberg, JRSS B 57, 1995; Berger, Technometrics 24, 1982, for a hypothesis of two parts; Mogstad, Romano,
Shaikh and Wilhelm, Review of Economic Studies 91, 2024, for ranks.
"""

import numpy as np
import pandas as pd

FAMILY = ["dataset", "metric", "score"]
PATTERN = ("unconstrained", "minimal")
LEVEL = 0.05  # of a test, as the intervals of 95% have it


def mcnemar(a, b) -> float | None:
    """McNemar's exact p for two verdicts (n,) each on the same rows; None where they never differ.

    It takes rows for independent, which holds where hardly any share an x'.
    """
    from scipy.special import bdtr  # takes a while, which no reading of the Snakefile should pay

    a, b = np.asarray(a, bool), np.asarray(b, bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    differ = only_a + only_b
    return float(min(1.0, 2 * bdtr(min(only_a, only_b), differ, 0.5))) if differ else None


def holm(p) -> np.ndarray:
    """p values such that the chance of any false rejection in the family stays below the level; NaN stays."""
    p = np.asarray(p, float)
    order = np.argsort(p)  # NaN last
    many = int((~np.isnan(p)).sum())
    result = np.full(len(p), np.nan)
    steps = p[order[:many]] * np.arange(many, 0, -1)
    result[order[:many]] = np.minimum(1.0, np.maximum.accumulate(steps)) if many else steps
    return result


def benjamini_hochberg(p) -> np.ndarray:
    """p values such that the expected share of false ones among the rejections stays below the level."""
    from scipy.stats import false_discovery_control

    p = np.asarray(p, float)
    some = ~np.isnan(p)
    result = np.full(len(p), np.nan)
    if some.any():
        result[some] = false_discovery_control(p[some])
    return result


def adjust(differences: pd.DataFrame) -> pd.DataFrame:
    """The ``differences`` with p_holm and p_bh: a family is one score of one dataset under one metric, over
    all the pairs that are compared."""
    adjusted = differences.assign(p_holm=np.nan, p_bh=np.nan)
    for _, rows in differences.groupby(FAMILY, sort=False).groups.items():
        p = differences.loc[rows, "p"].to_numpy(float, na_value=np.nan)
        adjusted.loc[rows, "p_holm"], adjusted.loc[rows, "p_bh"] = holm(p), benjamini_hochberg(p)
    return adjusted


def ranks(values: dict[str, float], compared: pd.DataFrame) -> pd.DataFrame:
    """The rank of each label by ``values`` (the largest first), and the ranks that it may have.

    compared: rows of ``adjust`` of one family for the pairs of labels, a minus b. A label ranks surely below
    those that are significantly larger (Holm), and above those that are significantly smaller.
    """
    ordered = sorted(values, key=values.get, reverse=True)
    sure = compared[compared["p_holm"] < LEVEL]
    larger = sure["a"].where(sure["difference"] > 0, sure["b"])
    smaller = sure["b"].where(sure["difference"] > 0, sure["a"])
    lines = [
        {
            "label": label,
            "value": values[label],
            "rank": 1 + sum(values[other] > values[label] for other in ordered),
            "best": 1 + int((smaller == label).sum()),
            "worst": len(ordered) - int((larger == label).sum()),
        }
        for label in ordered
    ]
    return pd.DataFrame(lines, columns=["label", "value", "rank", "best", "worst"])


def pattern(differences: pd.DataFrame) -> pd.DataFrame:
    """The published pattern, tested for each model, dataset and metric: SCEs asked for without constraint are
    valid more often *and* farther away than minimal ones.

    differences: rows of the ``differences`` artifact. Both parts have to hold, so p is the larger of the two
    one-sided ones; p_holm over all lines of the table. ``holds`` at LEVEL by that.
    """
    lines = []
    for (dataset, metric), rows in differences.groupby(["dataset", "metric"], sort=True):
        for model, parts in _both_parts(rows).items():
            found = [parts.get(score) for score in ("validity", "mean_distance")]
            if None in found or any(np.isnan(p) for _, p in found):
                continue
            one_sided = [p / 2 if value > 0 else 1 - p / 2 for value, p in found]
            lines.append((model, dataset, metric, found[0][0], found[1][0], max(one_sided)))
    table = pd.DataFrame(lines, columns=["model", "dataset", "metric", "validity", "mean_distance", "p"])
    adjusted = holm(table["p"])
    return table.assign(p_holm=adjusted, holds=adjusted < LEVEL)


def _both_parts(rows):
    """Model -> score -> (the difference unconstrained minus minimal, its p)."""
    found = {}
    for row in rows.itertuples():
        (model, first), (other, second) = row.a.rsplit(" / ", 1), row.b.rsplit(" / ", 1)
        if model == other and {first, second} == set(PATTERN) and pd.notna(row.difference):
            sign = 1 if first == PATTERN[0] else -1
            p = np.nan if pd.isna(row.p) else float(row.p)
            found.setdefault(model, {})[row.score] = (sign * row.difference, p)
    return found
