"""What is an SCE worth in queries? What two searches find after so many, beside the model's own SCEs."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.counted import COUNTED, curves
from sce.showing.drawing import settings
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

QUANTITIES = {"validity": ("validity (%)", 100), "mean_excess": ("mean excess", 1)}
DASHES = ("-", (0, (3, 1.5)))  # of the searches
GROUP = [*panels.KEYS, "model", "condition"]


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A column of panels per dataset and metric: the validity and the mean excess of each search against its
    queries; at one query, a mark for the model's own SCEs, and a thin line on to where a search has found as
    much. ``table``: the ``outcomes`` of the searches."""
    titles, looks = panels.columns_of(table), model_looks(table["model"], style)
    searches = list(curves(table, "validity")["condition"].unique())
    conditions = [name for name in table["condition"].unique() if name not in searches]
    dashes, shapes = dict(zip(searches, DASHES, strict=False)), markers(conditions, style)
    own_names = table.loc[table["condition"].isin(conditions), ["model", "condition"]]
    aside = panels.beside(own_names.itertuples(index=False, name=None), 0.04)
    with settings(style):
        page, placed = panels.sheet(titles, [name for name, _ in QUANTITIES.values()], style, 2.0)
        for row, (quantity, (_, unit)) in enumerate(QUANTITIES.items()):
            found, own = curves(table, quantity), table[table["score"] == quantity]
            for (dataset, metric, model, search), its in found.groupby(GROUP):
                line = looks[model] | {"line": dashes[search]}
                axes, x = placed[row, (dataset, metric)], its["count"].astype(float)
                panels.draw(axes, x, its, line, "", unit, **_layer(list(looks), model))
            for (dataset, metric, model, name), its in own[own["value"].notna()].groupby(GROUP):
                _draw_own(
                    placed[row, (dataset, metric)], aside[model, name], its, looks[model], shapes[name], unit
                )
            for column in titles:
                axes = placed[row, column]
                panels.count_axis(axes, [1, *curves(table, "validity")["count"]])
                axes.set_xlabel("queries of a search")
                if unit == 100:
                    panels.percent_axis(axes)
        more = [panels.mark("", in_words(name), line=dash) for name, dash in dashes.items()]
        more += [panels.mark(shape, f"own SCE, {in_words(name)}") for name, shape in shapes.items()]
        panels.key(page, table["model"], [], style, more)
    return page


def _layer(models, model):
    """How the lines of a model are drawn: on equal boundaries searches find the same, so the first models
    have wide and pale lines below those of the others."""
    place = models.index(model)
    above = len(models) - 1 - place
    return {"linewidth": 1 + min(4, 1.2 * above), "alpha": 0.45 if above else 1, "zorder": 2 + 0.01 * place}


def _draw_own(axes, aside, rows, look, shape, unit):
    value = unit * float(rows["value"].iloc[0])
    axes.axhline(value, color=look["color"], linewidth=0.5, linestyle=":", zorder=1)
    panels.draw(
        axes, np.array([1 + aside]), rows, look, shape, unit, linestyle="none", zorder=3, markersize=5
    )


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    needed = table[table["score"].str.startswith("queries_of_")]
    whole = needed["score"].str.removeprefix("queries_of_")
    sentences = ["Validity and mean excess of searches that see only predictions, against their queries; "
                 "marks at one query are the models' own SCEs."]  # fmt: skip
    for search, rows in needed.groupby(whole, sort=False):
        known = rows[rows["value"].notna()].assign(low=None, high=None, n=None)
        never = int((rows["reason"] == "more than were given").sum())
        compared = len(known) + never
        text = f"In both, {in_words(search)} matches own SCEs in {len(known)} of {compared} cases"
        text += f", after queries: {captions.found(known, captions.as_number)}." if len(known) else "."
        sentences.append(text)
    bars = table[table["score"].str.fullmatch(COUNTED)]
    return " ".join([*sentences, captions.over(bars)])
