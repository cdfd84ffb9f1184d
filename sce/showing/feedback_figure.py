"""Does feedback help? Validity and excess before any feedback and after each round of it."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.counted import curves
from sce.showing.drawing import settings
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

QUANTITIES = {"valid": ("valid SCE (%)", 100), "excess": ("mean excess", 1)}


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A column of panels per dataset and wording of the feedback: a line from each model's first SCEs to
    those after feedback; above the share that is valid, below the mean excess of the valid ones under Gower's
    distance. ``table``: the ``outcomes`` of feedback."""
    titles = panels.columns_of(table)
    drawn = {quantity: curves(table, quantity) for quantity in QUANTITIES}
    drawn = {quantity: found for quantity, found in drawn.items() if len(found)}
    with settings(style):
        page, placed = panels.sheet(titles, [QUANTITIES[name][0] for name in drawn], style)
        for row, (quantity, found) in enumerate(drawn.items()):
            unit = QUANTITIES[quantity][1]
            panels.draw_curves(placed, row, found, unit, style, table)
            for column in titles:
                axes, counts = placed[row, column], sorted(found["count"].astype(int).unique())
                axes.set_xticks(counts, ["before" if count == 0 else f"after {count}" for count in counts])
                axes.set_xlabel("times feedback was given")
                if unit == 100:
                    panels.percent_axis(axes)
        panels.key(page, table["model"], table["condition"], style)
    return page


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    found = curves(table, "valid")
    last = int(found["count"].max()) if len(found) else 0
    keys = ["model", "dataset", "metric", "condition"]
    before = found[found["count"] == 0].set_index(keys)["value"]
    after = found[found["count"] == last].set_index(keys)["value"]
    gain = (after - before).dropna().astype(float)
    sentences = [
        "Validity before feedback and after each round of it, and the mean excess of the valid SCEs.",
        f"Before: {captions.found(found[found['count'] == 0])}.",
        f"After {last} times: {captions.found(found[found['count'] == last])}.",
    ]
    if len(gain):
        model, dataset, _, condition = gain.idxmax()
        least, most = (f"{100 * value:.0f}" for value in (gain.min(), gain.max()))
        spread = most if least == most else f"{least} to {most}"
        sentences.append(
            f"The gain is {spread} percentage points, the largest for {in_words(model)} on "
            f"{in_words(dataset)} ({in_words(condition)})."
        )
    return " ".join([*sentences, captions.over(table)])
