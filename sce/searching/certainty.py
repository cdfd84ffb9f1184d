"""Every SCE measured on a grid that was asked in part: what is certain of its row."""

import numpy as np
import pandas as pd

from sce import statuses
from sce.grids.datasets import Dataset
from sce.measuring.codes import NONE
from sce.measuring.distances import options_in, point_ids, verdict_columns, verdicts
from sce.measuring.metrics import space
from sce.searching.survey import Survey, survey_of


def answers_in(dataset: Dataset, boundary: pd.DataFrame) -> dict[int, int]:
    """point -> which option, NONE for no prediction: of the main wording of a ``boundary`` artifact."""
    main = boundary[boundary["question"] == boundary["question"].iloc[0]]
    options = {option: code for code, option in enumerate(dataset.options)}
    labels = main["prediction"].map(lambda answer: options.get(answer, NONE))
    return dict(zip(main["point_id"].astype(int).tolist(), labels.tolist(), strict=True))


def measured(dataset: Dataset, boundary: pd.DataFrame, sces: pd.DataFrame, asked: dict) -> pd.DataFrame:
    """The ``distances_in_part`` artifact under every metric of the survey that ``asked`` describes."""
    survey, answers = survey_of(dataset, asked), answers_in(dataset, boundary)
    survey.run_again(answers, sces["sce_point_id"].dropna().astype(int).tolist())
    tables = [measure(dataset, answers, sces, metric, survey) for metric in survey.metrics]
    return pd.concat(tables, ignore_index=True)


def measure(
    dataset: Dataset, answers: dict[int, int], sces: pd.DataFrame, metric: str, survey: Survey
) -> pd.DataFrame:
    """The ``distances_in_part`` artifact: the columns of ``distances`` and what is certain of each row.

    ``certainty`` is a status of ``Bounds``. m lies from ``nearest_low`` to ``nearest_high`` (null: no bound);
    ``sure_low`` is the first without any assumption; ``nearest_distance`` is m where it is exact. ``excess``
    and ``shortfall`` likewise have bounds, and values where these meet. ``searched``: questions asked for the
    start, of which ``probes`` tested the assumption and ``violations`` broke it.
    survey: its rounds have ended, or were run again.
    """
    points = space(dataset, metric)
    x, y = point_ids(dataset, sces, "point_id"), point_ids(dataset, sces, "sce_point_id")
    at_x = np.array([answers.get(point, NONE) for point in x.tolist()], np.int64)
    at_y = np.array([answers.get(point, NONE) for point in y.tolist()], np.int64)
    given = sces["status"].to_numpy(dtype=object)
    status = statuses.of_rows(given, at_x != NONE, y != NONE, at_y != NONE)
    kept = status == "kept"
    target = options_in(dataset, sces, "target")
    target = np.where((target == NONE) & (at_x != NONE), 1 - at_x, target)
    valid, judged = verdicts(dataset, sces, status, target, at_x, at_y)
    near = _bounds(survey, points, metric, x, kept)
    back = _bounds(survey, points, metric, y, kept & ~valid)
    distance = np.where(kept, points.between(x, np.maximum(y, 0)), np.nan)
    return pd.DataFrame(
        {
            **verdict_columns(sces, metric, x, status, valid, judged),
            "distance": distance,
            **_columns(distance, near, back, valid & kept),
        }
    )


def _columns(distance, near, back, valid):
    """The columns from ``nearest_point_id`` on, from the bounds of x (``near``) and of x' (``back``)."""
    excess = {end: np.where(valid, distance - near[other], np.nan) for end, other in ENDS.items()}
    return {
        "nearest_point_id": pd.array(near["point"], dtype="Int64"),
        "nearest_distance": _met(near["low"], near["high"]),
        "excess": _met(excess["low"], excess["high"]),
        "relative_excess": _met(distance / near["high"] - 1, distance / near["low"] - 1, valid),
        "shortfall": _met(back["low"], back["high"]),
        "relative_shortfall": _met(back["low"] / near["high"], back["high"] / near["low"]),
        "certainty": near["status"],
        "nearest_low": near["low"],
        "nearest_high": near["high"],
        "sure_low": near["sure_low"],
        **{f"excess_{end}": values for end, values in excess.items()},
        **{f"shortfall_{end}": back[end] for end in ENDS},
        **{name: pd.array(near[name], dtype="Int64") for name in ("searched", "probes", "violations")},
    }


ENDS = {"low": "high", "high": "low"}  # the lower end of an excess comes from the upper one of m


def _bounds(survey, points, metric, at, rows) -> dict:
    """What is certain of the nearest counterfactual of the points ``at``, in the ``rows`` (bools) that count:
    columns (n,) of statuses, distances (NaN for no bound) and numbers."""
    once = {point: survey.bounds_at(metric, point) for point in np.unique(at[rows]).tolist()}
    found = [once[point] if counts else None for point, counts in zip(at.tolist(), rows, strict=True)]
    columns = {"status": [b and b.status for b in found], "point": [b and b.high for b in found]}
    for name in ("low", "high", "sure_low"):
        ends = [None if b is None else getattr(b, name) for b in found]
        known = np.array([end is not None for end in ends], bool)
        columns[name] = np.full(len(at), np.nan)
        ids = np.array([end for end in ends if end is not None], np.int64)
        columns[name][known] = points.between(at[known], ids)
    columns["searched"] = [b and b.questions for b in found]
    return columns | {name: [b and getattr(b, name) for b in found] for name in ("probes", "violations")}


def _met(low, high, rows=True):
    """The value where both bounds agree, NaN elsewhere."""
    return np.where(rows & (low == high), low, np.nan)
