"""Validity against excess distance of every wording of a condition, on the axes of validity.png."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.drawing import settings
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words


def figure(scores: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A point per wording, validity (x) against mean excess distance (y), both with 95% intervals, in the
    colour of the model and the shape of the condition that it rewords; a panel per dataset and metric.
    Published values are hollow marks.

    ``scores``: all_scores with the column ``reference``, of the wordings alone. ``options``: ``stems``,
    condition -> the one that it rewords.
    """
    stems = options["stems"]
    titles, looks = panels.columns_of(scores), model_looks(scores["model"], style)
    stem = scores["condition"].map(stems)
    shapes = markers(stem, style)
    with settings(style):
        page, placed = panels.sheet(titles, ["mean excess distance"], style, 2.4)
        for keys, rows in scores.groupby([*panels.KEYS, "model", stem], sort=False):
            axes, (model, name) = placed[0, keys[:2]], keys[2:]
            _draw_wordings(axes, rows, shapes[name], looks[model])
        for axes in placed.values():
            axes.set(xlabel="validity (%)", xlim=(-4, 104))
            axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
            axes.grid(color="#E5E5E5", linewidth=0.5)
            axes.set_axisbelow(True)
        more = (
            [] if len(shapes) > 1 else [panels.mark(shape, in_words(name)) for name, shape in shapes.items()]
        )
        if scores["reference"].notna().any():
            more.append(panels.mark("o", "published", "none"))
        panels.key(page, scores["model"], shapes, style, more)
    return page


def _draw_wordings(axes, rows, shape, look):
    values = rows.pivot(index="condition", columns="score", values=["value", "low", "high", "reference"])
    x, y = 100 * _column(values, "value", "validity"), _column(values, "value", "mean_excess")
    bars = {}
    for bar, score, at, unit in (("xerr", "validity", x, 100), ("yerr", "mean_excess", y, 1)):
        ends = [unit * _column(values, end, score) for end in ("low", "high")]
        bars[bar] = np.nan_to_num(np.abs([at - ends[0], ends[1] - at]))
    # Wordings of one request lie close to one another: pale bars, and an edge around every mark.
    axes.errorbar(x, y, **bars, fmt="none", ecolor=look["color"], elinewidth=0.5, alpha=0.3)
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.4, "markersize": 4}
    axes.plot(x, y, linestyle="none", marker=shape, color=look["color"], **edge)
    theirs = 100 * _column(values, "reference", "validity"), _column(values, "reference", "mean_excess")
    if np.isfinite(theirs).all(axis=0).any():
        axes.plot(
            *theirs, linestyle="none", marker=shape, fillstyle="none", color=look["color"], markersize=5
        )


def _column(values, part, score):
    """One part of one score by wording, NaN where it is missing."""
    if (part, score) not in values:
        return np.full(len(values), np.nan)
    return pd.to_numeric(values[part, score]).to_numpy(dtype=float, na_value=np.nan)


def caption(scores: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    told = ["Validity against mean excess distance of every wording of a request; down and right is better."]
    whole = scores.drop_duplicates(["model", "dataset", "condition", "score"])
    valid = whole[(whole["score"] == "validity") & whole["value"].notna()]
    keys = ["model", "dataset", valid["condition"].map(options["stems"])]
    spread = [(rows["value"].max() - rows["value"].min(), names, rows) for names, rows in valid.groupby(keys)]
    if spread:
        _, (model, dataset, name), rows = max(spread, key=lambda item: item[0])
        least, most = (captions.as_percent(end) for end in (rows["value"].min(), rows["value"].max()))
        told.append(
            f"The wording matters most for {in_words(model)} on {in_words(dataset)} ({in_words(name)}): "
            f"validity lies between {least} and {most} over {len(rows)} wordings, each over n of about "
            f"{int(rows['n'].median()):,} SCEs."
        )
    return " ".join([*told, captions.over(scores)])
