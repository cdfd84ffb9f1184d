"""How the certified bounds close in, answer by answer: for a figure."""

import pandas as pd

from sce.grids.datasets import Dataset
from sce.searching.certainty import answers_in
from sce.searching.survey import survey_of

GROWTH = 1.25  # of the number of answers from one look at the bounds to the next


def trace(dataset: Dataset, boundary: pd.DataFrame, sces: pd.DataFrame, asked: dict) -> pd.DataFrame:
    """``answers``: how many points were answered, starts and SCEs first; ``low`` and ``high``: the means of
    the bounds on m that these certify, over some starts, under the first metric of the survey that ``asked``
    describes. While no target is known, the upper bound is the distance of the farthest point of the grid.

    boundary, sces: the artifacts of one model and dataset.
    """
    survey = survey_of(dataset, {**asked, "metrics": asked["metrics"][:1]})
    answers, before = answers_in(dataset, boundary), sces["sce_point_id"].dropna().astype(int).tolist()
    lines, look = [], 0
    for number in survey.steps(answers, before):
        if number >= look or survey.ended:
            low, high = survey.bounds_on_the_way(survey.metrics[0])
            if len(low):
                lines.append((number, low.mean(), high.mean()))
            look = number * GROWTH
    return pd.DataFrame(lines, columns=["answers", "low", "high"])
