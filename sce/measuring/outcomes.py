"""Outcomes of experiments as lines of the ``scores`` artifact: means and shares with their intervals, and
plain numbers. Every outcome, whatever it is about, has the same columns, so one rule makes all tables."""

from functools import partial

import numpy as np
import pandas as pd

from sce.files import artifacts
from sce.measuring import estimands, possible
from sce.measuring.codes import NONE
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import Interval, Rows
from sce.measuring.lines import as_table, interval_cells

# Whose numbers a line is about, in the column ``metric`` of tables that set a model beside others; the name
# of another follows MINUS.
ITSELF, MINUS = "itself", "itself minus "


def mean(
    condition: str,
    metric: str,
    score: str,
    values,
    estimand: str,
    lattice: Lattice | None = None,
    points=None,
    found=None,
    within: possible.Ends = possible.ANY,
) -> dict:
    """The mean of ``values`` (missing ones left out) with its interval.

    points: the grid point (id) that each value is about, so that neighbours on the lattice can be told.
    found: the x' of each, so that those that hang on one answer can (missing: on none). Values of which
    neither is given are taken for independent. within: the least and the largest possible value
    (``sce.measuring.possible``). Where all are 0 or 1 their mean is a share, whose ends need not be said.
    """
    values, rows = _with_rows(values, lattice, points, found)
    hits = np.isin(values, (0, 1)).all()
    interval = estimands.share if hits else partial(_mean_within, within)
    return _averaged(condition, metric, score, values, rows, interval, estimand)


def difference(
    condition: str, metric: str, score: str, values, estimand: str, lattice=None, points=None, found=None
) -> dict:
    """The mean of ``values``, differences between -1 and 1 of two shares each; all else as in ``mean``."""
    values, rows = _with_rows(values, lattice, points, found)
    hits = np.isin(values, (-1, 0, 1)).all()
    within = possible.of_differences(possible.SHARE)
    interval = estimands.difference_of_shares if hits else partial(_mean_within, within)
    return _averaged(condition, metric, score, values, rows, interval, estimand)


def _mean_within(ends, values, rows, estimand):
    return estimands.mean(values, rows, estimand, *ends)


def _with_rows(values, lattice, points, found):
    """The values that there are, and what their intervals must know of them."""
    values = pd.to_numeric(pd.Series(values)).to_numpy(dtype=float, na_value=np.nan)
    some = ~np.isnan(values)
    lattice = lattice if points is not None else None
    return values[some], Rows.of(_ids(points, some), _ids(found, some), lattice=lattice)


def _averaged(condition, metric, score, values, rows, interval, estimand):
    if not len(values):
        return number(condition, metric, score, None, 0, "no such row")
    cells = interval_cells(interval(values, rows, estimand), estimand, len(values), None)
    return _line(condition, metric, score, values.mean(), cells=cells)


def _ids(ids, some):
    if ids is None:
        return np.full(int(some.sum()), NONE)
    return pd.Series(ids).to_numpy(dtype=float, na_value=NONE)[some].astype(np.int64)


def ratio(
    condition: str,
    metric: str,
    score: str,
    tops,
    bottoms,
    estimand: str,
    within: possible.Ends = possible.ANY,
) -> dict:
    """The mean of ``tops`` over that of ``bottoms`` (n,), of rows taken for independent, with its interval;
    null where there is nothing to divide by. within: see ``mean``."""
    tops, bottoms = np.asarray(tops, dtype=float), np.asarray(bottoms, dtype=float)
    if not len(tops):
        return number(condition, metric, score, None, 0, "no such row")
    if bottoms.mean() == 0:
        return number(condition, metric, score, None, len(tops), "nothing to divide by")
    value = tops.mean() / bottoms.mean()
    influences = (tops - value * bottoms) / bottoms.mean()
    rows = Rows.of(*[np.full(len(tops), NONE)] * 2)
    interval = estimands.around(value, influences, rows, estimand, *within)
    return _line(condition, metric, score, value, cells=interval_cells(interval, estimand, len(tops), None))


def over_wordings(
    condition: str, metric: str, score: str, values, estimand: str, within: possible.Ends = possible.ANY
) -> dict:
    """The mean of a score that each of several wordings has (n,), with its interval over wordings, unless all
    is a census. within: see ``mean``."""
    if not len(values):
        return number(condition, metric, score, None, 0, "too few wordings with this score")
    over = estimands.CENSUS if estimand == estimands.CENSUS else estimands.WORDINGS
    interval = Interval() if over == estimands.CENSUS else estimands.over_wordings(values, *within)
    cells = interval_cells(interval, over, len(values), None)
    return _line(condition, metric, score, values.mean(), cells=cells)


def number(condition: str, metric: str, score: str, value, n: int, reason: str | None = None) -> dict:
    """A value without an interval; ``reason`` says why where there is none."""
    return _line(condition, metric, score, value, cells=interval_cells(None, None, n, reason))


def _line(*keys_and_value, cells):
    return dict(zip(artifacts.columns("scores"), (*keys_and_value, *cells), strict=True))


def table(lines: list[dict]) -> pd.DataFrame:
    """The lines as a ``scores`` artifact."""
    return as_table(lines, artifacts.columns("scores"))
