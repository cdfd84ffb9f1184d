"""What figures of experiments share: panels at the width of a column or a page, curves and points with their
intervals, and a key below the panels, so that it never lies over the data."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sce.showing.drawing import line_height, text_width
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

COLUMN, PAGE = 3.25, 6.75  # inches: usual widths of a column and of a page of two
ACROSS = 3  # panels beside one another, at most
HEIGHT = 1.75  # inches of a panel
MANY = 10  # counts beyond which their axis is logarithmic
SOFT = "#666666"  # of marks that stand for no model, and of lines to compare with
KEYS = ["dataset", "metric"]  # what a column of panels is about


def columns_of(table: pd.DataFrame) -> dict[tuple, str]:
    """(dataset, metric) -> the title of its panels."""
    several = table["metric"].nunique() > 1
    found = table[KEYS].drop_duplicates().itertuples(index=False, name=None)
    return {
        (data, metric): in_words(data) + (f", {in_words(metric)}" if several else "")
        for data, metric in found
    }


def sheet(titles: dict, rows: list[str], style: FigureStyle, height: float = HEIGHT) -> tuple:
    """A figure with a panel for every column in ``titles`` and every row, named on its axis; and (row number,
    column) -> its axes. More than three columns go on below."""
    across = min(ACROSS, max(1, len(titles)))
    blocks = max(1, -(-len(titles) // across))
    width = COLUMN if across == 1 else PAGE
    figure = Figure(figsize=(width, height * len(rows) * blocks + 0.35), dpi=style.dpi, layout="constrained")
    every = figure.subplots(len(rows) * blocks, across, squeeze=False)
    placed = {}
    for k, (column, title) in enumerate(titles.items()):
        block, place = divmod(k, across)
        for row, name in enumerate(rows):
            axes = placed[row, column] = every[block * len(rows) + row, place]
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(labelsize=style.font_size - 1)
            if row == 0:
                axes.set_title(title, loc="left", fontweight="bold", fontsize=style.font_size)
            if place == 0:
                axes.set_ylabel(name)
    for axes in every.ravel():
        if axes not in placed.values():
            axes.set_axis_off()
    return figure, placed


def numbers(rows: pd.DataFrame, name: str) -> np.ndarray:
    """A column as floats, NaN where it is missing."""
    return pd.to_numeric(rows[name]).astype("Float64").to_numpy(float, na_value=np.nan)


def with_bars(rows: pd.DataFrame, unit: float = 1) -> tuple[np.ndarray, np.ndarray]:
    """The values of outcomes (n,), and how far their intervals reach down and up (2, n), 0 where there is
    none; times ``unit``."""
    value, low, high = (unit * numbers(rows, name) for name in ("value", "low", "high"))
    return value, np.nan_to_num(np.abs([value - low, high - value]))


def draw(axes, x, rows: pd.DataFrame, look: dict, marker: str, unit: float = 100, **other) -> None:
    """Values over ``x`` with their intervals, joined where there are several. ``unit``: 100 for percent."""
    value, bars = with_bars(rows, unit)
    given = {"color": look["color"], "linestyle": look["line"], "markerfacecolor": look["fill"]}
    given |= {"linewidth": 1, "markersize": 4, "elinewidth": 0.6, "marker": marker} | other
    axes.errorbar(x, value, yerr=bars, **given)


def draw_curves(placed: dict, row: int, found: pd.DataFrame, unit: float, style: FigureStyle, whole) -> None:
    """A curve over the counts per model and condition, in the panels of a row. found: see
    ``counted.curves``. whole: the table that colours and marks are for, so that all rows have the same."""
    looks, shapes = model_looks(whole["model"], style), markers(whole["condition"], style)
    aside = beside(zip(whole["model"], whole["condition"], strict=True), 0.05)
    for (dataset, metric, model, name), its in found.groupby([*KEYS, "model", "condition"]):
        x = its["count"].astype(float) + aside[model, name]
        draw(placed[row, (dataset, metric)], x, its, looks[model], shapes[name], unit)


def beside(subjects, step: float) -> dict:
    """Subject -> how far it is moved aside, so that those of equal value can be seen beside one another."""
    subjects = list(dict.fromkeys(subjects))
    return {subject: step * (k - (len(subjects) - 1) / 2) for k, subject in enumerate(subjects)}


def percent_axis(axes, lowest: float = 0) -> None:
    axes.set_ylim(lowest - 0.04 * (100 - lowest), 104)
    axes.set_yticks(np.linspace(lowest, 100, 5 if lowest == 0 else 6))


def count_axis(axes, counts) -> None:
    """Ticks at the counts that were tried, evenly far apart where they double."""
    counts = sorted({float(count) for count in counts})
    if counts and counts[0] > 0 and counts[-1] > MANY:
        axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [f"{count:g}" for count in counts], minor=False)
    axes.minorticks_off()


def key(figure: Figure, models, conditions, style: FigureStyle, more: list | None = None) -> None:
    """The key below the panels: a colour and line for every model, a mark for every condition where there are
    several, and ``more``."""
    handles = [
        Line2D(
            [], [], color=look["color"], linestyle=look["line"], marker="o", markersize=4, linewidth=1,
            markerfacecolor=look["fill"], label=in_words(model),
        )
        for model, look in model_looks(models, style).items()
    ]  # fmt: skip
    shapes = markers(conditions, style)
    if len(shapes) > 1:
        handles += [mark(shape, in_words(name)) for name, shape in shapes.items()]
    handles += more or []
    if not handles:
        return
    room = figure.get_size_inches()[0] - 0.3
    widest = max(text_width(handle.get_label(), style.font_size) for handle in handles) + 0.6
    columns = min(len(handles), max(1, int(room / widest)))
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + line_height(style) * -(-len(handles) // columns))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, frameon=False, handlelength=2.4,
        columnspacing=1.2,
    )  # fmt: skip


def mark(shape: str, label: str, fill: str = SOFT, line: str = "none") -> Line2D:
    """An entry of the key for marks of one shape, whatever their colour."""
    return Line2D(
        [], [], linestyle=line, color=SOFT, marker=shape, markersize=4, markerfacecolor=fill, label=label
    )
