"""Does it matter how the SCE is asked for? The spread of scores over the numbered wordings of a condition."""

import re

import numpy as np
import pandas as pd

from sce.measuring import outcomes

NUMBERED = re.compile(r"(.+)_\d+")
SPREAD = ("validity", "mean_excess", "exact_match")
LEVEL_WIDTH = 2 * 1.959964  # standard errors in a 95% interval of a mean


def stem(condition: str) -> str | None:
    """The condition that a numbered name rewords; None for another name."""
    match = NUMBERED.fullmatch(condition)
    return match.group(1) if match else None


def reworded(conditions: list[str]) -> list[str]:
    """Those of the conditions that reword one: of each stem, two numbers or more."""
    stems = [stem(condition) for condition in conditions]
    return [c for c, s in zip(conditions, stems, strict=True) if s and stems.count(s) > 1]


def spread(scores: pd.DataFrame) -> pd.DataFrame:
    """The spread of each of SPREAD over the wordings of a condition, from a ``scores`` artifact.

    For a score S, over the wordings that have it: ``S_mean``, ``S_sd`` (between wordings), ``S_min``,
    ``S_max``, and ``S_se``, the mean standard error of a single wording as its interval tells it: wordings
    matter where the first is well above the second. n counts wordings.
    """
    scores = scores[scores["condition"].isin(reworded(list(scores["condition"].unique())))]
    lines = []
    stems = scores["condition"].map(stem)
    for (name, metric), rows in scores.groupby([stems, "metric"], sort=False):
        for score in SPREAD:
            found = rows[(rows["score"] == score) & rows["value"].notna()]
            values = found["value"].to_numpy(dtype=float)
            width = (found["high"] - found["low"]).to_numpy(dtype=float, na_value=np.nan)
            for what, value in _summary(values, width).items():
                reason = None if value is not None else "too few wordings with this score"
                lines.append(outcomes.number(name, metric, f"{score}_{what}", value, len(values), reason))
    return outcomes.table(lines)


def _summary(values, width):
    known = width[~np.isnan(width)]
    return {
        "mean": values.mean() if len(values) else None,
        "sd": values.std(ddof=1) if len(values) > 1 else None,
        "min": values.min() if len(values) else None,
        "max": values.max() if len(values) else None,
        "se": known.mean() / LEVEL_WIDTH if len(known) else None,
    }
