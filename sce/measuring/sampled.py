"""Paired differences over answers, where both sides asked each question several times.

The samples say how much the answers of each side vary. The points are held fixed, so the variances of the two
sides add up, however alike their points are.
"""

import numpy as np
import pandas as pd

from sce.measuring import estimands, unsteady
from sce.measuring.codes import NONE
from sce.measuring.dependence import Spread
from sce.measuring.estimands import Interval
from sce.measuring.possible import Ends
from sce.reading.samples import SAMPLE

VERDICT = "valid"  # the column that f(x') decides, besides the samples


def both_sampled(sides: list[pd.DataFrame]) -> bool:
    return all(SAMPLE in side for side in sides)


def interval(
    sides: list[pd.DataFrame], points, column: str, differences, one_model: bool, within: Ends
) -> Interval:
    """For the mean of ``differences`` (n,) at ``points`` (n,) between the means there of a ``column`` of two
    tables of measured SCEs, with one row for each sample. one_model: whether one boundary judged both, so
    that another answer at an x' would change both; within: the least and the largest possible difference."""
    chosen = [_rows(side, points, column) for side in sides]
    spreads = [estimands.of_samples(*rows[:3]) for rows in chosen]
    if column == VERDICT:
        spreads += _of_found(chosen, one_model)
    value = float(np.mean(differences))
    return estimands.over_answers(value, differences, spreads, len(points), *within)


def _rows(side, points, column):
    """Of the rows at ``points`` with a value: values, points, weights in the mean of the points' means, and
    the table."""
    rows = side[side["point_id"].isin(points) & side[column].notna()]
    values, own = rows[column].to_numpy(float), rows["point_id"].to_numpy(np.int64)
    _, code, many = np.unique(own, return_inverse=True, return_counts=True)
    return values, own, 1 / many[code] / len(many), rows


def _of_found(chosen, one_model) -> list[Spread | str]:
    """The spread through other answers at the x' of both sides."""
    parts = []
    for sign, (values, _, weights, rows) in zip((1, -1), chosen, strict=True):
        askings = rows["askings"].to_numpy(np.int64, na_value=0)
        found = rows["sce_point_id"].to_numpy(np.int64, na_value=NONE)
        parts.append((found, values == 1, rows["probability"].to_numpy(float), askings, sign * weights))
    if one_model:
        parts = [tuple(map(np.concatenate, zip(*parts, strict=True)))]
    return [unsteady.of_rows(*part)[0] for part in parts]
