"""What is certain around the starts of a grid that was asked in part, whose many features no map can hold."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sce.grids.datasets import Dataset
from sce.showing import captions
from sce.showing.drawing import settings
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

WIDTH, HEIGHT = 10.0, 10.5  # inches
PATHS = 3  # starts whose way is drawn


def certainty_panels(
    dataset: Dataset,
    distances: pd.DataFrame,
    closing_in: pd.DataFrame,
    condition: str,
    metric: str,
    style: FigureStyle,
) -> Figure:
    """Five panels on the SCEs of one condition under one metric: the bounds of every start and its SCE; the
    mean bounds against questions; starts that are exact against questions; how often the SCE and the nearest
    known counterfactual change each feature; the way from x to both of them for a few starts.

    ``distances``: the ``distances_in_part`` artifact. ``closing_in``: the table of ``sce.searching.trace``.
    """
    rows = distances[(distances["condition"] == condition) & (distances["metric"] == metric)]
    rows = rows[rows["status"] == "kept"].sort_values(["nearest_high", "point_id"]).reset_index(drop=True)
    with settings(style):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=style.dpi, layout="constrained")
        panels = figure.subplot_mosaic([["bounds", "way"], ["exact", "changes"], ["paths", "paths"]])
        figure.suptitle(
            f"{in_words(dataset.name)}: {in_words(condition)}", x=0.02, ha="left", fontweight="bold"
        )
        _draw_bounds(panels["bounds"], rows, style)
        _draw_closing_in(panels["way"], closing_in, rows, style)
        for name in ("bounds", "way"):
            panels[name].set_ylabel(f"distance ({metric})")
        _draw_closing(panels["exact"], rows, style)
        changes = {
            "SCE": _changed(dataset, rows, "sce_point_id"),
            "nearest known": _changed(dataset, rows, "nearest_point_id"),
        }
        _draw_changes(panels["changes"], list(dataset.features), changes, style)
        _draw_paths(panels["paths"], dataset, rows, style)
        for axes in panels.values():
            axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_bounds(axes, rows, style):
    """A line from the lower to the upper bound of m for every start, and its SCE's distance."""
    axes.set_title("distance to the nearest counterfactual: bounds", loc="left", fontsize=style.font_size)
    place = np.arange(len(rows))
    colours = style.option_colours
    assumed = rows["certainty"].str.endswith("if_monotone").to_numpy(bool)
    for which, name, colour in ((~assumed, "certain", colours[0]), (assumed, "if monotone", colours[1])):
        if which.any():
            ends = rows["nearest_low"][which], rows["nearest_high"][which]
            axes.vlines(place[which], *ends, color=colour, linewidth=1, label=name)
            axes.plot(place[which], ends[1], "_", color=colour, markersize=3)
    open_ended = rows["nearest_high"].isna().to_numpy(bool)
    if open_ended.any():
        ends = rows["nearest_low"][open_ended]
        axes.plot(place[open_ended], ends, "^", color=colours[0], markersize=4, label="at least")
    for valid, colour in ((True, style.valid_colour), (False, style.invalid_colour)):
        own = (rows["valid"] == valid).to_numpy(bool)
        name = f"SCE, {'valid' if valid else 'invalid'}"
        axes.plot(place[own], rows["distance"][own], ".", color=colour, markersize=3, label=name)
    axes.set_xlabel("starts, by their upper bound")
    axes.set_ylim(bottom=0)
    _name_what_is_drawn(axes)


def _draw_closing_in(axes, closing_in, rows, style):
    """The mean bounds on m after so many answers, and the mean distance of the valid SCEs."""
    axes.set_title("mean bounds, by answers over all starts", loc="left", fontsize=style.font_size)
    answers, low, high = (closing_in[name] for name in ("answers", "low", "high"))
    colour = style.option_colours[0]
    axes.fill_between(
        answers, low, high, color=colour, alpha=0.2, linewidth=0, label="the nearest, if any, lies here"
    )
    for ends in (low, high):
        axes.plot(answers, ends, ".-", color=colour, linewidth=1, markersize=3)
    valid = rows["valid"].astype("boolean").fillna(False).to_numpy(bool)
    if valid.any():
        mean = rows["distance"][valid].mean()
        axes.axhline(mean, color=style.valid_colour, linewidth=1, linestyle="--", label="valid SCEs")
    axes.set_xlabel("answers, starts and SCEs among them")
    axes.set_ylim(bottom=0)
    _name_what_is_drawn(axes)


def _draw_closing(axes, rows, style):
    """The share of starts that are exact after so many questions of their own."""
    axes.set_title("starts that are exact, by questions asked", loc="left", fontsize=style.font_size)
    exact = rows["certainty"].str.startswith("exact").to_numpy(bool)
    needed = np.sort(rows["searched"].to_numpy(dtype=float)[exact])
    most = max(1.0, rows["searched"].max() if len(rows) else 1.0)
    share = np.arange(1, len(needed) + 1) / max(1, len(rows))
    steps = (
        np.concatenate([[0], needed, [most]]),
        np.concatenate([[0], share, share[-1:] if len(share) else [0]]),
    )
    axes.step(*steps, where="post", color=style.option_colours[0])
    axes.set_xscale("symlog", base=2, linthresh=1)
    ticks = [0, *(2**k for k in range(int(np.log2(most)) + 1))]
    axes.set_xticks(ticks, list(map(str, ticks)), minor=False)
    axes.set_ylim(0, 1.04)
    axes.set_xlabel("questions for a start")
    axes.set_ylabel("share of starts")


def _changed(dataset, rows, column):
    """(features,) the share of rows in which a point differs from x."""
    known = rows[rows[column].notna()]
    if known.empty:
        return np.zeros(len(dataset.features))
    here, there = (_ranks(dataset, known[name]) for name in ("point_id", column))
    return (here != there).mean(axis=1)


def _draw_changes(axes, features, changes, style):
    axes.set_title("how often each feature is changed", loc="left", fontsize=style.font_size)
    place, height = np.arange(len(features)), 0.8 / len(changes)
    for k, (name, shares) in enumerate(changes.items()):
        axes.barh(place + k * height, shares, height, color=style.model_colours[k], label=name)
    axes.set_yticks(place + 0.4 - height / 2, list(map(in_words, features)))
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of starts")
    _name_what_is_drawn(axes)


def _draw_paths(axes, dataset, rows, style):
    """For a few starts every feature's level, as a share of its levels: x, x' and the nearest known."""
    axes.set_title("x, its SCE and the nearest known, level by level", loc="left", fontsize=style.font_size)
    known = rows["nearest_point_id"].notna()
    some = rows[rows["sce_point_id"].notna() & (known | ~known.any())]
    some = some.iloc[np.linspace(0, len(some) - 1, min(PATHS, len(some))).astype(int)] if len(some) else some
    last = np.array(dataset.shape) - 1
    looks = {
        "point_id": ("x", "-", "o"),
        "sce_point_id": ("SCE", "--", "s"),
        "nearest_point_id": ("nearest", ":", "^"),
    }
    place = np.arange(len(last))
    for k, row in enumerate(some.itertuples(index=False)):
        shown = {column: look for column, look in looks.items() if pd.notna(getattr(row, column))}
        for column, (name, line, mark) in shown.items():
            levels = _ranks(dataset, [getattr(row, column)])[:, 0] / last
            colour = style.model_colours[k % len(style.model_colours)]
            axes.plot(
                k * 1.2 + levels, place, line, marker=mark, markersize=3, linewidth=0.8, color=colour,
                label=name if k == 0 else None,
            )  # fmt: skip
    axes.set_yticks(place, list(map(in_words, dataset.features)))
    # Each start has the levels of a feature from the first to the last, side by side with the others'.
    ends = [(k * 1.2 + end, name) for k in range(len(some)) for end, name in ((0, "first"), (1, "last"))]
    axes.set_xticks([place for place, _ in ends], [name for _, name in ends])
    axes.set_xlabel("level of the feature, for each of a few starts")
    axes.invert_yaxis()
    if len(some):
        _name_what_is_drawn(axes)


def _name_what_is_drawn(axes):
    """A legend below the panel: inside it would lie on bars and bounds, which may be anywhere."""
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.14), ncols=3, borderaxespad=0)


def _ranks(dataset, points):
    return np.array(np.unravel_index(np.asarray(points, dtype=np.int64), dataset.shape))


def caption(dataset: Dataset, distances: pd.DataFrame, model: str, condition: str, metric: str) -> str:
    """What the panels find, as sentences."""
    rows = distances[(distances["condition"] == condition) & (distances["metric"] == metric)]
    rows = rows[rows["status"] == "kept"]
    told = [
        f"What is certain about {in_words(model)} on {in_words(dataset.name)} ({in_words(condition)}), whose "
        "grid was asked in part. Top: the bounds of every start's distance to its nearest counterfactual, "
        "and its SCE; how the mean bounds close in as answers come. Middle: starts whose distance is exact "
        "after so many questions; how often each feature is changed. Bottom: a few starts, level by level. "
        "docs/adaptive.md says what is taken for granted."
    ]
    if rows.empty:
        return f"{told[0]} No start has an SCE on the grid."
    exact = rows["certainty"].str.startswith("exact").mean()
    valid = rows["valid"].astype("boolean").fillna(False)
    told.append(
        f"Of {len(rows):,} starts {captions.as_percent(exact)} are exact and "
        f"{captions.as_percent(valid.mean())} have a valid SCE"
    )
    bounds = [rows[end].mean() for end in ("nearest_low", "nearest_high")]
    if pd.notna(bounds[1]):
        told[-1] += f", and the nearest counterfactual is {bounds[0]:.2g} to {bounds[1]:.2g} away on average"
    if valid.any():
        told[-1] += f", where valid SCEs are {rows.loc[valid, 'distance'].mean():.2g} away"
    return " ".join(told) + "."
