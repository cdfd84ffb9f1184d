"""Does the boundary depend on how the question is worded? Agreement of the wordings at every grid point, the
majority boundary, and the validity of the same SCEs judged by it."""

import importlib

import numpy as np
import pandas as pd

from sce.experiments.kind import Kind
from sce.files.artifacts import FLOAT, INT, TEXT
from sce.grids.datasets import Dataset
from sce.measuring import outcomes, possible
from sce.reading.responses import features_at

BOUNDARY, METRIC = "boundary", "wordings"  # what the lines of the table are about, where scores have both


class Consistency(Kind):
    """Experiments with several wordings of the question.

    Of the boundary, over points with a prediction: the mean ``agreement``, the shares of points where it is
    ``unanimous`` and where the wordings are ``even``, and ``main_is_majority``, the share whose main
    prediction is the majority's. Of every condition, over SCEs at which both boundaries have a prediction:
    ``validity_main`` and ``validity_majority``; and of its valid and its invalid SCEs (by the main wording)
    the share that lies where wordings disagree, ``valid_uncertain`` and ``invalid_uncertain``.
    """

    name = "consistency"
    draws_with = "sce.showing.consistency_figure"
    needs = ("points", "sce")
    points_columns = {
        "point_id": INT,
        "features": FLOAT,
        "wordings": INT,
        "agreement": FLOAT,
        "majority": TEXT,
        "main": TEXT,
        "probability_1": FLOAT,
        "probabilities": INT,
    }
    maps_with = "sce.showing.consistency_map"

    def subjects(self, experiment, config, find):
        return [BOUNDARY, *experiment.conditions] if len(experiment.questions) > 1 else []

    def points(self, dataset: Dataset, boundary: pd.DataFrame) -> pd.DataFrame:
        """A row per grid point, from the ``boundary`` artifact of many wordings.

        ``wordings``: those with a prediction there. ``agreement``: the share of them that give the commoner
        one. ``majority``: that prediction, null where the wordings are even or none has one. ``main``: of the
        first wording. ``probability_1``: the mean probability of the second option over the ``probabilities``
        wordings whose log-probabilities give one.
        """
        ids = np.arange(dataset.size)
        votes = np.column_stack([_count(boundary, ids, option) for option in dataset.options])
        total, most = votes.sum(axis=1), votes.max(axis=1)
        majority = np.array(dataset.options, dtype=object)[votes.argmax(axis=1)]
        majority[votes[:, 0] == votes[:, 1]] = None
        first = boundary[boundary["question"] == boundary["question"].iloc[0]]
        main = first.set_index("point_id")["prediction"]
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

    def measure(self, given):
        points = given.tables["points"]
        lines = []
        for name, values in _of_boundary(points).items():
            about = given.scoring | {"points": points["point_id"].loc[values.index]}
            lines.append(_share(BOUNDARY, name, values, about))
        for condition, rows in given.tables["sce"].groupby("condition", sort=False):
            for name, values in _of_sces(points, rows).items():
                its = rows.loc[values.index]
                about = given.scoring | {"points": its["point_id"], "found": its["sce_point_id"]}
                lines.append(_share(condition, name, values, about))
        return outcomes.table(lines)

    def map(self, dataset, points, model, style):
        return importlib.import_module(self.maps_with).consistency_map(dataset, points, model, style)

    def map_caption(self, dataset, points, model):
        return importlib.import_module(self.maps_with).caption(dataset, points, model)


def _share(subject, name, values, about):
    return outcomes.mean(subject, METRIC, name, values.astype(float), **about, within=possible.SHARE)


def _of_boundary(points):
    """Score -> its values, by the index of their points."""
    asked = points[points["wordings"] > 0]
    both = asked[asked["main"].notna() & asked["majority"].notna()]
    return {
        "agreement": asked["agreement"],
        "unanimous": asked["agreement"] == 1,
        "even": asked["majority"].isna(),
        "main_is_majority": both["main"] == both["majority"],
    }


def _of_sces(points, sces):
    """Score -> its values, by the index of their rows."""
    landed = sces[(sces["status"] == "ok") & sces["sce_point_id"].notna()]
    there = points.set_index("point_id").loc[landed["sce_point_id"].astype(int)].set_axis(landed.index)
    target = landed["target"]
    judged = there["main"].notna() & there["majority"].notna()
    valid = (there["main"] == target)[judged]
    uncertain = (there["agreement"] < 1)[judged]
    return {
        "validity_main": valid,
        "validity_majority": (there["majority"] == target)[judged],
        "valid_uncertain": uncertain[valid],
        "invalid_uncertain": uncertain[~valid],
    }


def _count(boundary, ids, option):
    """(N,) number of wordings that predict ``option``."""
    given = boundary.loc[boundary["prediction"] == option, "point_id"]
    return np.bincount(given.to_numpy(dtype=np.int64), minlength=len(ids))


KIND = Consistency()
