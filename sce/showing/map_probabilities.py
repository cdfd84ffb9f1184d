"""The mosaic of a boundary map coloured by how likely each option is, and on it the continuous boundary:
where the probability of the second option crosses one half between the points of the grid."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sce.grids.datasets import Dataset
from sce.showing.map_drawing import corners, draw_pixels, mix
from sce.showing.mosaic import Mosaic
from sce.showing.style import FigureStyle

HALF = 0.5
QUARTERS = (0.25, 0.75)
SURE = 0.9
THICK, THIN = {"linewidths": 1.3, "linestyles": "-"}, {"linewidths": 0.7, "linestyles": ":"}
LINES = {HALF: THICK, QUARTERS[0]: THIN, QUARTERS[1]: THIN}
PALEST = 0.04  # of a colour: an even chance is nearly white, a missing probability is wholly so


def draw(axes, dataset: Dataset, mosaic: Mosaic, probabilities: np.ndarray, style: FigureStyle) -> None:
    """The cells of a mosaic by their probability: the paler, the less sure. On panels whose axes have an
    order, lines where the probability is one quarter, one half and three quarters."""
    board = mosaic.board(probabilities, np.nan)
    pixels = np.zeros((mosaic.height, mosaic.width, 4))
    sure = PALEST + (1 - PALEST) * np.abs(2 * board.T - 1)
    for colour, likelier in zip(style.option_colours, (board.T <= HALF, board.T > HALF), strict=True):
        for cell in map(tuple, np.argwhere(likelier)):
            pixels[cell] = (*mix(colour, sure[cell]), 1.0)
    there = ~np.isnan(mosaic.board(np.zeros(len(probabilities)), np.nan))
    draw_pixels(axes, mosaic, pixels, there & np.isnan(board), style)
    for level in _crossed(dataset, mosaic, board):
        for left, bottom in corners(mosaic):
            nx, ny = mosaic.panel
            _draw_line(axes, board[left : left + nx, bottom : bottom + ny], (left, bottom), level)


def _crossed(dataset, mosaic, board):
    """The levels that lines are drawn for; none where an axis has no order, so that nothing lies between two
    of its levels."""
    ordered = all(dataset.features[name].kind != "categorical" for name in (mosaic.x, mosaic.y) if name)
    known = board[~np.isnan(board)]
    return [level for level in LINES if ordered and len(known) and known.min() < level < known.max()]


def _draw_line(axes, panel, corner, level):
    """The line of one level through a panel (nx, ny), up to its edges."""
    if not np.nanmin(panel, initial=1) < level < np.nanmax(panel, initial=0):
        return
    padded = np.pad(panel, 1, mode="edge")
    places = [
        start + np.concatenate([[-0.5], np.arange(size), [size - 0.5]])
        for start, size in zip(corner, panel.shape, strict=True)
    ]
    axes.contour(*places, padded.T, levels=[level], colors="black", zorder=1.3, **LINES[level])


def describe(dataset: Dataset, probabilities: np.ndarray, source: str) -> str:
    """What the block shows, with how sure the model is."""
    known = probabilities[~np.isnan(probabilities)]
    sure = np.mean(np.maximum(known, 1 - known) >= SURE)
    whose = (
        "the reply's log-probabilities" if source == "log-probabilities" else "how often it was the answer"
    )
    return (
        f"how likely '{dataset.options[1]}' is, by {whose}; at {sure:.0%} of {len(known):,} points one "
        f"option has {SURE:.0%} or more"
    )


def legend_entries(dataset: Dataset, mosaic: Mosaic, probabilities: np.ndarray) -> list:
    """Handles for the lines that are drawn and for the pale cells."""
    entries = [Patch(facecolor="#F4F4F4", edgecolor="#444444", linewidth=0.4, label="pale: even chances")]
    crossed = _crossed(dataset, mosaic, mosaic.board(probabilities, np.nan))
    if HALF in crossed:
        label = f"'{dataset.options[1]}' at 50%, between points"
        entries.append(Line2D([], [], color="black", linewidth=1.3, label=label))
    if set(QUARTERS) & set(crossed):
        entries.append(Line2D([], [], color="black", linewidth=0.7, linestyle=":", label="at 25% and 75%"))
    return entries
