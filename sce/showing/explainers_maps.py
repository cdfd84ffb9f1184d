"""A model beside others that were asked about it: a heat map of who did how well about whom, and by how much
the model itself did better."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.drawing import settings
from sce.showing.heat_map import draw_shares
from sce.showing.looks import model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, intervals_over

CELL = (0.55, 0.27)  # inches
ITSELF, MINUS = "itself", "itself minus "
SHARES = {
    "validity": "valid SCEs",
    "exact_match": "valid and nearest SCEs",
    "accuracy": "answers at x' foreseen",
}


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A row of panels per dataset and condition: for each of ``options["scores"]`` a heat map of models
    against who was asked about them, ``itself`` first; then, for the first score, the model itself minus each
    other. ``table``: the ``outcomes`` of a kind of experiment that asks models about another."""
    scores, differences = options["scores"], _differences(table, options)
    shares = table[table["score"].isin(scores) & ~table["metric"].str.startswith(MINUS)]
    shown = list(shares[["dataset", "condition"]].drop_duplicates().itertuples(index=False, name=None))
    models, asked = list(shares["model"].unique()), list(shares["metric"].unique())
    wide, high = CELL[0] * len(asked), max(CELL[1] * len(models), 0.1 * len(asked))
    with settings(style):
        size = ((wide + 1.2) * len(scores) + 4.6, (high + 1.5) * len(shown) + 0.6)
        page = Figure(figsize=size, dpi=style.dpi, layout="constrained")
        page.suptitle(_finding(differences), x=0.01, ha="left", fontweight="bold")
        ratios = {"width_ratios": [*[wide] * len(scores), 2.4]}
        every = page.subplots(len(shown), len(scores) + 1, squeeze=False, sharey="row", gridspec_kw=ratios)
        for row, (dataset, condition) in zip(every, shown, strict=True):
            here = shares[(shares["dataset"] == dataset) & (shares["condition"] == condition)]
            for axes, score in zip(row, scores, strict=False):
                cells = here[here["score"] == score].pivot(index="model", columns="metric", values="value")
                image = draw_shares(axes, cells.reindex(index=models, columns=asked).rename(columns=in_words))
                axes.set_title(in_words(SHARES[score]), loc="left", fontsize=style.font_size)
            about = f"{in_words(dataset)}, {in_words(condition)}"
            row[0].set_ylabel(f"{about}\nabout")
            chosen = (differences["dataset"] == dataset) & (differences["condition"] == condition)
            _draw_differences(row[-1], differences[chosen], models, asked[1:], style)
        page.colorbar(image, ax=every[:, :-1], label="share", shrink=0.8)
    return page


def _draw_differences(axes, rows, models, others, style):
    looks, aside = model_looks(others, style), panels.beside(others, 0.7 / max(1, len(others)))
    for other in others:
        its = rows[rows["metric"] == MINUS + other].set_index("model").reindex(models)
        value, bars = panels.with_bars(its)
        axes.errorbar(
            value, np.arange(len(models)) + aside[other], xerr=bars, fmt="o", color=looks[other]["color"],
            markerfacecolor=looks[other]["fill"], markersize=4, elinewidth=0.8, label=in_words(other),
        )  # fmt: skip
    axes.axvline(0, color=style.missing_colour, linewidth=0.8)
    axes.set_xlim(-1.05, 1.05)
    axes.tick_params(left=False, labelleft=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title("itself minus other", loc="left", fontsize=style.font_size)
    axes.set_xlabel(intervals_over(rows["estimand"]))
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    told = [
        f"Models (rows) and who was asked about them (columns). {_finding(_differences(table, options))}."
    ]
    for score in options["scores"]:
        rows = table[table["score"] == score]
        own, others = rows[rows["metric"] == ITSELF], rows[~rows["metric"].str.startswith(ITSELF)]
        told.append(
            f"{SHARES[score].capitalize()}: by itself {captions.found(own)}; by others {captions.found(others)}."
        )
    return " ".join([*told, captions.over(table)])


def _differences(table, options):
    return table[table["metric"].str.startswith(MINUS) & (table["score"] == options["scores"][0])]


def _finding(differences):
    """What the differences say, counted."""
    known = differences[differences["low"].notna()]
    better, worse = int((known["low"] > 0).sum()), int((known["high"] < 0).sum())
    return f"Models do better about themselves than others do in {better} of {len(known)} cases, worse in {worse}"
