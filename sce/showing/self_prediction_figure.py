"""Does the model know whether its SCE is valid? How often it is right, against how sure it says it is, and
before against after the SCE was asked for."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.counted import curves
from sce.showing.drawing import settings
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle

WHEN = ("before", "after")
CHANCE = 0.5  # two options
GROUP = [*panels.KEYS, "model", "condition"]


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A column of panels per dataset and wording. Where models say how sure they are, a reliability curve
    when asked before the SCE and one when asked after it: the share of right replies against the mean
    confidence, by confidence in steps of ten percent; the dashed line is perfect
    calibration. Below, accuracy before and after, with a dashed line at chance. ``table``:
    the ``outcomes`` of self-prediction."""
    titles, looks = panels.columns_of(table), model_looks(table["model"], style)
    shapes = markers(table["condition"], style)
    sure = [when for when in WHEN if len(curves(table, f"accuracy_{when}"))]
    with settings(style):
        rows = [f"right, asked {when} (%)" for when in sure]
        page, placed = panels.sheet(titles, [*rows, "right (%)"], style)
        for row, when in enumerate(sure):
            for keys, its in _reliability(table, when).groupby(GROUP):
                axes, (model, name) = placed[row, keys[:2]], keys[2:]
                panels.draw(axes, 100 * its["sure"].to_numpy(float), its, looks[model], shapes[name])
            for column in titles:
                axes = placed[row, column]
                axes.plot([50, 100], [50, 100], color=panels.SOFT, linestyle="--", linewidth=0.8, zorder=1)
                axes.set(xlim=(48, 102), xlabel="stated confidence (%)")
                panels.percent_axis(axes)
                if not axes.containers:
                    axes.text(75, 20, "asked without confidence", ha="center", color=panels.SOFT)
        _draw_accuracy(table, placed, len(sure), titles, looks, shapes)
        more = [panels.mark("", "perfect calibration; chance" if sure else "chance", line="--")]
        panels.key(page, table["model"], table["condition"], style, more)
    return page


def _reliability(table, when):
    """The accuracy of every step of confidence, with ``sure``, the mean confidence in it."""
    keys = [*GROUP, "count"]
    sure = curves(table, f"confidence_{when}")[[*keys, "value"]].rename(columns={"value": "sure"})
    return curves(table, f"accuracy_{when}").merge(sure, on=keys).sort_values("sure")


def _draw_accuracy(table, placed, row, titles, looks, shapes):
    """Lines from the accuracy before to that after."""
    wanted = {f"accuracy_{when}": k for k, when in enumerate(WHEN)}
    rows = table[table["score"].isin(wanted) & table["value"].notna()]
    aside = panels.beside(zip(rows["model"], rows["condition"], strict=True), 0.03)
    for keys, its in rows.groupby(GROUP):
        axes, (model, name) = placed[row, keys[:2]], keys[2:]
        place = np.array([wanted[score] for score in its["score"]]) + aside[model, name]
        panels.draw(axes, place, its, looks[model], shapes[name])
    for column in titles:
        axes = placed[row, column]
        axes.axhline(100 * CHANCE, color=panels.SOFT, linestyle="--", linewidth=0.8, zorder=1)
        axes.set_xlim(-0.3, 1.3)
        axes.set_xticks([0, 1], ["asked before the SCE", "after"])
        panels.percent_axis(axes)


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""

    def of(score):
        return table[(table["score"] == score) & table["value"].notna()]

    told = ["How often models foresee what a fresh copy of themselves answers at their SCE; chance is 50%."]
    told += [f"Right when asked {when} the SCE: {captions.found(of(f'accuracy_{when}'))}." for when in WHEN]
    told.append(
        f"SCEs that are valid: {captions.found(of('valid'))}; "
        f"foreseen to be valid: {captions.found(of('predicted_valid_after'))}."
    )
    if len(of("confidence_after")):
        told.append(f"Mean stated confidence: {captions.found(of('confidence_after'))}.")
    return " ".join([*told, captions.over(table)])
