"""Validity against excess distance, over all models, conditions and datasets."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sce.measuring.metrics import MAIN_METRIC
from sce.showing import captions, fonts
from sce.showing.drawing import MARGIN, TICKS, line_height, settings, text_width, wrap
from sce.showing.looks import markers, model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, intervals_over

NO_BOUNDARY = "no boundary"  # the beginning of the reason of scores that are undefined for want of a boundary
PANEL = (2.7, 2.3)  # inches
TICK_LABELS = 0.7  # inches left of a panel: small excesses have long numbers
MOST_RINGS = 4  # around a mark: further ones would hide their neighbours
STRIP = (1.08, 1.24)  # where SCEs without an excess stand, in units of the largest excess


def validity_scatter(
    scores: pd.DataFrame, style: FigureStyle | dict, metrics: list[str] | None = None
) -> Figure:
    """Validity (x) against mean excess distance (y) of every model and condition; a panel per dataset, and
    for each of ``metrics`` a row of panels of its own.

    ``scores`` has the columns of all_scores. ``metrics``: gower alone where it was measured, else the first
    one, unless given. Lines join the conditions of a model. Where no SCE is valid, there is no excess: these
    stand on a strip at the top. Where not all was asked the excess may be known within bounds alone: a wide
    bar goes from one to the other. Models without a boundary, or without scores, are named below their panel.
    A study without conditions has no scores; the figure says so.
    """
    style = FigureStyle.model_validate(style)
    if scores.empty:
        return _without_scores(style)
    if metrics is None:
        metrics = [main_metric(scores)]
    points = pd.concat([_scored(scores, metric) for metric in metrics], ignore_index=True)
    datasets = list(points["dataset"].unique())
    of_panel = dict(list(points.groupby(["metric", "dataset"], sort=False)))
    points = points[points["drawn"]]
    models = model_looks(points["model"], style)
    conditions = markers(points["condition"], style)
    with settings(style):
        bars = intervals_over(scores["estimand"])
        bars += "\nwide bars: what is certain" if points["bounded"].any() else ""
        page = _lay_out(style, datasets, metrics, of_panel, models, conditions, bars)
        figure = Figure(figsize=(page.right + page.legend, page.height), dpi=style.dpi)
        for (metric, dataset), its in of_panel.items():
            down, column = divmod(datasets.index(dataset), page.across)
            x, y = page.corner(metrics.index(metric) * page.rows + down, column)
            title = in_words(dataset) + (f", {metric}" if len(metrics) > 1 else "")
            axes = _add_panel(figure, x, y, title, page.captions[metric, dataset], page.line, style)
            if column == 0:
                axes.set_ylabel(f"mean excess distance ({metric})")
            _draw_scores(axes, its[its["drawn"]], models, conditions, style)
        if models:
            _add_score_legends(figure, page, models, conditions, bars)
    return figure


def main_metric(scores: pd.DataFrame) -> str:
    """The metric of a figure with room for one: MAIN_METRIC where it was measured, else the first one."""
    return MAIN_METRIC if (scores["metric"] == MAIN_METRIC).any() else scores["metric"].iloc[0]


def caption(scores: pd.DataFrame) -> str:
    """What the figure finds, as sentences."""
    told = ["Validity against mean excess distance; down and to the right is better: valid and near."]
    if scores.empty:
        return told[0]
    whole = scores[scores["metric"] == scores["metric"].iloc[0]]
    valid = whole[(whole["score"] == "validity") & whole["value"].notna()]
    excess = whole[(whole["score"] == "mean_excess") & whole["value"].notna()]
    told.append(f"Validity: {captions.found(valid)}.")
    if len(excess):
        metric = excess["metric"].iloc[0]
        told.append(f"Mean excess ({metric}): {captions.found(excess, captions.as_number)}.")
    return " ".join([*told, captions.over(scores)])


def _without_scores(style):
    with settings(style):
        figure = Figure(figsize=PANEL, dpi=style.dpi)
        figure.text(0.5, 0.5, "no scores: no experiment\nhas conditions", ha="center", va="center")
    return figure


@dataclass(frozen=True)
class _Page:
    """Where things stand, in inches: panels in ``across`` columns, for each metric in ``rows`` rows."""

    height: float
    right: float  # where the legends begin
    legend: float  # their width
    legend_columns: int
    across: int
    rows: int
    line: float  # height of a line of text
    pitch: tuple[float, float]  # from one panel to the next
    captions: dict  # (metric, dataset) -> lines

    def corner(self, down, column):
        """The upper left corner of a panel."""
        top = self.height - MARGIN - 1.2 * self.line
        return MARGIN + TICK_LABELS + column * self.pitch[0], top - down * self.pitch[1]


def _lay_out(style, datasets, metrics, of_panel, models, conditions, bars):
    line = line_height(style)
    rows = math.ceil(len(datasets) / 3)
    across = math.ceil(len(datasets) / rows)
    captions = {panel: wrap(_caption(its), style.font_size - 1, PANEL[0]) for panel, its in of_panel.items()}
    pitch = (PANEL[0] + TICK_LABELS, PANEL[1] + line * (4.2 + max(map(len, captions.values()))))
    height = max(rows * len(metrics) * pitch[1], 1.3 * line * (len(conditions) + 10)) + MARGIN
    right = MARGIN + TICK_LABELS / 2 + across * pitch[0]
    columns = math.ceil(len(models) / max(4, int(height / (1.3 * line)) - len(conditions) - 6))
    names = [*models, *conditions, *bars.splitlines()]
    legend = columns * (max(text_width(name, style.font_size) for name in names) + 0.65)
    return _Page(height, right, legend, columns, across, rows, line, pitch, captions)


def _add_panel(figure, x, y, title, caption, line, style):
    """An empty panel, its upper left corner at (x, y) inches, and the caption below it."""
    width, height = figure.get_size_inches()
    box = (x / width, (y - PANEL[1]) / height, PANEL[0] / width, PANEL[1] / height)
    axes = figure.add_axes(box, label=title)
    axes.tick_params(labelsize=style.font_size - 1, length=TICKS)
    axes.set_title(title, loc="left", fontweight="bold", fontsize=style.font_size, pad=4)
    axes.set_xlabel("validity (%)", labelpad=2)
    for k, text in enumerate(caption):
        below = (y - PANEL[1] - line * (2.5 + k)) / height
        look = {"fontsize": style.font_size - 1, "style": "italic", "family": fonts.italics()}
        figure.text(x / width, below, text, va="top", **look)
    return axes


def _scored(scores, metric):
    """One row per model, dataset and condition of one metric: x (percent) and y, each with low and high, NaN
    where undefined; ``drawn``: whether it has a place in the figure; ``reason``: why not; ``bounded``:
    whether y is certain only within y_low and y_high, which then are no interval of sampling."""
    keys = ["model", "dataset", "condition"]
    table = scores.loc[(scores["metric"] == metric) & (scores["score"] == "validity"), [*keys, "metric"]]
    for axis, name, unit in (("x", "validity", 100), ("y", "mean_excess", 1)):
        found = scores[(scores["metric"] == metric) & (scores["score"] == name)]
        found = found[[*keys, "value", "low", "high", "reason"]]
        for column in ("value", "low", "high"):
            found[column] = (
                pd.to_numeric(found[column]).astype("Float64").to_numpy(float, na_value=np.nan) * unit
            )
        for bound in ("low", "high"):  # an interval that is missing has no length
            found[bound] = found[bound].fillna(found["value"])
        renamed = {"value": axis, **{column: f"{axis}_{column}" for column in ("low", "high", "reason")}}
        table = table.merge(found.rename(columns=renamed), on=keys, how="left")
    table["bounded"] = False
    if "certain_low" in scores:
        excess = scores[(scores["metric"] == metric) & (scores["score"] == "mean_excess")]
        table = table.merge(excess[[*keys, "certain_low", "certain_high"]], on=keys, how="left")
        table["bounded"] = table["y"].isna() & table["certain_low"].notna() & table["certain_high"].notna()
        for bound in ("low", "high"):
            table[f"y_{bound}"] = table[f"certain_{bound}"].where(table["bounded"], table[f"y_{bound}"])
    without = table["y_reason"].fillna("").str.startswith(NO_BOUNDARY)
    table["drawn"] = table["x"].notna() & ~without
    table["reason"] = np.where(without, NO_BOUNDARY, table["x_reason"].fillna("no score"))
    return table


def _caption(rows):
    """Which models of a dataset are not drawn: 'for no boundary: a, b; for no kept rows: c (minimal)'."""
    parts = []
    for reason, missing in rows[~rows["drawn"]].groupby("reason"):
        names = []
        for model, its in missing.groupby("model", sort=False):
            some = len(its) < (rows["model"] == model).sum()
            names.append(f"{model} ({', '.join(its['condition'])})" if some else model)
        parts.append(f"for {reason}: {', '.join(names)}")
    return "Not drawn " + "; ".join(parts) if parts else ""


def _draw_scores(axes, points, models, conditions, style):
    """The panel of one dataset: points with intervals, lines between conditions, the strip without excess."""
    placed, bounded = points[points["y"].notna()], points[points["bounded"]]
    rug = points[points["y"].isna() & ~points["bounded"]]
    largest = points["y_high"].max() if (points["y_high"] > 0).any() else 1.0
    axes.set_xlim(-4, 104)
    axes.set_xticks(range(0, 101, 20))
    axes.set_ylim(-0.06 * largest, largest * (STRIP[1] if len(rug) else 1.06))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E5E5E5", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_yticks(
        [tick for tick in axes.get_yticks() if 0 <= tick <= largest * 1.05 and len(rug) < len(points)]
    )
    sizes = _ring_sizes(placed, largest)
    for model, its in placed.groupby("model", sort=False):
        look = models[model]
        axes.plot(its["x"], its["y"], color=look["color"], linestyle=look["line"], linewidth=0.9, zorder=2)
        lengths = [[its[a] - its[f"{a}_low"], its[f"{a}_high"] - its[a]] for a in ("x", "y")]
        spread = {"xerr": np.abs(lengths[0]), "yerr": np.abs(lengths[1])}
        bars = {"fmt": "none", "ecolor": look["color"], "elinewidth": 0.7, "alpha": 0.7, "zorder": 2}
        axes.errorbar(its["x"], its["y"], **spread, **bars)
    for _, point in bounded.iterrows():
        _draw_bounds(axes, point, models[point["model"]], conditions[point["condition"]])
    # Large marks first: those that coincide show as rings around the small ones.
    for k in np.argsort(-sizes, kind="stable"):
        point = placed.iloc[k]
        _mark(axes, point["x"], point["y"], models[point["model"]], conditions[point["condition"]], sizes[k])
    if len(rug):
        _draw_rug(axes, rug, largest, models, conditions, style)


def _draw_bounds(axes, point, look, marker):
    """A wide bar over what is certain of the excess, and a small hollow mark that names the condition."""
    low, high = point["y_low"], point["y_high"]
    bar = {"linewidth": 5, "alpha": 0.4, "solid_capstyle": "butt", "zorder": 2, "clip_on": False}
    axes.plot([point["x"]] * 2, [low, high], color=look["color"], **bar)
    _mark(axes, point["x"], (low + high) / 2, {**look, "fill": "white"}, marker, 4.0)


def _ring_sizes(points, largest):
    """The diameter of every mark, in points: where marks coincide, each is larger than the next."""
    place = [(points["x"] / 4).round(), (points["y"] / largest / 0.04).round()]
    below = points.groupby(place).cumcount(ascending=False)
    return (6.0 + 2.5 * below.clip(upper=MOST_RINGS)).to_numpy()


def _mark(axes, x, y, look, marker, size):
    outline = {
        "markeredgecolor": look["color"] if look["fill"] == "white" else "white",
        "markeredgewidth": 0.7,
    }
    face = {"markerfacecolor": look["fill"], "markersize": size, "marker": marker}
    axes.plot([x], [y], linestyle="none", zorder=3, clip_on=False, **face, **outline)


def _draw_rug(axes, rug, largest, models, conditions, style):
    """Side by side on a strip at the top: the points without a y, whose x is zero."""
    axes.axhspan(STRIP[0] * largest, STRIP[1] * largest, color="#EEEEEE", linewidth=0, zorder=1)
    middle = sum(STRIP) / 2 * largest
    step = min(5.0, 55 / len(rug))
    for k, (_, point) in enumerate(rug.iterrows()):
        _mark(axes, k * step, middle, models[point["model"]], conditions[point["condition"]], 6.0)
    note = {"ha": "right", "va": "center", "fontsize": style.font_size - 1, "color": "#333333"}
    axes.text(103, middle, "no valid SCE (all at 0%)", **note)


def _add_score_legends(figure, page, models, conditions, bars):
    """Which mark is which condition, which line which model, and what the ``bars`` are."""
    x, line, columns = page.right, page.line, page.legend_columns
    marks = [
        Line2D([], [], linestyle="none", color="#555555", marker=marker, markersize=5, label=condition)
        for condition, marker in conditions.items()
    ]
    lines = []
    for name, look in models.items():
        drawn = {"color": look["color"], "linestyle": look["line"], "linewidth": 0.9}
        lines.append(
            Line2D([], [], marker="o", markersize=5, markerfacecolor=look["fill"], label=name, **drawn)
        )
    width, height = figure.get_size_inches()
    top = height - MARGIN
    for title, handles, ncols in (("condition", marks, 1), ("model", lines, columns)):
        figure.legend(
            handles=handles,
            title=title,
            ncols=ncols,
            loc="upper left",
            bbox_to_anchor=(x / width, top / height),
            alignment="left",
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=2.6,
        )
        top -= line * (1.2 * math.ceil(len(handles) / ncols) + 1.9)
    figure.text(x / width, top / height, bars, va="top")
