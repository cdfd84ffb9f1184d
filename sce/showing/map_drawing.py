"""One mosaic of a boundary map: its axes, the cells coloured by prediction, and the SCEs over them."""

import math

import numpy as np
from matplotlib.collections import CircleCollection, LineCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from sce.grids.datasets import Feature
from sce.measuring.codes import NONE
from sce.showing.drawing import label_x, label_y, text_width, write
from sce.showing.lanes import sideways
from sce.showing.map_layout import axis_title, line_of_labels
from sce.showing.mosaic import OUTSIDE, panel_titles
from sce.showing.moves import INVALID, UNDECIDED, VALID
from sce.showing.words import shortened

HEAVY = 300  # shapes; a layer with more is stored as pixels in the SVG
ARROW_HEAD = ">"
TIGHT = 0.05  # inches between labels where more would leave a panel one alone
START = 4.0  # square points: the dot where an arrow begins
MOST_BY_AREA = 56  # SCEs on a point: the mark of so many is three cells wide, and that of more no wider


def looks(style):
    """How each fate is drawn: line and end mark of an arrow, and the mark where SCEs land. Never by colour
    alone: valid is a solid line with an arrow head, invalid a dashed line with a cross."""
    valid, invalid, undecided = style.valid_colour, style.invalid_colour, style.missing_colour
    cross = {"marker": "x", "color": invalid, "markeredgewidth": 1.0}
    diamond = {"marker": "D", "color": undecided, "markerfacecolor": "#FFFFFF", "markeredgewidth": 1.0}
    disc = {"marker": "o", "color": valid, "markerfacecolor": "#FFFFFFB3", "markeredgewidth": 0.7}
    return {
        VALID: {
            "name": "valid",
            "line": {"color": valid, "linewidth": 0.9, "linestyle": "-"},
            "end": {"marker": ARROW_HEAD, "color": valid, "markersize": 4},
            "landing": disc,
        },
        INVALID: {
            "name": "invalid",
            "line": {"color": invalid, "linewidth": 0.9, "linestyle": (0, (3, 1.5))},
            "end": cross | {"markersize": 4},
            "landing": cross,
        },
        UNDECIDED: {
            "name": "undecided",
            "line": {"color": undecided, "linewidth": 0.9, "linestyle": ":"},
            "end": diamond | {"markersize": 4},
            "landing": diamond,
        },
    }


def missing_look(style):
    return {"facecolor": "white", "edgecolor": style.missing_colour, "hatch": "//////", "linewidth": 0.4}


def add_axes(figure, page, index, block, dataset, mosaic, style):
    """The axes of one block with its title, text, ticks and panel titles; one unit is one cell."""
    down, right = divmod(index, page.across)
    x, y = page.left + right * page.pitch, page.tops[down]
    write(figure, x, y, block.title, weight="bold")
    for k, text in enumerate(page.texts[index]):
        write(figure, x, y - (1 + k) * page.line, text)
    width, height = page.mosaic
    axes = figure.add_axes(
        (x / page.width, page.bottoms[down] / page.height, width / page.width, height / page.height),
        xlim=(-0.5, mosaic.width - 0.5),
        ylim=(-0.5, mosaic.height - 0.5),
        label=block.title,
    )
    axes.set_frame_on(False)
    axes.set(xticks=[], yticks=[])
    if mosaic.x is not None:
        feature, pitch = dataset.features[mosaic.x], mosaic.panel[0] + 1
        widest = max(text_width(shortened(label), style.font_size - 1) for label in feature.labels)
        least = widest + TIGHT
        ranks = ticks(feature, page.cell[0], widest + 0.1, least)
        places = _repeat(feature, ranks, mosaic.n_columns, pitch, page.cell[0], least)
        label_x(axes, places, axis_title(dataset, mosaic.x), style)
    if mosaic.y is not None and right == 0:
        feature, pitch = dataset.features[mosaic.y], mosaic.panel[1] + 1
        least = line_of_labels(style)
        ranks = ticks(feature, page.cell[1], least, least)
        places = _repeat(feature, ranks, mosaic.n_rows, pitch, page.cell[1], least)
        label_y(axes, places, axis_title(dataset, mosaic.y), style)
    _add_panel_titles(axes, dataset, mosaic, page.cell, style)
    return axes


def _add_panel_titles(axes, dataset, mosaic, cell, style):
    """The titles above the panel columns and right of the panel rows; the features' names where they fit."""
    for side, levels, span, panel_span in (
        ("top", mosaic.columns, mosaic.panel[0] + 1, mosaic.panel[0] * cell[0]),
        ("right", mosaic.rows, mosaic.panel[1] + 1, mosaic.panel[1] * cell[1]),
    ):
        if not levels:
            continue
        titles = panel_titles(dataset, levels, with_names=True)
        if max(text_width(title, style.font_size - 1) for title in titles) > panel_span:
            titles = panel_titles(dataset, levels, with_names=False)
        for k, title in enumerate(titles):
            middle = k * span + (span - 2) / 2
            top = side == "top"
            axes.annotate(
                title,
                (middle, mosaic.height - 0.5) if top else (mosaic.width - 0.5, middle),
                xytext=(0, 2) if top else (3, 0),
                textcoords="offset points",
                ha="center" if top else "left",
                va="bottom" if top else "center",
                rotation=0 if top else 270,
                fontsize=style.font_size - 1,
                annotation_clip=False,
            )


def ticks(feature: Feature, cell: float, room: float, least: float) -> list[int]:
    """Ranks of the levels to label: as many as stand ``room`` inches apart, round numbers where possible.
    Where that would be one alone, the first and the last, if these stand ``least`` inches apart, from one
    another and from those of the next panel."""
    n, apart = len(feature.codes), math.ceil(room / cell - 1e-9)
    if apart <= 1:
        return list(range(n))
    if feature.is_number:
        for unit in (m * 10.0**e for e in range(-3, 7) for m in (1, 2, 5)):
            ratios = np.array(feature.codes) / unit
            ranks = np.flatnonzero(np.abs(ratios - ratios.round()) < 1e-9).tolist()
            if len(ranks) > 1 and min(np.diff([*ranks, ranks[0] + n + 1])) >= apart:
                return ranks
    ranks = list(range(0, n, apart))
    if len(ranks) > 1 and n + 1 - ranks[-1] < apart:
        ranks = ranks[:-1]
    return [0, n - 1] if len(ranks) == 1 < n and min(n - 1, 2) * cell >= least else ranks


def _repeat(feature, ranks, times, pitch, cell, least):
    """Where the labels of the panels along one axis stand. Panels that have room for both the first and the
    last level only if the next one is without labels have them by turns."""
    last, step = len(feature.codes) - 1, 1
    if len(ranks) == 1 and last * cell >= least:
        ranks, step = [0, last], 2
    return {
        k * pitch + rank: shortened(feature.labels[rank]) for k in range(0, times, step) for rank in ranks
    }


def draw_cells(axes, mosaic, codes, style, tints):
    """One cell per point shown, coloured by prediction, and a line where options meet."""
    board = mosaic.board(codes, OUTSIDE)
    pixels = np.zeros((mosaic.height, mosaic.width, 4))  # transparent where no option is
    for option, (colour, tint) in enumerate(zip(style.option_colours, tints, strict=True)):
        pixels[np.equal(board.T, option)] = (*mix(colour, tint), 1.0)
    boundary_line(axes, board)
    draw_pixels(axes, mosaic, pixels, board == NONE, style)


def boundary_line(axes, board, **look):
    """A line along the edges of cells where options meet; ``board`` (width, height): the code of every
    cell. As an artist, since add_patch walks along every line to find limits that the axes have already."""
    axes.add_artist(PathPatch(_meeting_lines(board), fill=False, **{"linewidth": 0.8, "zorder": 1.3, **look}))


def draw_pixels(axes, mosaic, pixels, missing, style):
    """Cells of any colour (height, width, 4), hatched where they are ``missing`` (width, height); lines
    between them, and frames of the panels."""
    extent = (-0.5, mosaic.width - 0.5, -0.5, mosaic.height - 0.5)
    # Not resampled, so that an SVG stores one pixel per cell.
    axes.imshow(pixels, origin="lower", extent=extent, aspect="auto", interpolation="none", zorder=1)
    if missing.any():
        hatched = _boxes(np.argwhere(missing), (1, 1))
        axes.add_artist(PathPatch(hatched, zorder=1.1, **missing_look(style)))
    grid = {"edgecolor": "white", "linewidth": 0.5, "alpha": 0.5 if mosaic.shown.sum() > HEAVY else 1}
    axes.add_artist(PathPatch(_grid_lines(mosaic), fill=False, zorder=1.2, **grid))
    # Over the marks of landings. To clip each of them by the panels would take longer.
    axes.add_artist(PathPatch(_gaps(mosaic), color="white", linewidth=0, zorder=3.1))
    frame = {"edgecolor": "#444444", "linewidth": 0.6, "zorder": 3.2, "clip_on": False}
    axes.add_artist(PathPatch(_boxes(corners(mosaic), mosaic.panel), fill=False, **frame))


def mix(colour, tint):
    """The colour over white: ``tint`` 1 leaves it as it is, 0 makes it white."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return tuple(1 - tint * (1 - rgb))


def corners(mosaic):
    """The lower left cell of every panel, shape (panels, 2)."""
    columns, rows = np.arange(mosaic.n_columns), np.arange(mosaic.n_rows)
    return np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2) * (np.array(mosaic.panel) + 1)


def _boxes(cells, size):
    """One path of boxes, ``size`` cells large, whose lower left cells are ``cells`` (n, 2)."""
    outline = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) * size - 0.5
    steps = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path((cells[:, None, :] + outline).reshape(-1, 2), np.tile(steps, len(cells)))


def _gaps(mosaic):
    """One path of what is between the panels."""
    right, up = corners(mosaic).T
    upright = _boxes(np.stack([right - 1, up], axis=1)[right > 0], (1, mosaic.panel[1] + 1))
    flat = _boxes(np.stack([right, up - 1], axis=1)[up > 0], (mosaic.panel[0], 1))
    return Path.make_compound_path(upright, flat)


def _segments(ends):
    """One path of straight lines; ``ends`` has shape (n, 2, 2)."""
    return Path(ends.reshape(-1, 2), np.tile([Path.MOVETO, Path.LINETO], len(ends)))


def _grid_lines(mosaic):
    """The lines between the cells of every panel."""
    nx, ny = mosaic.panel
    lines = [((k, 0), (k, ny)) for k in range(1, nx)] + [((0, k), (nx, k)) for k in range(1, ny)]
    lines = np.array(lines, float).reshape(-1, 2, 2)
    return _segments((corners(mosaic)[:, None, None, :] + lines - 0.5).reshape(-1, 2, 2))


def _meeting_lines(board):
    """The cell edges where two options meet; ``board`` (width, height) holds the code of every cell."""
    edges = []
    for one, other, start, end in (
        (board[:-1], board[1:], (0.5, -0.5), (0.5, 0.5)),
        (board[:, :-1], board[:, 1:], (-0.5, 0.5), (0.5, 0.5)),
    ):
        cells = np.argwhere((one >= 0) & (other >= 0) & (one != other))
        edges.append(cells[:, None, :] + np.array([start, end]))
    return _segments(np.concatenate(edges))


def draw_moves(axes, mosaic, moves, cell, style):
    """SCEs as arrows; if they are too many to read, marks where they land and a sample of the arrows."""
    many, arrows = moves.are_many(style), moves.arrows(style)
    start, end = moves.start[arrows], moves.end[arrows]
    shift = sideways(start, end, cell)
    start, end = start + shift, end + shift
    for fate, look in looks(style).items():
        landing = moves.landing & (moves.fate == fate)
        if many and landing.any():
            _draw_landings(axes, mosaic, moves.end[landing], look["landing"], cell)
        chosen = moves.fate[arrows] == fate
        if chosen.any():
            _draw_arrows(axes, start[chosen], end[chosen], look)


def _draw_arrows(axes, start, end, look):
    """Arrows from ``start``, a dot, to ``end``, cells of shape (n, 2), with the end mark of their look."""
    line = look["line"]
    dots = {"offsets": start, "offset_transform": axes.transData, "color": line["color"], "zorder": 5}
    axes.add_collection(CircleCollection([START], linewidths=0, **dots), autolim=False)
    if look["end"]["marker"] == ARROW_HEAD:
        shape = {"width": line["linewidth"] / 72, "headwidth": 5, "headlength": 6, "headaxislength": 5.2}
        data = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches"}
        axes.quiver(*start.T, *(end - start).T, color=line["color"], zorder=5, **data, **shape)
        return
    segments = np.stack([start, end], axis=1)
    lines = {f"{name}s": value for name, value in line.items()}
    axes.add_collection(LineCollection(segments, zorder=4, **lines), autolim=False)
    axes.plot(*end.T, linestyle="none", zorder=5, clip_on=False, **look["end"])


def _draw_landings(axes, mosaic, end, look, cell):
    """One mark per cell, its area the number of SCEs landing there (up to MOST_BY_AREA). Beyond its panel it
    reaches over the cell between panels at most, and is covered there."""
    place, counts = np.unique(end, axis=0, return_counts=True)
    wide = 72 * min(cell)
    diameter = np.sqrt(np.minimum(counts, MOST_BY_AREA)) * max(2.2, 0.4 * wide)
    axes.scatter(
        *place.T,
        s=np.minimum(diameter, 3 * wide) ** 2,
        marker=look["marker"],
        c=look.get("markerfacecolor", look["color"]),
        edgecolors=look["color"] if "markerfacecolor" in look else None,
        linewidths=look["markeredgewidth"],
        zorder=3,
        rasterized=len(place) > HEAVY,
    )
