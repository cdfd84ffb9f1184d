"""How far SCEs go, beside how far they would have to: histograms of the distances of a model's SCEs and of
the distances to its nearest counterfactuals."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sce.showing import captions, panels, tiles
from sce.showing.drawing import MARGIN, line_height, settings, write
from sce.showing.looks import LINES, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

BINS = 24
PANEL, FEW_PANELS = 0.62, 1.1  # inches, the height of panels below one another, and of one or two
TICKS = (1, 2, 5, 10, 20, 50, 100)  # percent: one of them is named
# Pale and hatched: a pale wide line of a grey model must not look like it.
NEEDED = {"facecolor": "#F1F1F1", "edgecolor": "#A6A6A6", "hatch": "//////", "linewidth": 0.5}
KEYS = ["model", "dataset", "condition"]


def collect(pairs: list, tables: Iterable[pd.DataFrame], conditions: list[str], metric: str) -> pd.DataFrame:
    """What the figure shows: of the ``pairs`` of model and dataset the kept rows of some conditions under one
    metric, with the columns model, dataset, condition, metric, point_id, distance and nearest_distance, and
    ``in_part``, whether the grid was asked in part. tables: their ``distances``."""
    columns = ["model", "dataset", "condition", "metric", "point_id", "distance", "nearest_distance"]
    parts = []
    for (model, dataset), table in zip(pairs, tables, strict=True):
        chosen = (
            (table["metric"] == metric) & table["condition"].isin(conditions) & (table["status"] == "kept")
        )
        about = {"model": model, "dataset": dataset, "in_part": "certainty" in table}
        parts.append(table.loc[chosen].assign(**about)[[*columns, "in_part"]])
    return pd.concat(parts, ignore_index=True)


def figure(pairs: list, rows: pd.DataFrame, style: FigureStyle) -> Figure:
    """A row of panels per model and a column per dataset, at most three beside one another: hatched how
    far the nearest counterfactuals of its points are, as a line for each condition how far its SCEs go,
    both as shares of its rows. ``rows``: of ``collect``."""
    models, datasets = (list(dict.fromkeys(names)) for names in zip(*pairs, strict=True))
    conditions = list(rows["condition"].unique())
    looks = model_looks(models, style)
    with settings(style):
        if rows.empty:
            return tiles.nothing("No SCE is a point of the grid.", style)
        page = _lay_out(models, datasets, conditions, rows["metric"].iloc[0], style)
        ends = rows[["distance", "nearest_distance"]].max(axis=1).groupby(rows["dataset"]).max()
        bins = {name: np.linspace(0, ends.get(name) or 1, BINS + 1) for name in datasets}
        for model, dataset in pairs:
            block, column = divmod(datasets.index(dataset), panels.ACROSS)
            panel = page.axes(block * len(models) + models.index(model), column)
            _name(panel, model, dataset, models, column, style)
            panel.set_xlim(0, bins[dataset][-1])
            here = rows[(rows["model"] == model) & (rows["dataset"] == dataset)]
            _draw(panel, here, bins[dataset], conditions, looks[model]["color"], style)
    return page.figure


def _lay_out(models, datasets, conditions, metric, style):
    line = line_height(style)
    lines = [_line(k) for k in range(len(conditions))]
    names = map(in_words, conditions)
    handles = [
        Line2D([], [], color=panels.SOFT, label=c, **look) for c, look in zip(names, lines, strict=True)
    ]
    handles.append(Patch(**NEEDED, label="nearest counterfactual"))
    blocks = -(-len(datasets) // panels.ACROSS)
    shape = blocks * len(models), min(panels.ACROSS, len(datasets))
    gap = 0.32, (0.7 if blocks == 1 else 2.4) * line
    height = PANEL if shape[0] > 2 else FEW_PANELS
    page = tiles.lay_out(
        shape, style, MARGIN + 3.1 * line + 0.1, height, gap, 1.5 * line, 2.8 * line, handles
    )
    middle = (page.room + page.figure.get_size_inches()[0] - tiles.RIGHT) / 2
    write(page.figure, middle, page.key + 1.5 * line, f"distance ({metric})", ha="center")
    return page


def _line(k):
    """How the line of the k-th condition is drawn: the first one wide and pale, so that it shows beside one
    that coincides with it."""
    return {"linewidth": 1.1, "linestyle": LINES[k % len(LINES)]} if k else {"linewidth": 2.6, "alpha": 0.45}


def _name(panel, model, dataset, models, column, style):
    """The dataset above the first model, the model at the left, distances below the last model."""
    small = style.font_size - 1
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.tick_params(labelsize=small, labelbottom=model == models[-1])
    if model == models[0]:
        panel.set_title(in_words(dataset), loc="left", fontweight="bold", fontsize=style.font_size, pad=3)
    if column == 0:
        panel.set_ylabel(f"{in_words(model)}\n% of rows", fontsize=small, labelpad=3)


def _draw(panel, rows, bins, conditions, colour, style):
    if rows.empty:
        _note(panel, "no SCE on the grid", style)
        panel.set_yticks([])
        return
    needed = rows.drop_duplicates("point_id")["nearest_distance"]
    if needed.isna().all():
        _note(panel, _without(rows), style)
    panel.stairs(_shares(needed, bins), bins, fill=True, zorder=1, **NEEDED)
    for k, name in enumerate(conditions):
        own = rows.loc[rows["condition"] == name, "distance"]
        if len(own):
            panel.stairs(_shares(own, bins), bins, color=colour, zorder=2, **_line(k))
    panel.set_ylim(bottom=0)
    most = panel.get_ylim()[1]
    panel.set_yticks([0, *[tick for tick in TICKS if tick <= most][-1:]])


def _note(panel, text, style):
    look = {"ha": "center", "va": "center", "fontsize": style.font_size - 1, "zorder": 3}
    panel.text(0.5, 0.5, text, transform=panel.transAxes, **look)


def _without(rows):
    """Why rows have no distance to a nearest counterfactual."""
    return "nearest counterfactual not known" if rows["in_part"].any() else "no counterfactual exists"


def _shares(distances, bins):
    """Percent of the rows in every bin; those without a distance are in none."""
    known = distances.dropna().to_numpy(float)
    return 100 * np.histogram(known, bins)[0] / max(1, len(distances))


def caption(rows: pd.DataFrame) -> str:
    """What the figure finds, as sentences."""
    told = [
        "How far SCEs go (lines), and how far the nearest counterfactuals of the same points are (hatched)."
    ]
    if rows.empty:
        return f"{told[0]} No SCE is a point of the grid."
    bounded = rows[rows["nearest_distance"].notna()]
    metric = rows["metric"].iloc[0]
    told.append(
        f"Median distance ({metric}) of the SCEs: {_found(rows, lambda its: its['distance'].median())}."
    )
    if len(bounded):
        needed = _found(bounded, lambda its: its["nearest_distance"].median())
        told.append(f"Of the nearest counterfactuals: {needed}.")
        near = _found(
            bounded, lambda its: (its["distance"] < its["nearest_distance"]).mean(), captions.as_percent
        )
        told.append(f"Nearer than any counterfactual, so that they cannot be valid: {near}.")
    for _, its in rows[rows["nearest_distance"].isna()].groupby("in_part"):
        told.append(f"At {len(its):,} of {len(rows):,} rows: {_without(its)}.")
    return " ".join(told)


def _found(rows, value, written=captions.as_number):
    """A value of every model, dataset and condition as the captions of outcomes tell them."""
    parts = [
        dict(zip(KEYS, keys, strict=True)) | {"value": value(its), "low": None, "n": len(its), "reason": None}
        for keys, its in rows.groupby(KEYS, sort=False)
    ]
    return captions.found(pd.DataFrame(parts), written)
