"""What an observer gains from explanations, over the number of explained points."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.counted import counted
from sce.showing.drawing import settings
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, intervals_over

PANEL = (2.6, 2.2)  # inches


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A panel per observer and per model and dataset, a colour per condition: the gain from the SCEs (filled)
    and from as many random answers (hollow, dashed). ``table``: the ``outcomes`` artifact."""
    table = _gains(table)
    pairs = list(table[["model", "dataset"]].drop_duplicates().itertuples(index=False, name=None))
    observers, conditions = list(table["metric"].unique()), list(table["condition"].unique())
    with settings(style):
        size = (PANEL[0] * len(observers) + 1.8, PANEL[1] * len(pairs) + 0.5)
        figure = Figure(figsize=size, dpi=style.dpi, layout="constrained")
        figure.suptitle(_finding(table), x=0.01, ha="left", fontweight="bold")
        every = figure.subplots(len(pairs), len(observers), squeeze=False, sharex=True, sharey="row")
        named = {}
        for row, (model, dataset) in zip(every, pairs, strict=True):
            for axes, observer in zip(row, observers, strict=True):
                here = table[(table["model"] == model) & (table["dataset"] == dataset)]
                for k, condition in enumerate(conditions):
                    colour = style.model_colours[k % len(style.model_colours)]
                    rows = here[(here["metric"] == observer) & (here["condition"] == condition)]
                    named |= _draw_gains(axes, rows, in_words(condition), colour)
                axes.axhline(0, color=style.missing_colour, linewidth=0.8, zorder=0)
                axes.set_title(observer, loc="left", fontsize=style.font_size)
                axes.spines[["top", "right"]].set_visible(False)
                axes.set_xscale("log")
                counts = sorted(table["k"].unique())
                axes.set_xticks(counts, [f"{count:g}" for count in counts])
                axes.minorticks_off()
            row[0].set_ylabel(f"{model}, {in_words(dataset)}\nnormalised gain")
        for axes in every[-1]:
            axes.set_xlabel("explained points")
        bars = intervals_over(table["estimand"])
        figure.legend(named.values(), named.keys(), loc="outside right upper", title=bars, frameon=False)
    return figure


def _gains(table):
    """The lines of the gains, with the columns ``gain`` and ``k``."""
    table = counted(table).rename(columns={"quantity": "gain", "count": "k"})
    return table[table["gain"].isin(("gain", "gain_of_random"))].astype({"k": int})


def _draw_gains(axes, rows, name, colour):
    """The lines of one condition; returns label -> handle."""
    handles = {}
    for gain, label in (("gain", f"SCEs, {name}"), ("gain_of_random", f"random answers, {name}")):
        own = rows[rows["gain"] == gain].sort_values("k")
        value, bars = panels.with_bars(own)
        look = {"fmt": "o-"} if gain == "gain" else {"fmt": "o--", "markerfacecolor": "none"}
        handles[label] = axes.errorbar(
            own["k"], value, yerr=bars, color=colour, markersize=4, linewidth=0.9, elinewidth=0.6, **look
        )
    return handles


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    return (
        "How much an observer gains from the SCEs of k points, as a share of what it would otherwise "
        "predict wrongly (filled), and from as many answers at random points (hollow). An explanation "
        "below 0 misleads; one that is no higher than the random point is worth no more than any other "
        "answer of the model."
        f" {_finding(_gains(table))}. {captions.over(table)}"
    )


def _finding(table):
    """What the gains say, counted."""
    wide = table.pivot(
        index=["model", "dataset", "condition", "metric", "k"], columns="gain", values="value"
    ).dropna()
    above, more = int((wide["gain"] > 0).sum()), int((wide["gain"] > wide["gain_of_random"]).sum())
    return (
        f"SCEs help to predict the model in {above} of {len(wide)} cases, "
        f"and more than random answers in {more}"
    )
