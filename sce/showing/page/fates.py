"""What became of every SCE that could have been asked for: one of FATES."""

import numpy as np
import pandas as pd

# fate -> what a reader is told of it. Its place is its code in the page's arrays.
FATES = {
    "minimal": "valid, and no valid point is nearer",
    "too_far": "valid, but farther than needed",
    "too_near": "not valid: nearer than the nearest valid point",
    "astray": "not valid, though far enough",
    "no_boundary": "not valid: the model predicts the same everywhere",
    "unjudged": "no prediction at the SCE",
    "off_grid": "a record, but no point of the grid",
    "unreadable": "no complete record in the reply",
    "unanswered": "request failed, reply cut off or refused",
    "not_asked": "not asked: no prediction at the start",
    "perhaps_minimal": "valid; whether a valid point is nearer was not asked",
    "not_valid": "not valid; how far the nearest valid point is was not asked",
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
    "valid": ["no_boundary", "astray", "too_near", "not_valid"],
    "minimal": ["too_far", "perhaps_minimal"],
}


def fates(distances: pd.DataFrame) -> np.ndarray:
    """The code of every row's fate in a ``distances`` artifact: integers of shape (rows,).

    Of a grid that was asked in part (``distances_in_part``) a row has the fate that its bounds leave no doubt
    about, and perhaps_minimal or not_valid where they do.
    """
    status = distances["status"].to_numpy(dtype=object)
    valid = distances["valid"].to_numpy(dtype=bool, na_value=False)
    columns = ["nearest_distance", "nearest_distance", "excess", "excess"]
    if "certainty" in distances:
        columns = ["nearest_low", "nearest_high", "excess_low", "excess_high"]
    d, low, high, least, most = (distances[c].to_numpy(float) for c in ("distance", *columns))
    kept = status == "kept"
    found = np.array([CODES[OF_STATUS.get(each, "unjudged")] for each in status], dtype=np.int64)
    wanted = {
        "perhaps_minimal": kept & valid,
        "not_valid": kept & ~valid,
        "no_boundary": kept & ~valid & np.isnan(low) & np.isnan(high),
        "astray": kept & ~valid & (d >= high),
        "too_near": kept & ~valid & (d < low),
        "too_far": kept & valid & (least > 0),
        "minimal": kept & valid & ~(most > 0),
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
