"""Does the boundary depend on how the question is worded? Agreement of the wordings at every grid point, the
majority boundary, and what becomes of the same SCEs when that one judges them."""

import numpy as np
import pandas as pd

from sce.grids.datasets import Dataset
from sce.measuring import outcomes
from sce.reading.responses import features_at

BOUNDARY, METRIC = "boundary", "wordings"  # what the lines of the table are about, where scores have both


def points(dataset: Dataset, boundary: pd.DataFrame) -> pd.DataFrame:
    """The ``consistency`` artifact: a row per grid point, from the ``boundary`` artifact of many wordings.

    ``wordings``: those with a prediction there. ``agreement``: the share of them that give the commoner one.
    ``majority``: that prediction, null where the wordings are even or none has one. ``main``: of the first
    wording. ``probability_1``: the mean probability of the second option over the ``probabilities`` wordings
    whose log-probabilities tell one.
    """
    ids = np.arange(dataset.size)
    votes = np.column_stack([_count(boundary, ids, option) for option in dataset.options])
    total, most = votes.sum(axis=1), votes.max(axis=1)
    majority = np.array(dataset.options, dtype=object)[votes.argmax(axis=1)]
    majority[votes[:, 0] == votes[:, 1]] = None
    main = boundary[boundary["question"] == boundary["question"].iloc[0]].set_index("point_id")["prediction"]
    probability = boundary.groupby("point_id")["probability_1"].agg(["mean", "count"]).reindex(ids)
    return pd.DataFrame(
        {
            "point_id": ids,
            **features_at(dataset, ids),
            "wordings": total,
            "agreement": np.divide(most, total, out=np.full(len(ids), np.nan), where=total > 0),
            "majority": majority,
            "main": main.reindex(ids).to_numpy(dtype=object),
            "probability_1": probability["mean"].to_numpy(dtype=float, na_value=np.nan),
            "probabilities": probability["count"].fillna(0).to_numpy(dtype=np.int64),
        }
    )


def scores(found: pd.DataFrame, sce: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Outcomes, from the ``consistency`` and the ``sce`` artifacts.

    Of the boundary: the mean ``agreement``, the shares of points where it is ``unanimous`` and where the
    wordings are ``even``, and ``main_is_majority``, the share whose main prediction is the majority's. Of
    every condition, over SCEs at which both boundaries have a prediction: ``validity_main`` and
    ``validity_majority``; and of its valid and its invalid SCEs (by the main wording) the share that lies
    where wordings disagree.
    """
    asked = found[found["wordings"] > 0]
    both = asked[asked["main"].notna() & asked["majority"].notna()]
    of_boundary = {
        "agreement": asked["agreement"],
        "unanimous": asked["agreement"] == 1,
        "even": asked["majority"].isna(),
        "main_is_majority": both["main"] == both["majority"],
    }
    lines = [_line(BOUNDARY, name, values, seed, resamples) for name, values in of_boundary.items()]
    for condition, rows in sce.groupby("condition", sort=False):
        landed = rows[(rows["status"] == "ok") & rows["sce_point_id"].notna()]
        there = found.set_index("point_id").loc[landed["sce_point_id"].astype(int)]
        target = landed["target"].to_numpy()
        judged = (there["main"].notna() & there["majority"].notna()).to_numpy()
        valid = (there["main"] == target)[judged]
        uncertain = (there["agreement"] < 1)[judged]
        of_sces = {
            "validity_main": valid,
            "validity_majority": (there["majority"] == target)[judged],
            "valid_uncertain": uncertain[valid],
            "invalid_uncertain": uncertain[~valid],
        }
        lines += [_line(condition, name, values, seed, resamples) for name, values in of_sces.items()]
    return outcomes.table(lines)


def _line(condition, name, values, seed, resamples):
    return outcomes.mean(condition, METRIC, name, values.astype(float), seed, resamples)


def _count(boundary, ids, option):
    """(N,) number of wordings that predict ``option``."""
    given = boundary.loc[boundary["prediction"] == option, "point_id"]
    return np.bincount(given.to_numpy(dtype=np.int64), minlength=len(ids))
