"""What an observer gains from explanations, over the number of explained points."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.counted import counted, curves
from sce.showing.drawing import settings
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, shortened

GAINS = {"gain": "gain from SCEs", "gain_of_random": "from random answers"}
ASKED = "models as observers"  # the title of their panels
OF_ASKED = {"gain_at_1": "gain from SCEs", "misled_at_1": "share misled"}
TOLD_OF_ASKED = (
    " Models as observers are shown one SCE; below, how much of what they say it turns from right to wrong. "
    "One that is right without it has nothing to gain, and no mark above."
)
DOUBLED = -1  # the gain of one who is wrong twice as often: with any below it the axis is logarithmic
TICKS = (-1000, -100, -10, -1, 0, 1)  # of that axis


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A column of panels per dataset and observer that learns: above the gain from the SCEs of k points,
    below, on the same axis, that from as many random answers, with 95% intervals; and two per
    dataset about each model as an observer, which is shown one SCE. ``table``: the ``outcomes`` artifact."""
    learning = _learns(table)
    titles = {
        column: title.replace(", ", "\n") for column, title in panels.columns_of(table[learning]).items()
    }
    asked = {(dataset, ASKED): rows for dataset, rows in table[~learning].groupby("dataset", sort=False)}
    titles |= {column: f"{in_words(column[0])}\n{ASKED}" for column in asked}
    drawn = {gain: curves(table[learning], gain) for gain in GAINS}
    shown = pd.concat(drawn.values())
    with settings(style):
        page, placed = panels.sheet(titles, list(GAINS.values()), style)
        for row, found in enumerate(drawn.values()):
            panels.draw_curves(placed, row, found, 1, style, table)
        for column in titles:
            pair = [placed[row, column] for row in range(len(GAINS))]
            for axes in pair:
                axes.axhline(0, color=style.missing_colour, linewidth=0.8, zorder=0)
            if column in asked:
                _draw_asked(pair, asked[column], table, style)
                continue
            here = shown[(shown["dataset"] == column[0]) & (shown["metric"] == column[1])]
            for axes in pair:
                panels.count_axis(axes, shown["count"])
            _on_one_axis(pair, bool((here["value"] < DOUBLED).any()))
            pair[-1].set_xlabel("k, explained points")
        panels.key(page, table["model"], table["condition"], style)
    return page


def _learns(table) -> pd.Series:
    """Whether a line is about an observer that learns, which is shown random answers too."""
    known = table.loc[table["score"].str.startswith("gain_of_random"), "metric"]
    return table["metric"].isin(known)


def _draw_asked(pair, rows, whole, style):
    """The gains of models as observers, beside one another; below, the shares of their predictions that the
    SCE turned from right to wrong. whole: the table that colours are for."""
    observers = list(rows["metric"].unique())
    looks, shapes = model_looks(whole["model"], style), markers(whole["condition"], style)
    aside = panels.beside(zip(rows["model"], rows["condition"], strict=True), 0.5 / max(1, len(looks)))
    for axes, (score, name) in zip(pair, OF_ASKED.items(), strict=True):
        shown = rows[rows["score"] == score]
        for (model, condition), its in shown.groupby(["model", "condition"], sort=False):
            x = [observers.index(observer) + aside[model, condition] for observer in its["metric"]]
            panels.draw(axes, x, its, looks[model], shapes[condition], 1, linestyle="none")
        axes.set_xlim(-0.6, len(observers) - 0.4)
        axes.set_xticks(range(len(observers)), [shortened(in_words(each)) for each in observers], rotation=30)
        axes.set_ylabel(name)
        _on_one_axis([axes], bool((shown["value"] < DOUBLED).any()))
    pair[-1].set_xlabel("observer, shown one SCE")


def _on_one_axis(pair, logarithmic: bool):
    """The same axis for all panels; ``logarithmic``: beyond -1 and 1."""
    if logarithmic:
        for axes in pair:
            axes.set_yscale("symlog", linthresh=-DOUBLED)
    lows, highs = zip(*(axes.get_ylim() for axes in pair), strict=True)
    low, high = min(lows), max(highs)
    for axes in pair:
        if logarithmic:
            ticks = [tick for tick in TICKS if low <= tick <= high]
            axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        axes.set_ylim(low, high)


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    asked = "" if _learns(table).all() else TOLD_OF_ASKED
    return (
        "How much an observer gains from the SCEs of k points, as a share of what it would otherwise "
        "predict wrongly (above), and from as many answers at random points (below). An explanation "
        "below 0 misleads; one that is no higher than the random point is worth no more than any other "
        "answer of the model. Where a gain is below -1, the axis is logarithmic below -1 (and above 1)."
        f"{asked} {_finding(_gains(table))}. {captions.over(table)}"
    )


def _gains(table):
    """The lines of the gains, with the columns ``gain`` and ``k``."""
    table = counted(table).rename(columns={"quantity": "gain", "count": "k"})
    return table[table["gain"].isin(GAINS)].astype({"k": int})


def _finding(table):
    """What the gains say, counted."""
    wide = table.pivot(index=["model", "dataset", "condition", "metric", "k"], columns="gain", values="value")
    wide = wide.reindex(columns=list(GAINS)).dropna(subset="gain")
    helpful = f"SCEs help to predict the model in {(wide['gain'] > 0).sum()} of {len(wide)} cases"
    compared = wide.dropna()  # models as observers are shown no random answers
    if compared.empty:
        return helpful
    more = int((compared["gain"] > compared["gain_of_random"]).sum())
    of = "" if len(compared) == len(wide) else f" of {len(compared)}"
    return f"{helpful}, and more than random answers in {more}{of}"
