"""Where SCEs land: for each condition and each direction, from one option to the other, their density over
the two axes of the boundary map."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sce.grids.datasets import Dataset
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE
from sce.showing import captions, tiles
from sce.showing.drawing import MARGIN, label_x, label_y, line_height, settings, text_width, wrap, write
from sce.showing.map_drawing import TIGHT, boundary_line, ticks
from sce.showing.map_layout import axis_title, line_of_labels
from sce.showing.mosaic import panel_axes
from sce.showing.style import FigureStyle
from sce.showing.words import in_words, shortened

PANEL = 0.95  # inches, the height
LEAST = 0.045  # inches of a cell
LABEL = 15  # characters of a label beside a panel
GAP = 2  # points between a label and its mark
COLOURS = "cividis_r"  # the most in the darkest; one SCE can still be seen on white
FEW = 2  # conditions that are all told in the caption


@dataclass(frozen=True)
class Landing:
    """The SCEs of one condition that are to reach option ``to`` and are a grid point: these points (n,)."""

    condition: str
    to: int
    points: np.ndarray


def landings(dataset: Dataset, sce: pd.DataFrame) -> list[Landing]:
    """Every condition and direction, in the order of the table and of the options. sce: the ``sce``
    artifact."""
    there = sce[sce["sce_point_id"].notna()]
    return [
        Landing(condition, to, rows.loc[rows["target"] == option, "sce_point_id"].to_numpy(np.int64))
        for condition in sce["condition"].unique()
        for rows in [there[there["condition"] == condition]]
        for to, option in enumerate(dataset.options)
    ]


def density(dataset: Dataset, points: np.ndarray, axes: tuple[str | None, str | None]) -> np.ndarray:
    """The share of the points at each level of the two features, whatever the others are; shape (levels of x,
    levels of y), 1 level where there is no feature."""
    ranks = np.unravel_index(points, dataset.shape)
    names = list(dataset.features)
    x, y = (ranks[names.index(name)] if name else np.zeros(len(points), int) for name in axes)
    counts = np.zeros([len(dataset.features[name].codes) if name else 1 for name in axes])
    np.add.at(counts, (x, y), 1)
    return counts / max(1, len(points))


def figure(dataset: Dataset, boundary: pd.DataFrame, sce: pd.DataFrame, style: FigureStyle) -> Figure:
    """A row of two panels per condition: the density of the SCEs that are to reach the first option, and of
    those that are to reach the second, on one logarithmic scale. The line is where predictions flip, in half
    of the slices where there are other features. ``boundary`` and ``sce``: the artifacts of one model and
    dataset."""
    found, axes = landings(dataset, sce), panel_axes(dataset)
    with settings(style):
        if not found:
            return tiles.nothing("No SCE was asked for.", style)
        page, titles = _lay_out(dataset, axes, found, style)
        cells = [_cells(page, density(dataset, landing.points, axes)) for landing in found]
        known = np.concatenate([cell[cell > 0] for cell, _ in cells])
        most = known.max(initial=0) or 1
        norm = LogNorm(min(0.5 * most, known.min(initial=1)), most)
        flips = _flips(dataset, boundary, axes)
        for k, (landing, (share, extent)) in enumerate(zip(found, cells, strict=True)):
            panel = _add_panel(page, k, len(found) // 2, dataset, axes, style)
            panel.set_title("\n".join(titles[k]), loc="left", fontsize=style.font_size - 1, pad=3)
            image = panel.imshow(
                np.where(share > 0, share, np.nan).T, origin="lower", aspect="auto", interpolation="none",
                cmap=COLOURS, norm=norm, extent=extent, zorder=2,
            )  # fmt: skip
            boundary_line(panel, flips, linewidth=0.6, zorder=3)
            panel.set(xlim=(-0.5, flips.shape[0] - 0.5), ylim=(-0.5, flips.shape[1] - 0.5))
            if landing.to == 0:
                above = line_height(style) * (1.1 + max(len(lines) for lines in titles))
                top = page.top - (k // 2) * page.pitch[1] + above
                # Bold would be a second font, which would cost a PDF most of its size.
                write(page.figure, page.room, top, in_words(landing.condition))
        if axes[0]:
            middle = (page.room + page.figure.get_size_inches()[0]) / 2
            write(page.figure, middle, 4.9 * line_height(style), axis_title(dataset, axes[0]), ha="center")
        if len(known):
            _add_scale(page, image, style)
    return page.figure


def _lay_out(dataset, axes, found, style):
    """The page, and the lines of every panel's title."""
    line, small = line_height(style), style.font_size - 1
    y = dataset.features[axes[1]].labels if axes[1] else []
    widest = max((text_width(shortened(label, LABEL), small) for label in y), default=0)
    named = len(_name_of_y(dataset, axes, style)) * line + 0.12 if y else 0

    def page_with(lines):
        above = line * (1.1 + lines)
        shape = (len(found) // 2, 2)
        return tiles.lay_out(
            shape,
            style,
            MARGIN + widest + named,
            PANEL,
            (0.12, above + line),
            above + MARGIN / 2,
            6.3 * line,
        )

    room = page_with(1).panel[0]
    titles = [_title(dataset, landing, small, room) for landing in found]
    return page_with(max(map(len, titles))), titles


def _title(dataset, landing, size, room):
    """The option that SCEs are to reach, and their number, which is not broken."""
    *lines, last = wrap(f"to '{dataset.options[landing.to]}'", size, room)
    number = f"n = {len(landing.points):,}"
    whole = f"{last}, {number}"
    return [*lines, whole] if text_width(whole, size) <= room else [*lines, last, number]


def _name_of_y(dataset, axes, style):
    return wrap(axis_title(dataset, axes[1]), style.font_size, PANEL)


def _cells(page, share):
    """The density (nx, ny) in cells that are wide enough to be seen, of several levels where there are many;
    and the extent of these in levels."""
    steps = [
        -(-size // max(1, int(inches / LEAST))) for size, inches in zip(share.shape, page.panel, strict=True)
    ]
    for axis, step in enumerate(steps):
        share = np.add.reduceat(share, np.arange(0, share.shape[axis], step), axis=axis)
    right, top = (size * step - 0.5 for size, step in zip(share.shape, steps, strict=True))
    return share, (-0.5, right, -0.5, top)


def _add_panel(page, k, rows, dataset, axes, style):
    """The k-th panel: labels along y on the left, along x below the last row."""
    panel = page.axes(k // 2, k % 2)
    panel.spines[:].set_visible(True)
    panel.spines[:].set(color="#444444", linewidth=0.6)
    panel.set(xticks=[], yticks=[])
    x, y = (dataset.features[name] if name else None for name in axes)
    if x and k // 2 == rows - 1:
        widest = max(text_width(shortened(label, LABEL), style.font_size - 1) for label in x.labels)
        ranks = ticks(x, page.panel[0] / len(x.codes), widest + 0.06, widest + TIGHT)
        label_x(panel, {rank: shortened(x.labels[rank], LABEL) for rank in ranks}, "", style, GAP)
    if y and k % 2 == 0:
        room = line_of_labels(style)
        ranks = ticks(y, page.panel[1] / len(y.codes), room, room)
        name = "\n".join(_name_of_y(dataset, axes, style))
        label_y(panel, {rank: shortened(y.labels[rank], LABEL) for rank in ranks}, name, style, GAP)
    return panel


def _flips(dataset, boundary, axes):
    """The option of most slices at each level of x and y; NONE where no slice has a prediction."""
    codes = predictions(dataset, boundary)
    known = codes != NONE
    counts = [
        density(dataset, np.flatnonzero(codes == code), axes) * (codes == code).sum() for code in (0, 1)
    ]
    asked = density(dataset, np.flatnonzero(known), axes)
    return np.where(asked > 0, (counts[1] > counts[0]).astype(int), NONE)


def _add_scale(page, image, style):
    """The colour bar at the foot."""
    line = line_height(style)
    width, height = page.figure.get_size_inches()
    box = (page.room / width, 2.5 * line / height, (width - page.room - 0.2) / width, 0.07 / height)
    bar = page.figure.colorbar(image, cax=page.figure.add_axes(box), orientation="horizontal")
    least, most = image.norm.vmin, image.norm.vmax
    shares = np.geomspace(least, most, 4) if least < 0.5 * most else [most]
    bar.set_ticks(shares, labels=[captions.as_percent(share) for share in shares])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=style.font_size - 1, length=2, pad=1)
    bar.outline.set_visible(False)
    bar.set_label("share of the SCEs of a panel", labelpad=1)


def caption(dataset: Dataset, sce: pd.DataFrame, model: str) -> str:
    """What the figure finds: how far the SCEs gather, for every condition or the ones that do most and
    least."""
    others = len(dataset.features) > 2
    told = [
        f"Where the SCEs of {in_words(model)} on {in_words(dataset.name)} land, by the option that they are "
        "to reach: their share at the levels of two features (of several together, where they are many), on "
        "a logarithmic scale. The line is where "
        "predictions flip" + (", in half of the slices over the other features." if others else ".")
    ]
    found = [landing for landing in landings(dataset, sce) if len(landing.points)]
    if not found:
        return f"{told[0]} No SCE is a point of the grid."
    if len(found) > 2 * FEW:
        found.sort(key=_gathered)
        found = [found[0], found[-1]]
        told.append("The most and the least scattered:")
    told += [_sentence(dataset, landing) for landing in found]
    lost = int(sce["sce_point_id"].isna().sum())
    return " ".join([*told, f"Without an SCE on the grid: {lost:,} of {len(sce):,} rows."])


def _gathered(landing):
    """The share of the SCEs at the commonest point, negative."""
    return -np.unique(landing.points, return_counts=True)[1].max() / len(landing.points)


def _sentence(dataset, landing):
    points, counts = np.unique(landing.points, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    half = int(np.searchsorted(np.cumsum(counts[order]), len(landing.points) / 2) + 1)
    record = dataset.record(int(points[order[0]]))
    where = ", ".join(
        f"{in_words(name)} {feature.labels[feature.codes.index(record[name])]}"
        for name, feature in dataset.features.items()
    )
    share = captions.as_percent(counts.max() / len(landing.points))
    spread = f"at {len(points):,} points, half of them at {half:,}" if len(points) > 1 else "at one point"
    return (
        f"{in_words(landing.condition).capitalize()}, to '{dataset.options[landing.to]}': "
        f"{_counted(len(landing.points))} {spread}; the commonest ({share}) is {where}."
    )


def _counted(number):
    return "1 SCE" if number == 1 else f"{number:,} SCEs"
