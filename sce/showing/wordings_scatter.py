"""Validity against excess distance of every wording of a condition."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.showing.drawing import settings
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, intervals_over

PANEL = (3.2, 2.8)  # inches


def wordings_scatter(scores: pd.DataFrame, stems: dict[str, str], style: FigureStyle) -> Figure:
    """A point per wording, mean excess distance (x) against validity (y), both with 95% intervals, in the
    colour of the condition that it rewords; a panel per model, dataset and metric. Published values are
    hollow marks.

    ``scores``: all_scores with the column ``reference``, of the wordings alone. ``stems``: condition -> the
    one that it rewords.
    """
    panels = list(scores[["model", "dataset", "metric"]].drop_duplicates().itertuples(index=False, name=None))
    names = list(dict.fromkeys(map(stems.get, scores["condition"])))
    colours = {name: style.model_colours[k % len(style.model_colours)] for k, name in enumerate(names)}
    with settings(style):
        figure = Figure(figsize=(PANEL[0] * len(panels) + 0.3, PANEL[1]), dpi=style.dpi, layout="constrained")
        every = np.ravel(figure.subplots(1, len(panels), squeeze=False))
        for axes, panel in zip(every, panels, strict=True):
            model, dataset, metric = panel
            here = scores[(scores[["model", "dataset", "metric"]] == list(panel)).all(axis=1)]
            for name in names:
                _draw_wordings(axes, here[here["condition"].map(stems) == name], name, colours[name])
            axes.set(xlabel=f"mean excess distance ({metric})", ylabel="validity (%)", ylim=(-4, 104))
            axes.set_title(f"{model} on {in_words(dataset)}", loc="left", fontsize=style.font_size)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, title=intervals_over(here["estimand"]))
    return figure


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
