"""The page of a boundary map, in inches: where its texts and mosaics stand, and how large a cell is."""

import math
from dataclasses import dataclass

import numpy as np

from sce.showing.drawing import MARGIN, line_height, text_width, wrap
from sce.showing.words import in_words, shortened

PAGE = (7.0, 10.0)  # inches across: the least and the most
CELL = (0.1, 0.42)  # inches: the least (else fewer mosaics stand side by side) and the usual most
NARROW = (1.2, 2.4)  # inches: the least width of a mosaic, and of its text


@dataclass(frozen=True)
class Page:
    """Where things stand, in inches from the lower left corner of the figure."""

    width: float
    height: float
    line: float  # height of a line of text
    headlines: list[tuple[str, str]]
    left: float  # of the first mosaic
    across: int  # blocks side by side
    pitch: float  # from one block to the next
    texts: list[list[str]]  # of each block, wrapped
    tops: list[float]  # of each row of blocks
    bottoms: list[float]  # of the mosaics in each row of blocks
    cell: tuple[float, float]
    mosaic: tuple[float, float]
    legend_columns: int


def lay_out_page(dataset, mosaic, blocks, headlines, legend, style):
    """Choose how many mosaics stand side by side and how large a cell is, and place everything."""
    size, line = style.font_size, line_height(style)
    strip = 1.5 * line if mosaic.rows else 0.0
    left, gap = _label_room(dataset, mosaic, style), 0.25 + strip
    across, wide = _choose_across(len(blocks), mosaic.width, PAGE[1] - left - strip - MARGIN, gap)
    wide = _whole(wide, style.dpi) or wide  # 0: a cell is less than a pixel
    cell = (wide, _cell_height(dataset, mosaic, wide, style))
    extent = (cell[0] * mosaic.width, cell[1] * mosaic.height)
    column = max(extent[0], NARROW[1])
    width = max(PAGE[0], left + across * (column + gap) - gap + strip + MARGIN)

    writable = width - left - MARGIN if across == 1 else column
    texts = [wrap(block.text, size, writable) for block in blocks]
    headers, below = _headers(texts, across, mosaic, line), 3.2 * line  # below: ticks and the axis title
    wrapped = [
        (part, weight) for text, weight in headlines for part in wrap(text, size, width - 2 * MARGIN, weight)
    ]
    widest = max(text_width(entry.get_label(), size) for entry in legend) + 4.5 * size / 72
    legend_columns = max(1, min(len(legend), int((width - left) / widest)))
    foot = MARGIN + line * 1.1 * math.ceil(len(legend) / legend_columns)
    head = MARGIN + line * (len(wrapped) + 0.5)
    height = head + sum(header + extent[1] + below for header in headers) + foot
    tops = height - head - np.cumsum([0.0] + [header + extent[1] + below for header in headers[:-1]])
    return Page(
        width=_whole(width, style.dpi),
        height=_whole(height, style.dpi),
        line=line,
        headlines=wrapped,
        left=_on_pixel(left, style.dpi),
        across=across,
        pitch=_whole(column + gap, style.dpi),
        texts=texts,
        tops=tops.tolist(),
        bottoms=[_on_pixel(bottom, style.dpi) for bottom in tops - headers - extent[1]],
        cell=cell,
        mosaic=extent,
        legend_columns=legend_columns,
    )


def _whole(inches, dpi):
    """Inches, rounded down to whole pixels, so that all lines between cells look alike in a PNG."""
    return math.floor(inches * dpi + 1e-6) / dpi


def _on_pixel(inches, dpi):
    """Inches to the middle of the pixel there, where a line as wide as a pixel is sharp."""
    return _whole(inches, dpi) + 0.5 / dpi


def _headers(texts, across, mosaic, line):
    """The height above the mosaics of each row of blocks: title, text, panel titles."""
    n_lines = [1 + max(map(len, texts[row : row + across])) for row in range(0, len(texts), across)]
    return [line * (n + (1.2 if mosaic.columns else 0.3)) for n in n_lines]


def _choose_across(n_blocks, n_cells, room, gap):
    """How many blocks of ``n_cells`` stand side by side, and the width of a cell: as many as stay legible."""

    def widest(across):
        return min(max(CELL[1], NARROW[0] / n_cells), ((room + gap) / across - gap) / n_cells)

    legible = [across for across in (3, 2, 1) if across <= n_blocks and widest(across) >= CELL[0]]
    rows = math.ceil(n_blocks / (legible or [1])[0])
    across = math.ceil(n_blocks / rows)  # four blocks are two rows of two
    return across, widest(across)


def _label_room(dataset, mosaic, style):
    """Inches left of a mosaic for the labels and the title of its y axis."""
    if mosaic.y is None:
        return MARGIN
    widest = max(
        text_width(shortened(text), style.font_size - 1) for text in dataset.features[mosaic.y].labels
    )
    return MARGIN + 0.12 + widest + 1.5 * style.font_size / 72


def _cell_height(dataset, mosaic, wide, style):
    """Cells are nearly square; they stretch for labels along y, and where there are only few rows."""
    labelled = mosaic.y is not None and not dataset.features[mosaic.y].is_number
    wanted = line_of_labels(style) if labelled else wide
    wide = min(wide, CELL[1])
    height = max(min(max(wanted, 0.75 * wide), 1.5 * wide), 0.7 / mosaic.height)
    return math.ceil(height * style.dpi - 1e-6) / style.dpi


def line_of_labels(style):
    """The least distance of two tick labels one below the other, in inches."""
    return (style.font_size - 1) * 1.1 / 72


def axis_title(dataset, name):
    unit = dataset.features[name].unit
    return f"{in_words(name)} ({unit})" if unit else in_words(name)
