"""Measures every SCE: its distances to its start and to the boundary, whether it is valid, and the status of
its row."""

import numpy as np
import pandas as pd

from sce import statuses
from sce.errors import InputError
from sce.measuring.codes import NONE, for_every_point
from sce.measuring.metrics import space


def measure(dataset, predictions, sces, metric: str, embeddings=None, as_published=False) -> pd.DataFrame:
    """The ``distances`` artifact: one row per row of ``sces``, in its order (docs/protocol.md, Scores).

    predictions: integers (N,), the index of the option predicted at every grid point, NONE where there is
    none.
        Codes above 1 stand for answers outside the options, which only published files have: such rows count
        in validity and mean distance and nowhere else.
    sces: columns condition, point_id, target (option; null for the one not predicted), sce_point_id, status
        ("ok" or a reason among the statuses of rows), and perhaps prediction_at_sce (option or null): what
        the model predicts for an instance off the grid, which sets ``valid`` there; its distances stay null.
    metric: a name in METRICS; "semantic" needs ``embeddings`` (N, dimensions).

    With x the point, x' its SCE, t the target, f the predictions: distance d(x, x'), nearest_distance
    m = min d(x, z) over f(z) = t, excess d - m and relative_excess d/m - 1 on valid rows, shortfall
    b = min d(x', z) over f(z) != f(x') and relative_shortfall b/m on invalid ones. Undefined is null.
    Raises InputError for an unknown metric, a target that is no option, points that are not on the grid.
    """
    points = space(dataset, metric, embeddings, as_published)
    predictions = for_every_point(dataset, predictions)
    x = point_ids(dataset, sces, "point_id")
    y = point_ids(dataset, sces, "sce_point_id")
    given = sces["status"].to_numpy(dtype=object)
    status = statuses.of_rows(given, predictions[x] != NONE, y != NONE, predictions[y] != NONE)
    kept = status == "kept"
    at_x, at_y = predictions[x], np.where(kept, predictions[y], NONE)
    target = options_in(dataset, sces, "target")
    target = np.where((target == NONE) & (at_x >= 0) & (at_x <= 1), 1 - at_x, target)
    valid, judged = verdicts(dataset, sces, status, target, at_x, at_y)
    return pd.DataFrame(
        {
            **verdict_columns(sces, metric, x, status, valid, judged),
            **_measured(points, predictions, x, y, target, kept, valid),
        }
    )


def with_samples(measured, sces, askings, dataset) -> pd.DataFrame:
    """The ``distances`` of one metric where questions were asked several times: with the number of each
    SCE's ``sample``, and of the kept ones the ``probability`` that f(x') is the target, which is the share of
    the ``askings`` at x' that gave it. ``askings``: see ``boundaries.askings``."""
    kept = (measured["status"] == "kept").to_numpy()
    there = point_ids(dataset, sces, "sce_point_id")
    shares, numbers = (np.where(kept, of_points[there], np.nan) for of_points in askings)
    second = options_in(dataset, sces, "target") == 1
    return measured.assign(
        sample=sces["sample"].array,
        probability=np.where(second, shares, 1 - shares),
        askings=pd.array(numbers, dtype="Int64"),
    )


def verdict_columns(sces, metric, x, status, valid, judged) -> dict:
    """The first columns of a table of distances: which SCE a row is about, and what became of it."""
    return {
        "condition": sces["condition"].array,
        "metric": pd.array([metric], dtype="str").repeat(len(sces)),
        "point_id": x,
        "sce_point_id": pd.array(sces["sce_point_id"], dtype="Int64"),
        "status": status,
        "valid": pd.arrays.BooleanArray(valid, ~judged),
    }


def verdicts(dataset, sces, status, target, at_x, at_y):
    """Two arrays of bools (rows,): which SCEs are valid, and for which this is known."""
    kept = status == "kept"
    valid = kept & (at_y == target)
    if "prediction_at_sce" not in sces:
        return valid, kept
    verdict = options_in(dataset, sces, "prediction_at_sce")
    verified = (status == "off_grid") & (at_x != NONE) & (verdict != NONE)
    return valid | (verified & (verdict == target)), kept | verified


def _measured(points, predictions, x, y, target, kept, valid):
    """The columns of distances by name: float (rows,), NaN where undefined, and the nearest point."""
    at_x, at_y = predictions[x], np.where(kept, predictions[y], NONE)
    ids = points.nearest(predictions)
    counted = kept & (at_x <= 1) & (target != NONE)
    near = _nearest_of(ids, x, target, counted)
    beyond = _nearest_of(ids, y, 1 - at_y, counted & ~valid & (at_y <= 1))

    distance = _distances(points, x, y, kept)
    to_boundary = _distances(points, x, near, near != NONE)
    shortfall = _distances(points, y, beyond, beyond != NONE)
    excess = np.where(valid, distance - to_boundary, np.nan)
    base = np.where(to_boundary > 0, to_boundary, np.nan)
    return {
        "distance": distance,
        "nearest_point_id": pd.arrays.IntegerArray(near, near == NONE),
        "nearest_distance": to_boundary,
        "excess": excess,
        "relative_excess": excess / base,
        "shortfall": shortfall,
        "relative_shortfall": shortfall / base,
    }


def point_ids(dataset, sces, column):
    """A column of point ids as int64, NONE where null."""
    ids = pd.array(sces[column], dtype="Int64").to_numpy(dtype=np.int64, na_value=NONE)
    lowest = 0 if column == "point_id" else NONE
    wrong = (ids < lowest) | (ids >= dataset.size)
    if wrong.any():
        raise InputError(
            f"dataset {dataset.name}", column, int(ids[wrong][0]), f"a point_id below {dataset.size}"
        )
    return ids


def options_in(dataset, sces, column):
    """A column of options as their indices, NONE where null."""
    values = sces[column].to_numpy(dtype=object)
    codes = np.full(len(values), NONE)
    for code, option in enumerate(dataset.options):
        codes[values == option] = code
    unknown = (codes == NONE) & ~pd.isna(values)
    if unknown.any():
        found = values[unknown][0]
        raise InputError(f"dataset {dataset.name}", column, found, "one of " + ", ".join(dataset.options))
    return codes


def _nearest_of(ids, points, labels, rows):
    """For the ``rows`` (bools) the point nearest to ``points`` with the label; NONE elsewhere."""
    result = np.full(len(points), NONE)
    result[rows] = ids[points[rows], labels[rows]]
    return result


def _distances(points, a, b, rows):
    """Distances of the ``rows`` (bools) from a to b; NaN elsewhere."""
    result = np.full(len(a), np.nan)
    result[rows] = points.between(a[rows], b[rows])
    return result
