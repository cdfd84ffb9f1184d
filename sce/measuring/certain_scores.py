"""Scores over rows of which some are known within bounds alone.

A score is then known within bounds too: it rises with the value of each row, so its least value is that of
the rows' lower ends, and its greatest that of the upper ones. This interval of certainty says what was not
asked; the one of sampling says which starts were drawn. They are kept apart: where a score is not certain it
has no value, hence no interval of sampling.
"""

import numpy as np
import pandas as pd

from sce.measuring import scores

ENDS = {"low": "high", "high": "low"}


def score(distances: pd.DataFrame, seed: int, resamples: int = scores.RESAMPLES) -> pd.DataFrame:
    """The ``scores_in_part`` artifact of a ``distances_in_part`` one: that of ``scores.score`` with columns
    ``certain_low`` and ``certain_high``; null: no such bound. Where the bounds differ there is no value, and
    the reason names them."""
    low, high = (scores.score(_with_ends(distances, end), seed, resamples) for end in ENDS)
    certain = {"certain_low": low["value"], "certain_high": high["value"]}
    # A row without one of the bounds leaves a score without a bound, not with that of fewer rows.
    whole = (low["n"] == high["n"]) & (low["value"].isna() == high["value"].isna())
    table = low.assign(**{name: values.where(whole) for name, values in certain.items()})
    same = whole & (low["value"].fillna(0) == high["value"].fillna(0))
    differ = [
        f"between {a:.4g} and {b:.4g}: not all was asked" if pd.notna(a) else "not enough was asked"
        for a, b in zip(table["certain_low"], table["certain_high"], strict=True)
    ]
    table["reason"] = table["reason"].where(same, pd.Series(differ, index=table.index))
    for name in ("value", "low", "high"):
        table[name] = table[name].where(same)
    return table


def _with_ends(rows, end):
    """The rows as they would be, were all that is uncertain at its lower or its upper end."""
    near, far = rows[f"nearest_{ENDS[end]}"], rows[f"nearest_{end}"]
    valid = rows["valid"].astype("boolean").fillna(False).to_numpy(bool)
    with np.errstate(divide="ignore"):
        relative = (rows["distance"] / near - 1).where(valid)
        shortfall = rows[f"shortfall_{end}"]
        return rows.assign(
            nearest_distance=far,
            excess=rows[f"excess_{end}"],
            relative_excess=relative,
            shortfall=shortfall,
            relative_shortfall=shortfall / near,
        )
