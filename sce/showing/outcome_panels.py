"""The outcomes of a kind of experiment, a panel per score."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions
from sce.showing.counted import counted
from sce.showing.drawing import settings
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, intervals_over

PANEL = (3.2, 2.8)  # inches
MANY = 10  # counts beyond which their axis is logarithmic


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """All averages of one table with their intervals, a panel per score, in the colours of the models and a
    shape for each dataset, condition and, where there are several, metric: scores that end in a count
    (validity_at_1, validity_at_2, ...) as lines over the count, others as points. Published values are
    hollow marks.

    ``table``: the ``outcomes`` artifact.
    """
    table = table[table["estimand"].notna() & table["value"].notna()]
    table = counted(table).rename(columns={"quantity": "panel"})
    keys = ["model", "dataset", "condition", *(["metric"] if table["metric"].nunique() > 1 else [])]
    subjects = list(table[keys].drop_duplicates().itertuples(index=False, name=None))
    panels = list(table["panel"].unique())
    looks, shapes = model_looks(table["model"], style), markers((subject[1:] for subject in subjects), style)
    with settings(style):
        across = max(1, min(3, len(panels)))
        down = max(1, -(-len(panels) // across))
        height = max(1.8, 0.5 + 0.16 * len(subjects))
        page = Figure(
            figsize=(PANEL[0] * across + 2, height * down + 0.3), dpi=style.dpi, layout="constrained"
        )
        every = np.ravel(page.subplots(down, across, squeeze=False))
        for axes, panel in zip(every, panels, strict=False):
            axes.set_title(in_words(panel), loc="left", fontsize=style.font_size)
            axes.spines[["top", "right"]].set_visible(False)
            here = table[table["panel"] == panel].set_index(keys).sort_index()
            for k, subject in enumerate(subjects):
                if subject in here.index:
                    rows = here.loc[[subject]].sort_values("count")
                    _draw_outcome(axes, rows, -k, subject, looks[subject[0]]["color"], shapes[subject[1:]])
            over_counts = here["count"].notna().any()
            if not over_counts:
                axes.set_yticks([])
            ends = here[["value", "low", "high"]].astype(float)
            if "excess" not in panel and ends.min(axis=None) >= 0 and ends.max(axis=None) <= 1:  # shares
                (axes.set_ylim if over_counts else axes.set_xlim)(-0.04, 1.04)
        for axes in every[len(panels) :]:
            axes.set_axis_off()
        _name_subjects(page, every, len(panels), intervals_over(table["estimand"]))
    return page


def _draw_outcome(axes, rows, place, subject, colour, shape):
    """The line of one subject over the count, or its one point, each with its interval."""
    value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    bars, name = np.nan_to_num(np.abs([value - low, high - value])), " / ".join(map(in_words, subject))
    look = {"color": colour, "markersize": 4, "elinewidth": 0.6, "label": name, "marker": shape}
    if rows["count"].notna().any():
        axes.errorbar(rows["count"], value, yerr=bars, linestyle="-", linewidth=0.9, **look)
        if rows["count"].max() > MANY:  # budgets double from one to the next
            axes.set_xscale("log", base=2)
        axes.set_xticks(rows["count"], [f"{count:g}" for count in rows["count"]], minor=False)
    else:
        axes.errorbar(value, [place], xerr=bars, linestyle="none", **look)
        axes.plot(rows["reference"], [place], "o", markerfacecolor="none", color=colour, markersize=6)


def _name_subjects(figure, every, used, bars):
    """One legend for all panels, every subject once, and what the ``bars`` are."""
    named = {}
    for axes in every[:used]:
        named |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    if named:
        figure.legend(named.values(), named.keys(), loc="outside right upper", title=bars, frameon=False)


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, score by score."""
    table = table[table["estimand"].notna() & table["value"].notna()]
    told = [
        f"{in_words(score)}: {captions.found(rows, captions.as_number)}"
        for score, rows in table.groupby("score", sort=False)
    ]
    return "; ".join(told).capitalize() + f". {captions.over(table)}"
