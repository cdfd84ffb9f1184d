"""The map of where the boundary depends on the wording of the question."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.grids.datasets import Dataset
from sce.showing import captions
from sce.showing.drawing import settings
from sce.showing.map_layout import axis_title
from sce.showing.mosaic import lay_out
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

TICKS = 5  # labels along an axis, at most


def consistency_map(dataset: Dataset, points: pd.DataFrame, model: str, style: FigureStyle) -> Figure:
    """Where the boundary is uncertain: the share of wordings that predict the second option at every point
    shown, and, where there are log-probabilities, the mean probability that they give it."""
    first = points["majority"] == dataset.options[0]
    share = np.where(first, 1 - points["agreement"], points["agreement"])
    layers = {f"share of wordings that say '{dataset.options[1]}'": share}
    if points["probability_1"].notna().any():
        layers[f"mean probability of '{dataset.options[1]}'"] = points["probability_1"].to_numpy(dtype=float)
    mosaic = lay_out(dataset, style.max_panels)
    with settings(style):
        size = (8.0, 0.9 + len(layers) * (0.9 + 7.0 * min(1.2, max(0.15, mosaic.height / mosaic.width))))
        figure = Figure(figsize=size, dpi=style.dpi, layout="constrained")
        figure.suptitle(
            f"{in_words(model)} on {in_words(dataset.name)}", x=0.01, ha="left", fontweight="bold"
        )
        for axes, (title, values) in zip(
            np.ravel(figure.subplots(len(layers), 1)), layers.items(), strict=True
        ):
            image = axes.imshow(
                mosaic.board(np.asarray(values, float), np.nan).T,
                origin="lower", aspect="auto", interpolation="none", cmap="cividis", vmin=0, vmax=1,
            )  # fmt: skip
            figure.colorbar(image, ax=axes, shrink=0.8)
            axes.set_title(title, loc="left", fontsize=style.font_size)
            _label_axes(axes, dataset, mosaic)
    return figure


def _label_axes(axes, dataset, mosaic):
    """Ticks of every panel, and in words which features the panels repeat."""
    for name, repeats, size, put, label in (
        (mosaic.x, mosaic.n_columns, mosaic.panel[0], axes.set_xticks, axes.set_xlabel),
        (mosaic.y, mosaic.n_rows, mosaic.panel[1], axes.set_yticks, axes.set_ylabel),
    ):
        if name is None:
            put([])
            continue
        ranks = np.unique(np.linspace(0, size - 1, max(2, TICKS // repeats)).round().astype(int))
        places = [k * (size + 1) + rank for k in range(repeats) for rank in ranks]
        put(places, [dataset.features[name].labels[rank] for rank in ranks] * repeats)
        others = mosaic.columns if name == mosaic.x else mosaic.rows
        within = f", repeated for every {' and '.join(map(in_words, others))}" if others else ""
        label(axis_title(dataset, name) + within)


def caption(dataset: Dataset, points: pd.DataFrame, model: str) -> str:
    """What the map finds, as sentences."""
    asked = points[points["wordings"] > 0]
    told = [
        f"{in_words(model)} on {in_words(dataset.name)}: which share of up to "
        f"{int(points['wordings'].max()):,} wordings of the question give '{dataset.options[1]}', at each of "
        f"{len(points):,} grid points."
    ]
    if len(asked):
        both = asked[asked["main"].notna() & asked["majority"].notna()]
        other = int((both["main"] != both["majority"]).sum())
        told.append(
            f"On average {captions.as_percent(asked['agreement'].mean())} of them agree; at "
            f"{captions.as_percent((asked['agreement'] == 1).mean())} of the points all do, and at {other:,} "
            "points the majority says otherwise than the main wording."
        )
    return " ".join(told)
