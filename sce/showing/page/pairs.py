"""One model on one dataset as typed arrays: the predictions, where every SCE leads, and how far that is."""

import numpy as np
import pandas as pd

from sce.grids.datasets import Dataset
from sce.measuring import boundaries
from sce.measuring.codes import NONE
from sce.showing.page import fates
from sce.statuses import ROW_STATUSES

LARGEST = 200_000  # points; a map of more has less than a pixel for each


def arrays(
    dataset: Dataset, boundary: pd.DataFrame, sce: pd.DataFrame, distances: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Name -> an array over the N points, of a type that the page reads: uint8, int32 or float32. A missing
    whole number is -1 (255 where unsigned), another missing number NaN.

    ``prediction``: 0 or 1; ``probability``: of option 1, where any is known (``boundaries.probabilities``).
    Per condition ``target/C``: the point that the SCE is; ``status/C``: in the order of ROW_STATUSES; where
    an SCE is off the grid ``records/C`` (N x features), and ``at_sce/C`` where the model was asked about
    those. Per metric ``nearest/M`` and ``needed/M``: the nearest counterfactual and its distance. Per both
    ``fate/C/M``, ``distance/C/M`` and ``shortfall/C/M``.
    """
    size = dataset.size
    found = {"prediction": boundaries.predictions(dataset, boundary).astype(np.int16).astype(np.uint8)}
    if known := boundaries.probabilities(dataset, boundary):
        found["probability"] = known[0].astype(np.float32)
    for condition, rows in sce.groupby("condition", sort=False):
        found |= {f"{name}/{condition}": array for name, array in _said(dataset, rows).items()}
    for metric, rows in distances.groupby("metric", sort=False):
        known = rows[rows["nearest_point_id"].notna()]  # the same for every condition
        found[f"nearest/{metric}"] = _whole(size, known, "nearest_point_id")
        found[f"needed/{metric}"] = _floats(size, known, "nearest_distance")
    for (condition, metric), rows in distances.groupby(["condition", "metric"], sort=False):
        found[f"status/{condition}"] = _codes(size, rows, rows["status"].map(ROW_STATUSES.index))
        found[f"fate/{condition}/{metric}"] = _codes(size, rows, fates.fates(rows))
        for name in ("distance", "shortfall"):
            found[f"{name}/{condition}/{metric}"] = _floats(size, rows, name)
    return found


def _said(dataset, rows):
    """Where the SCEs of one condition lead."""
    found = {"target": _whole(dataset.size, rows, "sce_point_id")}
    away = rows[rows["sce_point_id"].isna() & (rows["status"] == "off_grid")]
    if len(away):
        records = np.full((dataset.size, len(dataset.features)), np.nan, dtype=np.float32)
        records[_points(away)] = away[[f"sce_{name}" for name in dataset.features]].to_numpy(np.float32)
        found["records"] = records
        if away["prediction_at_sce"].notna().any():
            options = {option: code for code, option in enumerate(dataset.options)}
            found["at_sce"] = _codes(dataset.size, away, away["prediction_at_sce"].map(options).fillna(255))
    return found


def _points(rows):
    return rows["point_id"].to_numpy(np.int64)


def _whole(size, rows, column):
    array = np.full(size, NONE, dtype=np.int32)
    array[_points(rows)] = rows[column].to_numpy(dtype=np.int64, na_value=NONE)
    return array


def _floats(size, rows, column):
    array = np.full(size, np.nan, dtype=np.float32)
    array[_points(rows)] = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return array


def _codes(size, rows, codes):
    array = np.full(size, 255, dtype=np.uint8)
    array[_points(rows)] = np.asarray(codes, dtype=np.uint8)
    return array
