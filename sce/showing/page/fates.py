"""What became of every SCE that could have been asked for: one of FATES."""

import numpy as np
import pandas as pd

# fate -> what a reader is told of it. Its place is its code in the page's arrays.
FATES = {
    "minimal": "valid, and no valid point is nearer",
    "too_far": "valid, but farther than needed",
    "too_near": "not valid: nearer than the nearest valid point",
    "astray": "not valid, though as far as needed",
    "no_boundary": "not valid: the model predicts the same everywhere",
    "unjudged": "no prediction at the SCE",
    "off_grid": "a record, but no point of the grid",
    "unreadable": "no complete record in the reply",
    "unanswered": "request failed, reply cut off or refused",
    "not_asked": "not asked: no prediction at the start",
}
CODES = {fate: code for code, fate in enumerate(FATES)}
OF_STATUS = {
    "no_prediction_at_sce": "unjudged",
    "off_grid": "off_grid",
    "unparseable_sce": "unreadable",
    "missing_feature": "unreadable",
    "request_failed": "unanswered",
    "truncated": "unanswered",
    "refused": "unanswered",
    "no_prediction": "not_asked",
}
# What a row has to pass, and the fates of the rows that do not.
STAGES = {
    "asked": ["not_asked"],
    "answered": ["unanswered"],
    "read": ["unreadable"],
    "on the grid": ["off_grid"],
    "judged": ["unjudged"],
    "valid": ["no_boundary", "astray", "too_near"],
    "minimal": ["too_far"],
}


def fates(distances: pd.DataFrame) -> np.ndarray:
    """The code of every row's fate in a ``distances`` artifact: integers of shape (rows,)."""
    status = distances["status"].to_numpy(dtype=object)
    valid = distances["valid"].to_numpy(dtype=bool, na_value=False)
    d, m, excess = (distances[c].to_numpy(float) for c in ("distance", "nearest_distance", "excess"))
    kept = status == "kept"
    found = np.array([CODES[OF_STATUS.get(each, "unjudged")] for each in status], dtype=np.int64)
    wanted = {
        "no_boundary": kept & ~valid & np.isnan(m),
        "astray": kept & ~valid & (d >= m),
        "too_near": kept & ~valid & (d < m),
        "too_far": kept & valid & (excess > 0),
        "minimal": kept & valid & ~(excess > 0),
    }
    for fate, rows in wanted.items():
        found[rows] = CODES[fate]
    return found


def count(distances: pd.DataFrame) -> list[dict]:
    """How many rows came to each fate: a record per condition and metric with ``counts``, in FATES' order."""
    coded = distances.assign(fate=fates(distances))
    return [
        {
            "condition": condition,
            "metric": metric,
            "counts": np.bincount(rows["fate"], minlength=len(FATES)).tolist(),
        }
        for (condition, metric), rows in coded.groupby(["condition", "metric"], sort=False)
    ]
