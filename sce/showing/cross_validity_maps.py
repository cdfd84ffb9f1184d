"""Whom do a model's SCEs fit? A heat map of author against judge for every dataset and condition, and beside
it how much better they fit their author than its peers."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sce.showing import captions, panels
from sce.showing.drawing import entitle, settings
from sce.showing.heat_map import draw_shares, name_colours
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, intervals_over

ROW = 0.27  # inches
DIFFERENCES = 0.4  # of the width of the map beside them


def cross_validity_maps(
    shares: pd.DataFrame, differences: pd.DataFrame, judges: list[str], style: FigureStyle
) -> Figure:
    """A row of panels per dataset and condition.

    shares: the columns model (the author), dataset, condition, judge, value. differences: rows of an
    ``outcomes`` artifact, the author minus its peers. judges: in the order of the columns.
    """
    shown = list(shares[["dataset", "condition"]].drop_duplicates().itertuples(index=False, name=None))
    authors = list(shares["model"].unique())
    with settings(style):
        size = (panels.PAGE, (ROW * len(authors) + 0.45) * len(shown) + 1.9)
        figure = Figure(figsize=size, dpi=style.dpi, layout="constrained")
        entitle(figure, _finding(differences), style)
        ratios = {"width_ratios": [1, DIFFERENCES]}
        every = figure.subplots(len(shown), 2, squeeze=False, sharex="col", sharey="row", gridspec_kw=ratios)
        for (left, right), (dataset, condition) in zip(every, shown, strict=True):
            here = shares[(shares["dataset"] == dataset) & (shares["condition"] == condition)]
            table = here.pivot(index="model", columns="judge", values="value").reindex(
                index=authors, columns=judges
            )
            image = draw_shares(left, table)
            for place, author in enumerate(authors):
                if author in judges:
                    left.add_patch(_frame(judges.index(author), place))
            left.set_title(
                f"{in_words(dataset)}, {in_words(condition)}", loc="left", fontsize=style.font_size
            )
            left.set_ylabel("author")
            chosen = (differences["dataset"] == dataset) & (differences["condition"] == condition)
            _draw_differences(right, differences[chosen].set_index("model").reindex(authors), style)
        every[-1, 0].set_xlabel("judged by")
        every[-1, 1].set_xlabel(intervals_over(differences["estimand"]))
        name_colours(figure, image, every, "share with the SCE's target at x'")
    return figure


def _draw_differences(axes, rows, style):
    value, bars = panels.with_bars(rows)
    axes.errorbar(
        value, range(len(rows)), xerr=bars, fmt="o", color=style.valid_colour, markersize=4, elinewidth=0.8
    )
    axes.axvline(0, color=style.missing_colour, linewidth=0.8)
    axes.set_xlim(-1.05, 1.05)
    axes.tick_params(left=False, labelleft=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title("itself minus peers", loc="left", fontsize=style.font_size)


def _frame(column, row):
    return Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=1.5)


def caption(differences: pd.DataFrame) -> str:
    """What the figure finds, as sentences."""
    return (
        "The SCEs of each model (rows), judged by the boundary of each (columns): the share whose x' the "
        "judge gives the SCE's target. A diagonal that is no brighter than its row means that a model's "
        "explanations fit itself no better than its peers; at the right the difference, with its 95% "
        "interval."
        f" {_finding(differences)}: {captions.found(differences)}. {captions.over(differences)}"
    )


def _finding(differences):
    """What the differences say, counted."""
    known = differences[differences["low"].notna()]
    better, worse = int((known["low"] > 0).sum()), int((known["high"] < 0).sum())
    return f"SCEs fit their author better than its peers in {better} of {len(known)} cases, worse in {worse}"
