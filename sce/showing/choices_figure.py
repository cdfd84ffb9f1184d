"""Can a model see which instance is nearest? Its accuracy against chance."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.drawing import settings
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

ROW = 0.26  # inches from one model to the next


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A panel per dataset and metric: the accuracy of every model over readable replies with its 95%
    interval, a dashed line at chance, hollow diamonds for published values. ``table``: the
    ``outcomes`` of choices."""
    titles, models = panels.columns_of(table), list(table["model"].unique())
    looks, shapes = model_looks(models, style), markers(table["condition"], style)
    places = {model: -k for k, model in enumerate(models)}
    step = 0.6 / max(1, len(shapes))
    with settings(style):
        page, placed = panels.sheet(titles, [""], style, 0.75 + ROW * len(models) * max(1, len(shapes)))
        for (dataset, metric), its in table.groupby(panels.KEYS):
            axes = placed[0, (dataset, metric)]
            for row in its[(its["score"] == "accuracy") & its["value"].notna()].itertuples():
                y = places[row.model] - step * list(shapes).index(row.condition)
                ends = [[100 * abs(row.value - row.low)], [100 * abs(row.high - row.value)]]
                bars = None if pd.isna(row.low) else ends
                look = looks[row.model]
                axes.errorbar(
                    100 * row.value, y, xerr=bars, color=look["color"], marker=shapes[row.condition],
                    markersize=5, elinewidth=0.8, markerfacecolor=look["fill"],
                )  # fmt: skip
                if pd.notna(row.reference):
                    axes.plot(
                        100 * row.reference, y, "D", color=look["color"], markersize=5, fillstyle="none"
                    )
            for chance in its.loc[its["score"] == "chance", "value"].dropna().unique():
                axes.axvline(100 * chance, color=panels.SOFT, linestyle="--", linewidth=0.8, zorder=1)
        _label(placed, places, titles)
        more = [panels.mark("", "chance", line="--")]
        if table["reference"].notna().any():
            more.append(panels.mark("D", "published", "none"))
        panels.key(page, [], table["condition"], style, more)
    return page


def _label(placed, places, titles):
    first = next(iter(titles), None)
    for (_, column), axes in placed.items():
        axes.set_xlim(-4, 104)
        axes.set_xlabel("nearest chosen (%)")
        axes.set_ylim(min(places.values(), default=0) - 0.8, 0.6)
        axes.set_yticks(list(places.values()), [in_words(name) if column == first else "" for name in places])


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    scores = table.set_index(["model", "dataset", "condition", "metric", "score"])
    right = table[table["score"] == "accuracy"]
    above, below = 0, 0
    for row in right.itertuples():
        chance = scores["value"].get((row.model, row.dataset, row.condition, row.metric, "chance"))
        above += pd.notna(row.low) and row.low > chance
        below += pd.notna(row.high) and row.high < chance
    chances = table.loc[table["score"] == "chance", "value"].dropna().unique()
    chance = " or ".join(captions.as_percent(value) for value in sorted(chances))
    unread = int(table.loc[table["score"] == "unparseable", "value"].fillna(0).sum())
    return (
        f"How often the nearest candidate is chosen, over readable replies; chance is {chance}. "
        f"Accuracy: {captions.found(right, conditions=False)}. "
        f"The interval lies above chance in {above} of {len(right)} cases and below it in {below}; "
        f"{unread:,} replies cannot be read. " + captions.over(table)
    )
