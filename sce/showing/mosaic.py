"""The mosaic: a whole grid laid out on one plane, panels over two features repeated for the levels of the
others, so that every grid point has one place and an SCE can run from one panel into another."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from sce.grids.datasets import Dataset
from sce.showing.words import in_words, shortened

MAX_CELLS = 6000  # more cells than this in one mosaic are too small to see
WIDE = 3.0  # the proportion of width to height, in cells, that a mosaic aims at
NOT_SHOWN = -1
OUTSIDE = -2  # in place of a prediction, in the cells between the panels


@dataclass(frozen=True)
class Mosaic:
    """Where each grid point stands: panels over (x, y), in columns and rows over the other features.

    ``x`` and ``y`` name the features of the panel axes (None if the dataset has only one); ``columns`` and
    ``rows`` are the features repeated over, each with the ranks of the levels shown. ``place`` has shape
    (N, 2): the column and row of each point's cell, counting one empty cell between panels, or NOT_SHOWN.
    """

    x: str | None
    y: str | None
    columns: dict[str, list[int]]
    rows: dict[str, list[int]]
    panel: tuple[int, int]
    place: np.ndarray
    n_slices: int

    @property
    def n_columns(self):
        return math.prod(map(len, self.columns.values()))

    @property
    def n_rows(self):
        return math.prod(map(len, self.rows.values()))

    @property
    def width(self):
        return self.n_columns * (self.panel[0] + 1) - 1

    @property
    def height(self):
        return self.n_rows * (self.panel[1] + 1) - 1

    @property
    def shown(self):
        return self.place[:, 0] != NOT_SHOWN

    def board(self, values: np.ndarray, outside: float) -> np.ndarray:
        """The values (N,) where their points stand, shape (width, height); ``outside``: in the cells between
        the panels."""
        board = np.full((self.width, self.height), outside, np.result_type(values, outside))
        board[tuple(self.place[self.shown].T)] = values[self.shown]
        return board


def lay_out(dataset: Dataset, max_panels: int) -> Mosaic:
    """The mosaic of a dataset: the two features with most levels span the panels, the others repeat them.

    Where all slices over the other features would be too many, evenly chosen levels are shown.
    """
    names = list(dataset.features)
    size = dict(zip(names, dataset.shape, strict=True))
    x, y = panel_axes(dataset)
    panel = (size.get(x, 1), size.get(y, 1))
    others = [name for name in names if name not in (x, y)]
    limit = max(1, min(max_panels, MAX_CELLS // (panel[0] * panel[1])))
    levels = _choose_levels({name: size[name] for name in others}, limit)
    columns = _choose_columns(levels, panel)
    rows = [name for name in others if name not in columns]

    ranks = dict(zip(names, np.indices(dataset.shape).reshape(len(names), -1), strict=True))
    column, row = (_position(ranks, levels, side, dataset.size) for side in (columns, rows))
    origin = np.zeros(dataset.size, int)
    place = np.stack(
        [
            column * (panel[0] + 1) + ranks.get(x, origin),
            row * (panel[1] + 1) + ranks.get(y, origin),
        ],
        axis=1,
    )
    place[(column == NOT_SHOWN) | (row == NOT_SHOWN)] = NOT_SHOWN
    return Mosaic(
        x=x,
        y=y,
        columns={name: levels[name] for name in columns},
        rows={name: levels[name] for name in rows},
        panel=panel,
        place=place,
        n_slices=math.prod(size[name] for name in others),
    )


def panel_axes(dataset: Dataset) -> tuple[str | None, str | None]:
    """The features along x and y: the two with most levels, and long labels along y, where they read best.
    One is None if the dataset has only one feature."""
    size = dict(zip(dataset.features, dataset.shape, strict=True))
    pair = sorted(size, key=lambda name: -size[name])[:2]

    def order(name):
        feature = dataset.features[name]
        return (not feature.is_number, len(feature.codes) * (-1 if feature.is_number else 1))

    if len(pair) == 1:
        return (pair[0], None) if dataset.features[pair[0]].is_number else (None, pair[0])
    return tuple(sorted(pair, key=order))


def _choose_levels(size, limit):
    """{feature: ranks of its levels} with at most ``limit`` combinations: the longest is thinned first."""
    size = dict(size)
    full = dict(size)
    while math.prod(size.values()) > limit:
        longest = max(size, key=size.get)
        size[longest] -= 1
    return {name: _evenly(full[name], count) for name, count in size.items()}


def _evenly(n, count):
    """``count`` of the ranks 0..n-1, evenly spaced and with both ends (the middle one, if only one)."""
    return np.linspace(0, n - 1, count).round().astype(int).tolist() if count > 1 else [n // 2]


def _choose_columns(levels, panel):
    """The features repeated over columns: the choice that brings the mosaic's proportion closest to WIDE."""

    def misfit(columns):
        across = math.prod(len(levels[name]) for name in columns)
        down = math.prod(len(levels[name]) for name in levels if name not in columns)
        return abs(math.log(panel[0] * across / (panel[1] * down) / WIDE))

    choices = [c for k in range(len(levels), -1, -1) for c in itertools.combinations(levels, k)]
    return list(min(choices, key=misfit))


def _position(ranks, levels, side, n):
    """The panel column (or row) of every point, features in ``side`` nested in order. Shape (N,)."""
    position = np.zeros(n, int)
    hidden = np.zeros(n, bool)
    for name in side:
        order = np.full(ranks[name].max() + 1, NOT_SHOWN)
        order[levels[name]] = np.arange(len(levels[name]))
        hidden |= order[ranks[name]] == NOT_SHOWN
        position = position * len(levels[name]) + order[ranks[name]]
    return np.where(hidden, NOT_SHOWN, position)


def panel_titles(dataset, side, with_names):
    """The title of each panel column (or row), such as 'sex Female' or, without names, 'Female'."""
    titles = []
    for ranks in itertools.product(*side.values()):
        parts = []
        for name, rank in zip(side, ranks, strict=True):
            label = shortened(dataset.features[name].labels[rank])
            parts.append(f"{in_words(name)} {label}" if with_names else label)
        titles.append(", ".join(parts))
    return titles
