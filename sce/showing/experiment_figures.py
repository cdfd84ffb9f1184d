"""Figures of single experiments: tables in, matplotlib figures out."""

import re

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.experiments.rewordings import reworded, stem
from sce.grids.datasets import Dataset
from sce.showing.drawing import settings
from sce.showing.mosaic import lay_out
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

PANEL = (3.2, 2.8)  # inches
COUNTED = re.compile(r"(.+?)_(?:at|within)_(\d+)$")  # scores of the same kind, by a number
MANY = 10  # counts beyond which their axis is logarithmic
TICKS = 5  # labels along an axis of a map, at most


def wordings_scatter(scores: pd.DataFrame, style: FigureStyle) -> Figure:
    """A point per wording, mean excess distance (x) against validity (y), both with 95% intervals, in the
    colour of the condition that it rewords; a panel per model, dataset and metric. The published figures are
    hollow.

    ``scores``: all_scores with the column ``reference``; of its conditions those that are reworded count.
    """
    scores = scores[scores["condition"].isin(reworded(list(scores["condition"].unique())))]
    panels = list(scores[["model", "dataset", "metric"]].drop_duplicates().itertuples(index=False, name=None))
    stems = list(dict.fromkeys(map(stem, scores["condition"])))
    colours = {name: style.model_colours[k % len(style.model_colours)] for k, name in enumerate(stems)}
    with settings(style):
        figure = Figure(figsize=(PANEL[0] * len(panels) + 0.3, PANEL[1]), dpi=style.dpi, layout="constrained")
        for axes, panel in zip(_row_of_axes(figure, len(panels)), panels, strict=True):
            model, dataset, metric = panel
            here = scores[(scores[["model", "dataset", "metric"]] == list(panel)).all(axis=1)]
            for name in stems:
                _draw_wordings(axes, here[here["condition"].map(stem) == name], name, colours[name])
            axes.set(xlabel=f"mean excess distance ({metric})", ylabel="validity (%)", ylim=(-4, 104))
            axes.set_title(f"{model} on {in_words(dataset)}", loc="left", fontsize=style.font_size)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
    return figure


def consistency_map(dataset: Dataset, points: pd.DataFrame, model: str, style: FigureStyle) -> Figure:
    """Where the boundary is uncertain: the share of wordings that predict the second option at every point
    shown, and their mean probability of it where log-probabilities tell."""
    first = points["majority"] == dataset.options[0]
    share = np.where(first, 1 - points["agreement"], points["agreement"])
    layers = {f"share of wordings that say '{dataset.options[1]}'": share}
    if points["probability_1"].notna().any():
        layers[f"mean probability of '{dataset.options[1]}'"] = points["probability_1"].to_numpy(dtype=float)
    mosaic = lay_out(dataset, style.max_panels)
    with settings(style):
        size = (8.0, 0.9 + len(layers) * (0.9 + 7.0 * min(1.2, max(0.15, mosaic.height / mosaic.width))))
        figure = Figure(figsize=size, dpi=style.dpi, layout="constrained")
        figure.suptitle(f"{model} on {in_words(dataset.name)}", x=0.01, ha="left", fontweight="bold")
        for axes, (title, values) in zip(
            np.ravel(figure.subplots(len(layers), 1)), layers.items(), strict=True
        ):
            board = np.full((mosaic.height, mosaic.width), np.nan)
            column, row = mosaic.place[mosaic.shown].T
            board[row, column] = values[mosaic.shown]
            image = axes.imshow(
                board, origin="lower", aspect="auto", interpolation="none", cmap="cividis", vmin=0, vmax=1
            )
            figure.colorbar(image, ax=axes, shrink=0.8)
            axes.set_title(title, loc="left", fontsize=style.font_size)
            _label_axes(axes, dataset, mosaic)
    return figure


def outcome_panels(table: pd.DataFrame, style: FigureStyle) -> Figure:
    """All outcomes of one table that have intervals, a panel per score, in the colours of model, dataset and
    condition: scores that are counted on (validity_at_1, validity_at_2, ...) as lines over the number, others
    as points. The published figures are hollow.

    ``table``: the ``outcomes`` artifact.
    """
    table = table[table["low"].notna()]
    whole = table["score"].str.extract(COUNTED.pattern)
    table = table.assign(panel=whole[0].fillna(table["score"]), count=pd.to_numeric(whole[1]))
    keys = ["model", "dataset", "condition"]
    subjects = list(table[keys].drop_duplicates().itertuples(index=False, name=None))
    panels = list(table["panel"].unique())
    with settings(style):
        across = max(1, min(3, len(panels)))
        down = max(1, -(-len(panels) // across))
        height = max(1.8, 0.5 + 0.16 * len(subjects))
        figure = Figure(
            figsize=(PANEL[0] * across + 2, height * down + 0.3), dpi=style.dpi, layout="constrained"
        )
        every = np.ravel(figure.subplots(down, across, squeeze=False))
        for axes, panel in zip(every, panels, strict=False):
            axes.set_title(in_words(panel), loc="left", fontsize=style.font_size)
            axes.spines[["top", "right"]].set_visible(False)
            here = table[table["panel"] == panel].set_index(keys).sort_index()
            for k, subject in enumerate(subjects):
                if subject in here.index:
                    colour = style.model_colours[k % len(style.model_colours)]
                    _draw_outcome(axes, here.loc[[subject]].sort_values("count"), -k, subject, colour)
            counted = here["count"].notna().any()
            if not counted:
                axes.set_yticks([])
            if "excess" not in panel and here["low"].min() >= 0 and here["high"].max() <= 1:  # shares
                (axes.set_ylim if counted else axes.set_xlim)(-0.04, 1.04)
        for axes in every[len(panels) :]:
            axes.set_axis_off()
        _name_subjects(figure, every, len(panels))
    return figure


def _draw_outcome(axes, rows, place, subject, colour):
    """The line of one subject over the count, or its one point, each with its interval."""
    value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    bars, name = np.abs([value - low, high - value]), " / ".join(map(in_words, subject))
    look = {"color": colour, "markersize": 4, "elinewidth": 0.6, "label": name}
    if rows["count"].notna().any():
        axes.errorbar(rows["count"], value, yerr=bars, fmt="o-", linewidth=0.9, **look)
        if rows["count"].max() > MANY:  # budgets double from one to the next
            axes.set_xscale("log", base=2)
        axes.set_xticks(rows["count"], [f"{count:g}" for count in rows["count"]], minor=False)
    else:
        axes.errorbar(value, [place], xerr=bars, fmt="o", **look)
        axes.plot(rows["reference"], [place], "o", markerfacecolor="none", color=colour, markersize=6)


def _name_subjects(figure, every, used):
    """One legend for all panels, every subject once."""
    named = {}
    for axes in every[:used]:
        named |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    if named:
        figure.legend(named.values(), named.keys(), loc="outside right upper", frameon=False)


def _draw_wordings(axes, rows, name, colour):
    values = rows.pivot(index="condition", columns="score", values=["value", "low", "high", "reference"])
    x, y = _column(values, "value", "mean_excess"), 100 * _column(values, "value", "validity")
    bars = {}
    for bar, score, at, unit in (("xerr", "mean_excess", x, 1), ("yerr", "validity", y, 100)):
        ends = [unit * _column(values, end, score) for end in ("low", "high")]
        bars[bar] = np.nan_to_num(np.abs([at - ends[0], ends[1] - at]))
    axes.errorbar(x, y, **bars, fmt="o", color=colour, markersize=4, elinewidth=0.6, label=name)
    theirs = _column(values, "reference", "mean_excess"), 100 * _column(values, "reference", "validity")
    if np.isfinite(theirs).all(axis=0).any():
        axes.plot(
            *theirs, "o", markerfacecolor="none", color=colour, markersize=4, label=f"{name}, published"
        )


def _column(values, part, score):
    """One part of one score by wording, NaN where it is missing."""
    if (part, score) not in values:
        return np.full(len(values), np.nan)
    return pd.to_numeric(values[part, score]).to_numpy(dtype=float, na_value=np.nan)


def _label_axes(axes, dataset, mosaic):
    """Ticks of every panel, and in words which features the panels repeat."""
    for name, repeats, size, put, label in (
        (mosaic.x, mosaic.n_columns, mosaic.panel[0], axes.set_xticks, axes.set_xlabel),
        (mosaic.y, mosaic.n_rows, mosaic.panel[1], axes.set_yticks, axes.set_ylabel),
    ):
        if name is None:
            put([])
            continue
        ranks = np.unique(np.linspace(0, size - 1, max(2, TICKS // repeats)).round().astype(int))
        places = [k * (size + 1) + rank for k in range(repeats) for rank in ranks]
        put(places, [dataset.features[name].labels[rank] for rank in ranks] * repeats)
        others = mosaic.columns if name == mosaic.x else mosaic.rows
        within = f", repeated for every {' and '.join(map(in_words, others))}" if others else ""
        label(in_words(name) + within)


def _row_of_axes(figure, number):
    return np.ravel(figure.subplots(1, number, squeeze=False))
