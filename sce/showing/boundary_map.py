"""The boundary map: the whole grid on one plane, and on it where the SCEs of each condition lead.

Panels over two features are repeated side by side for the levels of the others (a mosaic). Every grid point
then has one place, and the arrow of an SCE can run from one panel into another.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sce.grids.datasets import Dataset
from sce.measuring.boundaries import describe_boundary, predictions, probabilities
from sce.showing import map_probabilities
from sce.showing.drawing import MARGIN, settings, write
from sce.showing.map_drawing import MOST_BY_AREA, add_axes, draw_cells, draw_moves, looks, missing_look
from sce.showing.map_layout import axis_title, lay_out_page
from sce.showing.mosaic import lay_out
from sce.showing.moves import Moves, describe_drawn, describe_fates, moves_of, sce_fates
from sce.showing.style import FigureStyle

TINTS = (0.45, 0.40)  # how much of the options' colours is left under the SCEs


@dataclass(frozen=True)
class Block:
    """One mosaic of the figure with its title and text. Of a condition it has ``moves``; of probabilities
    those of the second option, shape (N,); of the bare boundary neither."""

    title: str
    text: str
    moves: Moves | None = None
    probabilities: np.ndarray | None = None


def boundary_map(
    dataset: Dataset, boundary: pd.DataFrame, sce: pd.DataFrame, model: str, style: FigureStyle | dict
) -> Figure:
    """The predictions over the grid; where the model's probabilities are known, once more coloured by them,
    with the continuous boundary; then once more for each condition with its SCEs drawn from x to x'.

    ``boundary`` and ``sce`` are the artifacts of one model on one dataset. Up to ``style.max_arrows`` SCEs
    are all drawn as arrows; of more, only a sample, over marks that show where all of them land.
    """
    style = FigureStyle.model_validate(style)
    codes = predictions(dataset, boundary)
    facts = describe_boundary(dataset, boundary)
    mosaic = lay_out(dataset, style.max_panels)
    blocks = _blocks(dataset, mosaic, codes, boundary, sce, style)
    with settings(style):
        legend = _legend_entries(dataset, mosaic, facts, blocks, style)
        page = lay_out_page(dataset, mosaic, blocks, _headlines(dataset, mosaic, model, facts), legend, style)
        figure = Figure(figsize=(page.width, page.height), dpi=style.dpi)
        for k, (text, weight) in enumerate(page.headlines):
            write(figure, MARGIN, page.height - MARGIN - k * page.line, text, weight=weight)
        for index, block in enumerate(blocks):
            axes = add_axes(figure, page, index, block, dataset, mosaic, style)
            if block.probabilities is None:
                draw_cells(axes, mosaic, codes, style, TINTS if block.moves else (1.0, 1.0))
            else:
                map_probabilities.draw(axes, dataset, mosaic, block.probabilities, style)
            if block.moves:
                draw_moves(axes, mosaic, block.moves, page.cell, style)
        figure.legend(
            handles=legend,
            loc="lower left",
            bbox_to_anchor=(page.left / page.width, MARGIN / 2 / page.height),
            ncols=page.legend_columns,
            frameon=False,
            borderpad=0,
        )
    return figure


def _blocks(dataset, mosaic, codes, boundary, sce, style):
    blocks = [Block("boundary", "the prediction at each point, asked in a fresh conversation")]
    if known := probabilities(dataset, boundary):
        text = map_probabilities.describe(dataset, *known)
        blocks.append(Block("probability", text, probabilities=known[0]))
    fates = sce_fates(dataset, codes, sce)
    for condition in sce["condition"].unique():
        chosen = sce["condition"] == condition
        moves = moves_of(mosaic, sce[chosen], fates[chosen])
        text = describe_fates(fates[chosen]) + describe_drawn(moves, style)
        blocks.append(Block(condition, text, moves))
    return blocks


def _headlines(dataset, mosaic, model, facts):
    """The lines above the mosaics: (text, font weight)."""
    verdict, _, details = facts["sentence"].partition(": ")
    title = verdict if facts["boundary"] else facts["sentence"]
    lines = [
        (f"{model}, {dataset.title}. {title[0].upper()}{title[1:]}", "bold"),
        (dataset.question, "normal"),
    ]
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
    return " and ".join(axis_title(dataset, name) for name in names)


def _legend_entries(dataset, mosaic, facts, blocks, style):
    """Handles for what the figure shows, and for nothing else."""
    entries = [
        Patch(facecolor=colour, label=f"{option} ({facts[f'n_{i}']:,})")
        for i, (option, colour) in enumerate(zip(dataset.options, style.option_colours, strict=True))
    ]
    if facts["missing"]:
        label = f"no prediction ({facts['missing']:,})"
        entries.append(Patch(**missing_look(style), label=label))
    for block in blocks:
        if block.probabilities is not None:
            entries += map_probabilities.legend_entries(dataset, mosaic, block.probabilities)
    moved = [block.moves for block in blocks if block.moves]
    for fate, look in looks(style).items():
        if any((moves.fate[moves.arrows(style)] == fate).any() for moves in moved):
            label = f"{look['name']} SCE, x to x'"
            entries.append(Line2D([], [], **(look["line"] | look["end"]), label=label))
        if any(moves.are_many(style) and (moves.fate[moves.landing] == fate).any() for moves in moved):
            label = f"{look['name']} x' (area: how many; {MOST_BY_AREA} and more alike)"
            entries.append(Line2D([], [], linestyle="none", **look["landing"], label=label))
    return entries
