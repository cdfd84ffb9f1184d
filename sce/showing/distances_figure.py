"""How far SCEs go, beside how far they would have to: histograms of the distances of a model's SCEs and of
the distances to its nearest counterfactuals."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sce.showing import captions, panels, tiles
from sce.showing.drawing import MARGIN, line_height, settings
from sce.showing.looks import LINES, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

BINS = 24
PANEL = 0.62  # inches, the height
NEEDED = "#B8B8B8"
KEYS = ["model", "dataset", "condition"]


def collect(pairs: list, tables: Iterable[pd.DataFrame], conditions: list[str], metric: str) -> pd.DataFrame:
    """What the figure shows: of the ``pairs`` of model and dataset the kept rows of some conditions under one
    metric, with the columns model, dataset, condition, metric, point_id, distance and nearest_distance.
    tables: their ``distances``."""
    columns = ["model", "dataset", "condition", "metric", "point_id", "distance", "nearest_distance"]
    parts = []
    for (model, dataset), table in zip(pairs, tables, strict=True):
        chosen = (
            (table["metric"] == metric) & table["condition"].isin(conditions) & (table["status"] == "kept")
        )
        parts.append(table[chosen].assign(model=model, dataset=dataset)[columns])
    return pd.concat(parts, ignore_index=True)


def figure(pairs: list, rows: pd.DataFrame, style: FigureStyle) -> Figure:
    """A row of panels per model and a column per dataset: in grey how far the nearest counterfactuals of its
    points are, as a line for each condition how far its SCEs go, both as shares of its rows. ``rows``: of
    ``collect``."""
    models, datasets = (list(dict.fromkeys(names)) for names in zip(*pairs, strict=True))
    conditions = list(rows["condition"].unique())
    looks = model_looks(models, style)
    with settings(style):
        if rows.empty:
            return tiles.nothing("No SCE is a point of the grid.", style)
        page = _lay_out(models, datasets, conditions, rows["metric"].iloc[0], style)
        bins = {
            name: np.linspace(0, its["most"].max() or 1, BINS + 1)
            for name, its in _most(rows).groupby("dataset")
        }
        for model, dataset in pairs:
            place = models.index(model), datasets.index(dataset)
            panel = _add_panel(page, place, models, datasets, style)
            here = rows[(rows["model"] == model) & (rows["dataset"] == dataset)]
            if here.empty:
                note = {
                    "ha": "center",
                    "va": "center",
                    "fontsize": style.font_size - 1,
                    "transform": panel.transAxes,
                }
                panel.text(0.5, 0.5, "no SCE on the grid", **note)
                panel.set_yticks([])
            else:
                _draw(panel, here, bins[dataset], conditions, looks[model]["color"])
    return page.figure


def _most(rows):
    return rows.assign(most=rows[["distance", "nearest_distance"]].max(axis=1))


def _lay_out(models, datasets, conditions, metric, style):
    line = line_height(style)
    handles = [panels.mark("", in_words(name), line=_line(k)) for k, name in enumerate(conditions)]
    handles.append(Patch(facecolor=NEEDED, label="nearest counterfactual"))
    shape, room, gap = (len(models), len(datasets)), MARGIN + 3.1 * line + 0.1, (0.32, 1.1 * line)
    page = tiles.lay_out(shape, style, room, PANEL, gap, 1.5 * line, 2.8 * line, handles)
    page.write(page.room, page.key + 1.4 * line, f"distance ({metric})")
    return page


def _line(k):
    return LINES[k % len(LINES)]


def _add_panel(page, place, models, datasets, style):
    row, column = place
    panel = page.axes(row, column)
    panel.tick_params(labelsize=style.font_size - 1)
    if row == 0:
        panel.set_title(
            in_words(datasets[column]), loc="left", fontweight="bold", fontsize=style.font_size, pad=3
        )
    if column == 0:
        panel.set_ylabel(f"{in_words(models[row])}\n% of rows", fontsize=style.font_size - 1, labelpad=3)
    return panel


def _draw(panel, rows, bins, conditions, colour):
    needed = rows.drop_duplicates("point_id")["nearest_distance"]
    panel.stairs(_shares(needed, bins), bins, fill=True, color=NEEDED, zorder=1)
    for k, name in enumerate(conditions):
        own = rows[rows["condition"] == name]
        if len(own):
            panel.stairs(
                _shares(own["distance"], bins),
                bins,
                color=colour,
                linewidth=1.1,
                linestyle=_line(k),
                zorder=2,
            )
    panel.set_xlim(0, bins[-1])
    panel.set_ylim(bottom=0)
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.yaxis.set_major_locator(MaxNLocator(2, integer=True))


def _shares(distances, bins):
    """Percent of the rows in every bin; those without a distance are in none."""
    known = distances.dropna().to_numpy(float)
    return 100 * np.histogram(known, bins)[0] / max(1, len(distances))


def caption(rows: pd.DataFrame) -> str:
    """What the figure finds, as sentences."""
    told = ["How far SCEs go (lines), and how far the nearest counterfactuals of the same points are (grey)."]
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
    if missing := int(rows["nearest_distance"].isna().sum()):
        told.append(
            f"At {missing:,} of {len(rows):,} rows the distance of the nearest counterfactual is not known."
        )
    return " ".join(told)


def _found(rows, value, written=captions.as_number):
    """A value of every model, dataset and condition as the captions of outcomes tell them."""
    parts = [
        dict(zip(KEYS, keys, strict=True)) | {"value": value(its), "low": None, "n": len(its)}
        for keys, its in rows.groupby(KEYS, sort=False)
    ]
    return captions.found(pd.DataFrame(parts), written)
