"""What an observer gains from explanations, over the number of explained points."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.counted import counted, curves
from sce.showing.drawing import settings
from sce.showing.style import FigureStyle

GAINS = {"gain": "gain from SCEs", "gain_of_random": "from random answers"}
DOUBLED = -1  # the gain of one who is wrong twice as often: below it the axis is logarithmic


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A column of panels per dataset and observer: above the gain from the SCEs of k points, below,
    on the same axis, that from as many random answers, with 95% intervals. ``table``: the ``outcomes``
    artifact."""
    titles = panels.columns_of(table)
    drawn = {gain: curves(table, gain) for gain in GAINS}
    shown = pd.concat(drawn.values())
    with settings(style):
        page, placed = panels.sheet(titles, list(GAINS.values()), style)
        for row, found in enumerate(drawn.values()):
            panels.draw_curves(placed, row, found, 1, style, table)
        for column in titles:
            pair = [placed[row, column] for row in range(len(GAINS))]
            for axes in pair:
                axes.axhline(0, color=style.missing_colour, linewidth=0.8, zorder=0)
                panels.count_axis(axes, shown["count"])
                if shown["value"].min() < DOUBLED:
                    axes.set_yscale("symlog", linthresh=-DOUBLED)
            ends = [axes.get_ylim() for axes in pair]
            for axes in pair:
                axes.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
            pair[-1].set_xlabel("k, explained points")
        panels.key(page, table["model"], table["condition"], style)
    return page


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    return (
        "How much an observer gains from the SCEs of k points, as a share of what it would otherwise "
        "predict wrongly (above), and from as many answers at random points (below). An explanation "
        "below 0 misleads; one that is no higher than the random point is worth no more than any other "
        "answer of the model. Where a gain is below -1, the axis is logarithmic from there."
        f" {_finding(_gains(table))}. {captions.over(table)}"
    )


def _gains(table):
    """The lines of the gains, with the columns ``gain`` and ``k``."""
    table = counted(table).rename(columns={"quantity": "gain", "count": "k"})
    return table[table["gain"].isin(GAINS)].astype({"k": int})


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
