"""Would more tries help? Validity, and the excess of the nearest valid SCE, among the first k that a model
gave at once."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.counted import curves
from sce.showing.drawing import settings
from sce.showing.style import FigureStyle

QUANTITIES = {"validity": ("validity at k (%)", 100), "excess": ("excess at k", 1)}


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A column of panels per dataset and metric: validity at k, and below it the mean excess at k, with 95%
    intervals. ``table``: the ``outcomes`` of several SCEs."""
    titles, counts = panels.columns_of(table), curves(table, "validity")["count"]
    with settings(style):
        page, placed = panels.sheet(titles, [name for name, _ in QUANTITIES.values()], style)
        for row, (quantity, (_, unit)) in enumerate(QUANTITIES.items()):
            panels.draw_curves(placed, row, curves(table, quantity), unit, style, table)
            for column in titles:
                axes = placed[row, column]
                panels.count_axis(axes, counts)
                axes.set_xlabel("k, SCEs looked at")
                if unit == 100:
                    panels.percent_axis(axes)
        panels.key(page, table["model"], table["condition"], style)
    return page


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    found = curves(table.drop_duplicates(["model", "dataset", "condition", "score"]), "validity")
    first, last = found[found["count"] == 1], found[found["count"] == found["count"].max()]
    k = 0 if found.empty else int(last["count"].iloc[0])
    return (
        "Validity when a model gives several SCEs at once, and the mean excess of the nearest valid one. "
        f"Valid already at the first: {captions.found(first)}. Among the first {k}: {captions.found(last)}. "
        + captions.over(table)
    )
