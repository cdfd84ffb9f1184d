"""Does the boundary depend on how the question is worded? How many wordings agree at each point, and what the
majority of them makes of the SCEs."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.drawing import settings
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle

BINS = np.linspace(50, 100, 11)  # percent of wordings; two options, so half of them agree at least
JUDGES = {"validity_main": "the main wording", "validity_majority": "the majority"}


def shares(agreement: pd.Series) -> np.ndarray:
    """(10,) percent of the points with a prediction by how many wordings agree there, in steps of five
    percent from 50 to 100. ``agreement``: shares, missing where no wording has a prediction."""
    known = agreement.dropna().to_numpy(float)
    counts, _ = np.histogram(np.clip(100 * known, 50, 100), BINS)
    return 100 * counts / max(1, len(known))


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A column of panels per dataset: a histogram of agreement over grid points; below it, validity judged by
    the main wording and by the majority. ``table``: the ``outcomes`` of consistency; ``options``: ``points``,
    the agreement at every point, with columns model, dataset and agreement."""
    points = options["points"]
    titles = panels.columns_of(table)
    models, looks = list(table["model"].unique()), model_looks(table["model"], style)
    judged = table[table["score"].isin(JUDGES) & table["value"].notna()]
    shapes = markers(judged["condition"], style)
    rows = ["grid points (%)"] + (["validity (%)"] if len(judged) else [])
    with settings(style):
        page, placed = panels.sheet(titles, rows, style)
        width = (BINS[1] - BINS[0]) / max(1, len(models))
        for (model, dataset), its in points.groupby(["model", "dataset"], sort=False):
            left = BINS[:-1] + width * models.index(model)
            for column in (column for column in titles if column[0] == dataset):
                bars = shares(its["agreement"])
                placed[0, column].bar(left, bars, 0.9 * width, align="edge", color=looks[model]["color"])
        for column in titles:
            placed[0, column].set(xlim=(49, 101), xlabel="wordings that agree (%)")
            placed[0, column].set_ylim(0, 104)
        _draw_judged(judged, placed, titles, looks, shapes)
        panels.key(page, models, shapes, style)
    return page


def _draw_judged(judged, placed, titles, looks, shapes):
    aside = panels.beside(zip(judged["model"], judged["condition"], strict=True), 0.03)
    for (dataset, metric, model, name), its in judged.groupby([*panels.KEYS, "model", "condition"]):
        x = np.array([list(JUDGES).index(score) for score in its["score"]]) + aside[model, name]
        panels.draw(placed[1, (dataset, metric)], x, its, looks[model], shapes[name])
    for column in titles if len(judged) else []:
        axes = placed[1, column]
        axes.set_xlim(-0.3, 1.3)
        axes.set_xticks([0, 1], [f"by {name}" for name in JUDGES.values()])
        panels.percent_axis(axes)


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""

    def of(score):
        return table[(table["score"] == score) & table["value"].notna()]

    told = [
        "How many wordings of the question agree at each grid point.",
        f"Mean agreement: {captions.found(of('agreement'), conditions=False)}.",
        f"All wordings agree at {captions.found(of('unanimous'), conditions=False)} of the points.",
    ]
    if len(of("validity_main")):
        told.append(
            f"Validity judged by the main wording: {captions.found(of('validity_main'))}; "
            f"by the majority: {captions.found(of('validity_majority'))}."
        )
    return " ".join([*told, captions.over(table)])
