"""A model beside others that were asked about it: a heat map of who did how well about whom, and by how much
the model itself did better."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.measuring.outcomes import ITSELF, MINUS
from sce.showing import captions, panels
from sce.showing.drawing import entitle, settings
from sce.showing.heat_map import draw_shares, name_colours
from sce.showing.looks import model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, intervals_over

ROW = 0.27  # inches
DIFFERENCES = 0.8  # of the width of a map beside them
SHARES = {
    "validity": "Valid SCEs",
    "exact_match": "Valid and nearest SCEs",
    "accuracy": "Answers at x' foreseen",
}


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A row of panels per dataset and condition: for each of ``options["scores"]`` a heat map of models
    against who was asked about them, ``itself`` first; then, for the first score, the model itself minus each
    other. ``table``: the ``outcomes`` of a kind of experiment that asks models about another."""
    scores, table = options["scores"], _with_who(table)
    first, shares = table["score"] == scores[0], table[table["score"].isin(scores) & ~table["is_difference"]]
    shown = list(shares[["dataset", "condition"]].drop_duplicates().itertuples(index=False, name=None))
    models, asked = list(shares["model"].unique()), list(shares["who"].unique())
    high = max(ROW * len(models), 0.12 * len(asked))
    with settings(style):
        size = (panels.PAGE, (high + 1.4) * len(shown) + 1.6)
        page = Figure(figsize=size, dpi=style.dpi, layout="constrained")
        entitle(page, _finding(table[first]), style)
        ratios = {"width_ratios": [*[1] * len(scores), DIFFERENCES]}
        every = page.subplots(len(shown), len(scores) + 1, squeeze=False, sharey="row", gridspec_kw=ratios)
        for row, (dataset, condition) in zip(every, shown, strict=True):
            here = (table["dataset"] == dataset) & (table["condition"] == condition)
            for axes, score in zip(row, scores, strict=False):
                cells = table[here & (table["score"] == score) & ~table["is_difference"]]
                cells = cells.pivot(index="model", columns="who", values="value")
                image = draw_shares(axes, cells.reindex(index=models, columns=asked))
                axes.set_title(SHARES[score], loc="left", fontsize=style.font_size)
                axes.set_xlabel("asked")
            row[0].set_ylabel(f"{in_words(dataset)}, {in_words(condition)}\nabout")
            _draw_differences(row[-1], table[here & first & table["is_difference"]], models, asked[1:], style)
        name_colours(page, image, every, "share")
        named = every[0, -1].get_legend_handles_labels()
        page.legend(*named, loc="outside lower center", ncols=len(asked), frameon=False)
    return page


def _draw_differences(axes, rows, models, others, style):
    looks, aside = model_looks(others, style), panels.beside(others, 0.7 / max(1, len(others)))
    for other in others:
        value, bars = panels.with_bars(rows[rows["who"] == other].set_index("model").reindex(models))
        axes.errorbar(
            value, np.arange(len(models)) + aside[other], xerr=bars, fmt="o", color=looks[other]["color"],
            markerfacecolor=looks[other]["fill"], markersize=4, elinewidth=0.8, label=f"minus {other}",
        )  # fmt: skip
    axes.axvline(0, color=style.missing_colour, linewidth=0.8)
    axes.set_xlim(-1.05, 1.05)
    axes.tick_params(left=False, labelleft=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title("Itself minus others", loc="left", fontsize=style.font_size)
    axes.set_xlabel(intervals_over(rows["estimand"]))


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    table, found = _with_who(table), captions.found
    finding = _finding(table[table["score"] == options["scores"][0]])
    told = [f"Who did how well (columns) about which model (rows). {finding}."]
    for score in options["scores"]:
        rows = table[(table["score"] == score) & ~table["is_difference"]]
        own, others = rows[rows["who"] == ITSELF], rows[~rows["is_own"]]
        told.append(f"{SHARES[score]}: by itself {found(own)}; by others {found(others)}.")
    return " ".join([*told, captions.over(table)])


def _with_who(table):
    """The table with the columns ``who`` was asked (without the wording, where there is only one),
    ``is_difference``, and ``is_own``: whether that is the model itself, if need be asked as another."""
    is_difference = table["metric"].str.startswith(MINUS)
    who = table["metric"].str.removeprefix(MINUS)
    parts = who.str.partition(" by ")
    own = (who == ITSELF) | (parts[2] == table["model"])
    if parts.loc[who != ITSELF, 0].nunique() == 1:
        who = who.where(who == ITSELF, parts[2])
    return table.assign(who=who, is_difference=is_difference, is_own=own)


def _finding(rows):
    """What the differences say, counted."""
    known = rows[rows["is_difference"] & ~rows["is_own"] & rows["low"].notna()]
    better, worse = int((known["low"] > 0).sum()), int((known["high"] < 0).sum())
    cases = f"{better} of {len(known)} cases, worse in {worse}"
    return f"Models do better about themselves than others in {cases}"
