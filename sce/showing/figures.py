"""Figures: tables in, matplotlib figures out (PNG and SVG, the same bytes on every run).

A boundary map lays the whole grid out on one plane: panels over two features, repeated side by side for the
levels of the others (a mosaic). Every grid point then has one place, and the arrow of an SCE can run from
one panel into another. Nothing here touches pyplot or its global state.
"""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path as FilePath

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from sce.grids.datasets import Dataset, Feature
from sce.measuring.boundaries import describe_boundary, predictions
from sce.measuring.codes import NONE
from sce.showing.mosaic import NOT_SHOWN, OUTSIDE, in_words, lay_out, panel_titles, shortened
from sce.showing.style import FigureStyle

# --- where SCEs land -----------------------------------------------------------------------------------

VALID, INVALID, UNDECIDED = "valid", "invalid", "no_prediction_at_sce"
LANDED = (VALID, INVALID, UNDECIDED)


def sce_fates(dataset: Dataset, codes: np.ndarray, sce: pd.DataFrame) -> pd.Series:
    """What became of each row of the SCE table: one of LANDED where it reached a grid point, else why not."""
    usable = sce["status"].isin(["ok", UNDECIDED])
    landed = (usable & sce["sce_point_id"].notna()).to_numpy(bool)
    fates = sce["status"].astype(object).where(~usable, "off_grid")
    there = codes[sce.loc[landed, "sce_point_id"].to_numpy(int)]
    wanted = (sce.loc[landed, "target"] == dataset.options[1]).to_numpy(int)
    fates[landed] = np.select([there == NONE, there == wanted], [UNDECIDED, VALID], INVALID)
    return fates


def _tell_fates(fates):
    """The fates of one condition's SCEs: '50 SCEs on the grid: 48 valid, 2 invalid; ...'."""
    counts = fates.value_counts()
    on_grid = {fate: int(counts.get(fate, 0)) for fate in LANDED}
    words = [f"{on_grid[VALID]:,} valid", f"{on_grid[INVALID]:,} invalid"]
    if on_grid[UNDECIDED]:
        words.append(f"{on_grid[UNDECIDED]:,} undecided (no prediction at x')")
    total = sum(on_grid.values())
    text = f"{total:,} SCEs on the grid: {', '.join(words)}" if total else "no SCE on the grid"
    lost = [f"{n:,} {_reason(fate)}" for fate, n in counts.items() if fate not in LANDED]
    return f"{text}; not drawn: {', '.join(lost)}" if lost else text


def _reason(status):
    """The status of a row without an SCE to draw, in words."""
    wording = {"no_prediction": "not asked (no prediction at x)", "unparseable_sce": "unparseable"}
    return wording.get(status, in_words(status))


# --- the boundary map ----------------------------------------------------------------------------------

PAGE = (7.0, 10.0)  # inches across: the least and the most
MARGIN = 0.15
CELL = (0.1, 0.42)  # inches: narrower cells put fewer mosaics side by side; wider they hardly get
NARROW = (1.2, 2.4)  # inches: the least width of a mosaic, and of its text
TINTS = (0.45, 0.40)  # how much of the options' colours is left under the SCEs
HEAVY = 300  # shapes; a layer with more is stored as pixels in the SVG
GOLDEN = (math.sqrt(5) - 1) / 2


def boundary_map(
    dataset: Dataset, boundary: pd.DataFrame, sce: pd.DataFrame, model: str, style: FigureStyle | dict
) -> Figure:
    """The predictions over the grid, then once more for each condition with its SCEs drawn from x to x'.

    ``boundary`` and ``sce`` are the artifacts of one model on one dataset. Up to ``style.max_arrows`` SCEs
    are all drawn as arrows; of more, only a sample, over marks that show where all of them land.
    """
    style = FigureStyle.model_validate(style)
    codes = predictions(dataset, boundary)
    facts = describe_boundary(dataset, boundary)
    mosaic = lay_out(dataset, style.max_panels)
    blocks = [Block("boundary", "the prediction at each point, asked in a fresh conversation", None)]
    fates = sce_fates(dataset, codes, sce)
    for condition in sce["condition"].unique():
        chosen = sce["condition"] == condition
        moves = _moves(mosaic, sce[chosen], fates[chosen])
        text = _tell_fates(fates[chosen]) + _tell_drawn(moves, style)
        blocks.append(Block(condition, text, moves))
    with _settings(style):
        legend = _legend_entries(dataset, facts, blocks, style)
        page = _page(dataset, mosaic, blocks, _headlines(dataset, mosaic, model, facts), legend, style)
        figure = Figure(figsize=(page.width, page.height), dpi=style.dpi)
        for k, (text, weight) in enumerate(page.headlines):
            _write(figure, page, MARGIN, page.height - MARGIN - k * page.line, text, weight=weight)
        for index, block in enumerate(blocks):
            axes = _add_axes(figure, page, index, block, dataset, mosaic, style)
            _draw_cells(axes, mosaic, codes, style, TINTS if block.moves else (1.0, 1.0))
            if block.moves:
                _draw_moves(axes, mosaic, block.moves, page.cell, style)
        figure.legend(
            handles=legend,
            loc="lower left",
            bbox_to_anchor=(page.left / page.width, MARGIN / 2 / page.height),
            ncols=page.legend_columns,
            frameon=False,
            borderpad=0,
        )
    return figure


def save(figure: Figure, *paths) -> None:
    """Write the figure to each path, PNG or SVG by its ending: no dates, no versions, fixed identifiers."""
    metadata = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
    for path in map(FilePath, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _settings(FigureStyle()):
            figure.savefig(path, dpi="figure", metadata=metadata[path.suffix])


def _settings(style):
    """matplotlib's own defaults (not the user's file) with our changes; texts are never read as formulas."""
    own = {
        "font.size": style.font_size,
        "xtick.major.size": 2,
        "ytick.major.size": 2,
        "legend.fontsize": style.font_size,
        "hatch.linewidth": 0.6,
        "text.parse_math": False,
        "svg.hashsalt": "sce",
    }
    return matplotlib.style.context(["default", own])


@dataclass(frozen=True)
class Moves:
    """The SCEs of one condition that reached the grid: the cells of x and of x', shape (n, 2), whether
    these differ, and the fates, shape (n,)."""

    start: np.ndarray
    end: np.ndarray
    moved: np.ndarray
    fate: np.ndarray

    @property
    def landing(self):
        """Whether x' lies in a slice that is shown. Shape (n,)."""
        return self.end[:, 0] != NOT_SHOWN

    @property
    def drawable(self):
        """Whether both ends lie in slices that are shown. Shape (n,)."""
        return self.landing & (self.start[:, 0] != NOT_SHOWN)

    def arrows(self, style):
        """Positions of the SCEs drawn as arrows: all, or an even sample of those that go anywhere."""
        if not self.are_many(style):
            return np.flatnonzero(self.drawable)
        going = np.flatnonzero(self.drawable & self.moved)
        # Steps of the golden ratio spread a sample evenly, whatever the period of the grid's rows.
        order = np.argsort(np.arange(len(going)) * GOLDEN % 1)
        return np.sort(going[order[: style.sample_arrows]])

    def are_many(self, style):
        """Whether these are too many to read as arrows."""
        return int(self.drawable.sum()) > style.max_arrows


@dataclass(frozen=True)
class Block:
    """One mosaic of the figure with its title and text; ``moves`` is None for the bare boundary."""

    title: str
    text: str
    moves: Moves | None


def _moves(mosaic, sce, fates):
    landed = fates.isin(LANDED).to_numpy(bool)
    start = sce.loc[landed, "point_id"].to_numpy(int)
    end = sce.loc[landed, "sce_point_id"].to_numpy(int)
    return Moves(mosaic.place[start], mosaic.place[end], start != end, fates[landed].to_numpy(object))


def _tell_drawn(moves, style):
    """What a reader must know about the drawing: SCEs that go nowhere, samples, slices that are hidden."""
    notes = []
    if unmoved := int((~moves.moved).sum()):
        notes.append(f"{unmoved:,} repeat x unchanged")
    if moves.are_many(style):
        _, counts = np.unique(moves.end[moves.landing], axis=0, return_counts=True)
        notes.append(f"up to {counts.max():,} land on one point")
        if len(moves.arrows(style)):
            notes.append(f"arrows: a sample of {len(moves.arrows(style)):,}")
    if hidden := int((~moves.landing).sum()):
        notes.append(f"{hidden:,} land in slices not shown")
    return "".join(f"; {note}" for note in notes)


def _headlines(dataset, mosaic, model, facts):
    """The lines above the mosaics: (text, font weight)."""
    verdict, _, details = facts["sentence"].partition(": ")
    title = verdict if facts["boundary"] else facts["sentence"]
    lines = [(f"{model}, {dataset.title} – {title}", "bold"), (dataset.question, "normal")]
    if facts["boundary"]:
        lines.append((f"{details[0].upper()}{details[1:]}.", "normal"))
    sides = {"columns": mosaic.columns, "rows": mosaic.rows}
    over = [f"{side} by {_list(dataset, names)}" for side, names in sides.items() if names]
    shown = mosaic.n_columns * mosaic.n_rows
    if shown < mosaic.n_slices:
        over.append(f"{shown:,} of {mosaic.n_slices:,} slices, at evenly chosen levels")
    if over:
        lines.append((f"Panels: {'; '.join(over)}.", "normal"))
    return lines


def _list(dataset, names):
    return " and ".join(_axis_title(dataset, name) for name in names)


def _legend_entries(dataset, facts, blocks, style):
    """Handles for what the figure shows, and for nothing else."""
    entries = [
        Patch(facecolor=colour, label=f"{option} ({facts[f'n_{i}']:,})")
        for i, (option, colour) in enumerate(zip(dataset.options, style.option_colours, strict=True))
    ]
    if facts["missing"]:
        label = f"no prediction ({facts['missing']:,})"
        entries.append(Patch(**_missing_look(style), label=label))
    moved = [block.moves for block in blocks if block.moves]
    for fate, look in _looks(style).items():
        if any((moves.fate[moves.arrows(style)] == fate).any() for moves in moved):
            label = f"{look['name']} SCE, x to x'"
            entries.append(Line2D([], [], **(look["line"] | look["end"]), label=label))
        if any(moves.are_many(style) and (moves.fate[moves.landing] == fate).any() for moves in moved):
            label = f"{look['name']} x' (area: how many)"
            entries.append(Line2D([], [], linestyle="none", **look["landing"], label=label))
    return entries


ARROW_HEAD = ">"


def _looks(style):
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


def _missing_look(style):
    return {"facecolor": "white", "edgecolor": style.missing_colour, "hatch": "//////", "linewidth": 0.4}


# --- the page: everything in inches --------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Where things stand, in inches from the lower left corner of the figure."""

    width: float
    height: float
    line: float  # height of a line of text
    headlines: list[tuple[str, str]]
    left: float  # of the first mosaic
    across: int  # blocks side by side
    pitch: float  # from one block to the next
    texts: list[list[str]]  # of each block, wrapped
    tops: list[float]  # of each row of blocks
    bottoms: list[float]  # of the mosaics in each row of blocks
    cell: tuple[float, float]
    mosaic: tuple[float, float]
    legend_columns: int


def _page(dataset, mosaic, blocks, headlines, legend, style):
    """Choose how many mosaics stand side by side and how large a cell is, and place everything."""
    size, line = style.font_size, style.font_size * 1.35 / 72
    strip = 1.5 * line if mosaic.rows else 0.0
    left, gap = _label_room(dataset, mosaic, style), 0.25 + strip
    across, wide = _choose_across(len(blocks), mosaic.width, PAGE[1] - left - strip - MARGIN, gap)
    cell = (wide, _cell_height(dataset, mosaic, wide, style))
    extent = (cell[0] * mosaic.width, cell[1] * mosaic.height)
    column = max(extent[0], NARROW[1])
    width = max(PAGE[0], left + across * (column + gap) - gap + strip + MARGIN)

    writable = width - left - MARGIN if across == 1 else column
    texts = [_wrap(block.text, size, writable) for block in blocks]
    headers, below = [], 3.2 * line  # above a mosaic: title, text, panel titles; below it: ticks, axis title
    for row in range(0, len(blocks), across):
        n_lines = 1 + max(map(len, texts[row : row + across]))
        headers.append(line * (n_lines + (1.2 if mosaic.columns else 0.3)))

    wrapped = [
        (part, weight) for text, weight in headlines for part in _wrap(text, size, width - 2 * MARGIN, weight)
    ]
    widest = max(_width(entry.get_label(), size) for entry in legend) + 4.5 * size / 72
    legend_columns = max(1, min(len(legend), int((width - left) / widest)))
    foot = MARGIN + line * 1.1 * math.ceil(len(legend) / legend_columns)
    head = MARGIN + line * (len(wrapped) + 0.5)
    height = head + sum(header + extent[1] + below for header in headers) + foot
    tops = height - head - np.cumsum([0.0] + [header + extent[1] + below for header in headers[:-1]])
    return Page(
        width=width,
        height=height,
        line=line,
        headlines=wrapped,
        left=left,
        across=across,
        pitch=column + gap,
        texts=texts,
        tops=tops.tolist(),
        bottoms=(tops - headers - extent[1]).tolist(),
        cell=cell,
        mosaic=extent,
        legend_columns=legend_columns,
    )


def _choose_across(n_blocks, n_cells, room, gap):
    """How many blocks of ``n_cells`` stand side by side, and the width of a cell: as many as stay legible."""

    def widest(across):
        return min(max(CELL[1], NARROW[0] / n_cells), ((room + gap) / across - gap) / n_cells)

    legible = [across for across in (3, 2, 1) if across <= n_blocks and widest(across) >= CELL[0]]
    rows = math.ceil(n_blocks / (legible or [1])[0])
    across = math.ceil(n_blocks / rows)  # four blocks are two rows of two
    return across, widest(across)


def _label_room(dataset, mosaic, style):
    """Inches left of a mosaic for the labels and the title of its y axis."""
    if mosaic.y is None:
        return MARGIN
    widest = max(_width(shortened(text), style.font_size - 1) for text in dataset.features[mosaic.y].labels)
    return MARGIN + 0.12 + widest + 1.5 * style.font_size / 72


def _cell_height(dataset, mosaic, wide, style):
    """Cells are nearly square; they stretch for labels along y, and where there are only few rows."""
    labelled = mosaic.y is not None and not dataset.features[mosaic.y].is_number
    wanted = _line_of_labels(style) if labelled else wide
    wide = min(wide, CELL[1])
    return max(min(max(wanted, 0.75 * wide), 1.5 * wide), 0.7 / mosaic.height)


def _line_of_labels(style):
    """The least distance of two tick labels one below the other, in inches."""
    return (style.font_size - 1) * 1.1 / 72


def _write(figure, page, x, y, text, **settings):
    """Text on the page, its upper left corner at (x, y) inches."""
    figure.text(x / page.width, y / page.height, text, va="top", ha="left", **settings)


def _wrap(text, size, room, weight="normal"):
    """Lines no wider than ``room`` inches, broken between words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer, size, weight) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _width(text, size, weight="normal"):
    """The width of a text in inches."""
    font = FontProperties(size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return width / 72


# --- drawing one mosaic --------------------------------------------------------------------------------


def _add_axes(figure, page, index, block, dataset, mosaic, style):
    """The axes of one block with its title, text, ticks and panel titles; one unit is one cell."""
    down, right = divmod(index, page.across)
    x, y = page.left + right * page.pitch, page.tops[down]
    _write(figure, page, x, y, block.title, weight="bold")
    for k, text in enumerate(page.texts[index]):
        _write(figure, page, x, y - (1 + k) * page.line, text)
    width, height = page.mosaic
    axes = figure.add_axes(
        (x / page.width, page.bottoms[down] / page.height, width / page.width, height / page.height),
        xlim=(-0.5, mosaic.width - 0.5),
        ylim=(-0.5, mosaic.height - 0.5),
        label=block.title,
    )
    axes.set_frame_on(False)
    axes.set(xticks=[], yticks=[])
    axes.tick_params(labelsize=style.font_size - 1)
    if mosaic.x is not None:
        feature, pitch = dataset.features[mosaic.x], mosaic.panel[0] + 1
        widest = max(_width(shortened(label), style.font_size - 1) for label in feature.labels)
        ranks = _ticks(feature, page.cell[0], widest + 0.1)
        axes.set_xticks(*_repeat(feature, ranks, mosaic.n_columns, pitch))
        axes.set_xlabel(_axis_title(dataset, mosaic.x), labelpad=2)
    if mosaic.y is not None and right == 0:
        feature, pitch = dataset.features[mosaic.y], mosaic.panel[1] + 1
        ranks = _ticks(feature, page.cell[1], _line_of_labels(style))
        axes.set_yticks(*_repeat(feature, ranks, mosaic.n_rows, pitch))
        axes.set_ylabel(_axis_title(dataset, mosaic.y), labelpad=3)
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
        if max(_width(title, style.font_size - 1) for title in titles) > panel_span:
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


def _axis_title(dataset, name):
    unit = dataset.features[name].unit
    return f"{in_words(name)} ({unit})" if unit else in_words(name)


def _ticks(feature: Feature, cell: float, room: float) -> list[int]:
    """Ranks of the levels to label: as many as stand ``room`` inches apart, round numbers where possible."""
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
    return ranks[:-1] if len(ranks) > 1 and n + 1 - ranks[-1] < apart else ranks


def _repeat(feature, ranks, times, pitch):
    """Positions and labels of the ticks of every panel along one axis."""
    positions = [k * pitch + rank for k in range(times) for rank in ranks]
    return positions, [shortened(feature.labels[rank]) for rank in ranks] * times


def _draw_cells(axes, mosaic, codes, style, tints):
    """One cell per point shown, coloured by prediction; frames of the panels; a line where options meet."""
    board = np.full((mosaic.width, mosaic.height), OUTSIDE)
    board[tuple(mosaic.place[mosaic.shown].T)] = codes[mosaic.shown]
    pixels = np.zeros((mosaic.height, mosaic.width, 4))  # transparent where no option is
    for option, (colour, tint) in enumerate(zip(style.option_colours, tints, strict=True)):
        pixels[np.equal(board.T, option)] = (*_mix(colour, tint), 1.0)
    extent = (-0.5, mosaic.width - 0.5, -0.5, mosaic.height - 0.5)
    # Not resampled, so that an SVG stores one pixel per cell.
    axes.imshow(pixels, origin="lower", extent=extent, aspect="auto", interpolation="none", zorder=1)
    missing = np.argwhere(board == NONE)
    axes.add_patch(PathPatch(_boxes(missing, (1, 1)), zorder=1.1, **_missing_look(style)))
    grid = {"edgecolor": "white", "linewidth": 0.25 if len(codes) > HEAVY else 0.5, "zorder": 1.2}
    axes.add_patch(PathPatch(_grid_lines(mosaic), fill=False, **grid))
    axes.add_patch(PathPatch(_meeting_lines(board), fill=False, linewidth=0.8, zorder=1.3))
    frame = {"edgecolor": "#444444", "linewidth": 0.6, "zorder": 1.4, "clip_on": False}
    axes.add_patch(PathPatch(_boxes(_corners(mosaic), mosaic.panel), fill=False, **frame))


def _mix(colour, tint):
    """The colour over white: ``tint`` 1 leaves it as it is, 0 makes it white."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return tuple(1 - tint * (1 - rgb))


def _corners(mosaic):
    """The lower left cell of every panel, shape (panels, 2)."""
    columns, rows = np.arange(mosaic.n_columns), np.arange(mosaic.n_rows)
    return np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2) * (np.array(mosaic.panel) + 1)


def _boxes(cells, size):
    """One path of boxes, ``size`` cells large, whose lower left cells are ``cells`` (n, 2)."""
    outline = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) * size - 0.5
    steps = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path((cells[:, None, :] + outline).reshape(-1, 2), np.tile(steps, len(cells)))


def _segments(ends):
    """One path of straight lines; ``ends`` has shape (n, 2, 2)."""
    return Path(ends.reshape(-1, 2), np.tile([Path.MOVETO, Path.LINETO], len(ends)))


def _grid_lines(mosaic):
    """The lines between the cells of every panel."""
    nx, ny = mosaic.panel
    lines = [((k, 0), (k, ny)) for k in range(1, nx)] + [((0, k), (nx, k)) for k in range(1, ny)]
    lines = np.array(lines, float).reshape(-1, 2, 2)
    return _segments((_corners(mosaic)[:, None, None, :] + lines - 0.5).reshape(-1, 2, 2))


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


def _draw_moves(axes, mosaic, moves, cell, style):
    """SCEs as arrows; if they are too many to read, marks where they land and a sample of the arrows."""
    many, arrows = moves.are_many(style), moves.arrows(style)
    shift = _spread(mosaic, len(arrows))
    start, end = moves.start[arrows] + shift, moves.end[arrows] + shift
    for fate, look in _looks(style).items():
        if many:
            _draw_landings(axes, moves.end[moves.landing & (moves.fate == fate)], look["landing"], cell)
        chosen = moves.fate[arrows] == fate
        if chosen.any():
            _draw_arrows(axes, start[chosen], end[chosen], look)


def _spread(mosaic, n):
    """Sideways shifts (n, 2) within the cells of a mosaic of one row, where all arrows would coincide."""
    across = 0.8 * (np.arange(n) * GOLDEN % 1 - 0.5)
    return np.stack([across * (mosaic.width == 1), across * (mosaic.height == 1)], axis=1)


def _draw_arrows(axes, start, end, look):
    """Arrows from ``start`` to ``end``, cells of shape (n, 2), with the end mark of their look."""
    line = look["line"]
    if look["end"]["marker"] == ARROW_HEAD:
        shape = {"width": line["linewidth"] / 72, "headwidth": 5, "headlength": 6, "headaxislength": 5.2}
        data = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches"}
        axes.quiver(*start.T, *(end - start).T, color=line["color"], zorder=5, **data, **shape)
        return
    segments = np.stack([start, end], axis=1)
    lines = {f"{name}s": value for name, value in line.items()}
    axes.add_collection(LineCollection(segments, zorder=4, **lines), autolim=False)
    axes.plot(*end.T, linestyle="none", zorder=5, clip_on=False, **look["end"])


def _draw_landings(axes, end, look, cell):
    """One mark per cell, its area the number of SCEs landing there (up to 56, three cells wide)."""
    if not len(end):
        return
    place, counts = np.unique(end, axis=0, return_counts=True)
    diameter = max(2.2, 0.4 * 72 * min(cell)) * np.clip(np.sqrt(counts), None, 7.5)
    axes.scatter(
        *place.T,
        s=diameter**2,
        marker=look["marker"],
        c=look.get("markerfacecolor", look["color"]),
        edgecolors=look["color"] if "markerfacecolor" in look else None,
        linewidths=look["markeredgewidth"],
        zorder=3,
        clip_on=False,
        rasterized=len(place) > HEAVY,
    )


# --- validity against excess distance ------------------------------------------------------------------

NO_BOUNDARY = "no boundary"  # how the reason begins where a score needs a boundary that is not there
PANEL = (2.7, 2.3)  # inches
TICK_LABELS = 0.7  # inches left of a panel: small excesses have long numbers
CONDITION_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")
LINES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1.2, 1, 1.2)))
INTERVALS = "bars: 95% intervals"
STRIP = (1.08, 1.24)  # where SCEs without an excess stand, in units of the largest excess


def validity_scatter(
    scores: pd.DataFrame, style: FigureStyle | dict, metrics: list[str] | None = None
) -> Figure:
    """Validity (x) against mean excess distance (y) of every model and condition; a panel per dataset, and
    for each of ``metrics`` a row of panels of its own.

    ``scores`` has the columns of all_scores. ``metrics``: gower alone where it was measured, else the first
    one, unless given. Lines join the conditions of a model. Where no SCE is valid, there is no excess: these
    stand on a strip at the top. Models without a boundary, or without scores, are named below their panel.
    """
    style = FigureStyle.model_validate(style)
    if metrics is None:
        metrics = ["gower" if (scores["metric"] == "gower").any() else scores["metric"].iloc[0]]
    points = pd.concat([_scored(scores, metric) for metric in metrics], ignore_index=True)
    datasets = list(points["dataset"].unique())
    of_panel = dict(list(points.groupby(["metric", "dataset"], sort=False)))
    points = points[points["drawn"]]
    models = {model: _model_look(k, style) for k, model in enumerate(points["model"].unique())}
    conditions = dict(zip(points["condition"].unique(), itertools.cycle(CONDITION_MARKERS), strict=False))
    with _settings(style):
        line = style.font_size * 1.35 / 72
        rows = math.ceil(len(datasets) / 3)  # of one metric
        across = math.ceil(len(datasets) / rows)
        captions = {
            panel: _wrap(_caption(its), style.font_size - 1, PANEL[0]) for panel, its in of_panel.items()
        }
        pitch = (PANEL[0] + TICK_LABELS, PANEL[1] + line * (4.2 + max(map(len, captions.values()))))
        height = MARGIN + rows * len(metrics) * pitch[1]
        left, top = MARGIN + TICK_LABELS, height - MARGIN - 1.2 * line
        right = left + across * pitch[0] - TICK_LABELS / 2
        legend_columns = math.ceil(len(models) / max(4, int(height / (1.3 * line)) - len(conditions) - 6))
        names = [*models, *conditions, INTERVALS]
        room = legend_columns * (max(_width(name, style.font_size) for name in names) + 0.65)
        figure = Figure(figsize=(right + room, height), dpi=style.dpi)
        for (metric, dataset), its in of_panel.items():
            down, column = divmod(datasets.index(dataset), across)
            x = left + column * pitch[0]
            y = top - (metrics.index(metric) * rows + down) * pitch[1]
            title = in_words(dataset) + (f", {metric}" if len(metrics) > 1 else "")
            axes = _add_panel(figure, x, y, title, captions[metric, dataset], line, style)
            if column == 0:
                axes.set_ylabel(f"mean excess distance ({metric})")
            _draw_scores(axes, its[its["drawn"]], models, conditions, style)
        if models:
            _add_score_legends(figure, right, line, models, conditions, legend_columns)
    return figure


def _add_panel(figure, x, y, title, caption, line, style):
    """An empty panel, its upper left corner at (x, y) inches, and the caption below it."""
    width, height = figure.get_size_inches()
    box = (x / width, (y - PANEL[1]) / height, PANEL[0] / width, PANEL[1] / height)
    axes = figure.add_axes(box, label=title)
    axes.tick_params(labelsize=style.font_size - 1)
    axes.set_title(title, loc="left", fontweight="bold", fontsize=style.font_size, pad=4)
    axes.set_xlabel("validity (%)", labelpad=2)
    for k, text in enumerate(caption):
        below = (y - PANEL[1] - line * (2.5 + k)) / height
        figure.text(x / width, below, text, va="top", fontsize=style.font_size - 1, style="italic")
    return axes


def _scored(scores, metric):
    """One row per model, dataset and condition of one metric: x (percent) and y, each with low and high, NaN
    where undefined; ``drawn``: whether it has a place in the figure; ``reason``: why not."""
    keys = ["model", "dataset", "condition"]
    table = scores.loc[(scores["metric"] == metric) & (scores["score"] == "validity"), [*keys, "metric"]]
    for axis, name, unit in (("x", "validity", 100), ("y", "mean_excess", 1)):
        found = scores[(scores["metric"] == metric) & (scores["score"] == name)]
        found = found[[*keys, "value", "low", "high", "reason"]]
        for column in ("value", "low", "high"):
            found[column] = (
                pd.to_numeric(found[column]).astype("Float64").to_numpy(float, na_value=np.nan) * unit
            )
        for bound in ("low", "high"):  # an interval that is missing has no length
            found[bound] = found[bound].fillna(found["value"])
        renamed = {"value": axis, **{column: f"{axis}_{column}" for column in ("low", "high", "reason")}}
        table = table.merge(found.rename(columns=renamed), on=keys, how="left")
    without = table["y_reason"].fillna("").str.startswith(NO_BOUNDARY)
    table["drawn"] = table["x"].notna() & ~without
    table["reason"] = np.where(without, NO_BOUNDARY, table["x_reason"].fillna("no score"))
    return table


def _caption(rows):
    """Which models of a dataset are not drawn, by reason: 'no boundary: a, b; no kept rows: c (minimal)'."""
    parts = []
    for reason, missing in rows[~rows["drawn"]].groupby("reason"):
        names = []
        for model, its in missing.groupby("model", sort=False):
            some = len(its) < (rows["model"] == model).sum()
            names.append(f"{model} ({', '.join(its['condition'])})" if some else model)
        parts.append(f"{reason}: {', '.join(names)}")
    return "Not drawn – " + "; ".join(parts) if parts else ""


def _model_look(k, style):
    """Colour, line and filling of the k-th model; when the colours are used up, marks turn hollow."""
    turn, colour = divmod(k, len(style.model_colours))
    colour = style.model_colours[colour]
    return {"color": colour, "line": LINES[k % len(LINES)], "fill": "white" if turn % 2 else colour}


def _draw_scores(axes, points, models, conditions, style):
    """The panel of one dataset: points with intervals, lines between conditions, the strip without excess."""
    placed, rug = points[points["y"].notna()], points[points["y"].isna()]
    largest = placed["y_high"].max() if (placed["y_high"] > 0).any() else 1.0
    axes.set_xlim(-4, 104)
    axes.set_xticks(range(0, 101, 20))
    axes.set_ylim(-0.06 * largest, largest * (STRIP[1] if len(rug) else 1.06))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E5E5E5", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= largest * 1.05 and len(placed)])
    sizes = _ring_sizes(placed, largest)
    for model, its in placed.groupby("model", sort=False):
        look = models[model]
        axes.plot(its["x"], its["y"], color=look["color"], linestyle=look["line"], linewidth=0.9, zorder=2)
        lengths = [[its[a] - its[f"{a}_low"], its[f"{a}_high"] - its[a]] for a in ("x", "y")]
        spread = {"xerr": np.abs(lengths[0]), "yerr": np.abs(lengths[1])}
        bars = {"fmt": "none", "ecolor": look["color"], "elinewidth": 0.7, "alpha": 0.7, "zorder": 2}
        axes.errorbar(its["x"], its["y"], **spread, **bars)
    # Large marks first: those that coincide show as rings around the small ones.
    for k in np.argsort(-sizes, kind="stable"):
        point = placed.iloc[k]
        _mark(axes, point["x"], point["y"], models[point["model"]], conditions[point["condition"]], sizes[k])
    if len(rug):
        _draw_rug(axes, rug, largest, models, conditions, style)


def _ring_sizes(points, largest):
    """The diameter of every mark, in points: where marks coincide, each is larger than the next."""
    place = [(points["x"] / 4).round(), (points["y"] / largest / 0.04).round()]
    return (6.0 + 2.5 * points.groupby(place).cumcount(ascending=False)).to_numpy()


def _mark(axes, x, y, look, marker, size):
    outline = {
        "markeredgecolor": look["color"] if look["fill"] == "white" else "white",
        "markeredgewidth": 0.7,
    }
    face = {"markerfacecolor": look["fill"], "markersize": size, "marker": marker}
    axes.plot([x], [y], linestyle="none", zorder=3, clip_on=False, **face, **outline)


def _draw_rug(axes, rug, largest, models, conditions, style):
    """Side by side on a strip at the top: the points whose y does not exist, and whose x is zero."""
    axes.axhspan(STRIP[0] * largest, STRIP[1] * largest, color="#EEEEEE", linewidth=0, zorder=1)
    middle = sum(STRIP) / 2 * largest
    step = min(5.0, 55 / len(rug))
    for k, (_, point) in enumerate(rug.iterrows()):
        _mark(axes, k * step, middle, models[point["model"]], conditions[point["condition"]], 6.0)
    note = {"ha": "right", "va": "center", "fontsize": style.font_size - 1, "color": "#333333"}
    axes.text(103, middle, "no valid SCE (all at 0%)", **note)


def _add_score_legends(figure, x, line, models, conditions, columns):
    """``x`` inches from the left: which mark is which condition, and which line which model."""
    marks = [
        Line2D([], [], linestyle="none", color="#555555", marker=marker, markersize=5, label=condition)
        for condition, marker in conditions.items()
    ]
    lines = []
    for name, look in models.items():
        drawn = {"color": look["color"], "linestyle": look["line"], "linewidth": 0.9}
        lines.append(
            Line2D([], [], marker="o", markersize=5, markerfacecolor=look["fill"], label=name, **drawn)
        )
    width, height = figure.get_size_inches()
    top = height - MARGIN
    for title, handles, ncols in (("condition", marks, 1), ("model", lines, columns)):
        figure.legend(
            handles=handles,
            title=title,
            ncols=ncols,
            loc="upper left",
            bbox_to_anchor=(x / width, top / height),
            alignment="left",
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=2.6,
        )
        top -= line * (1.2 * math.ceil(len(handles) / ncols) + 1.9)
    figure.text(x / width, top / height, INTERVALS, va="top")
