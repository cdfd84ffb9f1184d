"""What all figures share: settings of matplotlib, files, and texts measured in inches.

Every figure is a function from tables to a matplotlib figure, saved as the same bytes on every run. Nothing
here touches pyplot or its global state.
"""

from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from sce.showing.style import FigureStyle

MARGIN = 0.15  # inches
TICKS = 2  # points: the length of the marks along the axes of a dense figure


def settings(style: FigureStyle):
    """A context with matplotlib's own defaults (not the user's file) and ours; texts are never formulas."""
    own = {
        "font.size": style.font_size,
        "hatch.linewidth": 0.6,
        "text.parse_math": False,
        "svg.hashsalt": "sce",
        "pdf.fonttype": 42,  # letters stay text that can be searched and edited
    }
    return matplotlib.style.context(["default", own])


def save(figure: Figure, *paths) -> None:
    """Write the figure to each path, PNG, SVG or PDF by its ending: no dates, no versions, fixed
    identifiers."""
    metadata = {
        ".png": {"Software": None},
        ".svg": {"Date": None, "Creator": None},
        ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        with settings(FigureStyle()):
            figure.savefig(path, dpi="figure", metadata=metadata[path.suffix])


def save_caption(text: str, path) -> None:
    """Write the caption of a figure, one line of text, beside it."""
    Path(path).write_text(f"{text}\n", encoding="utf-8")


def write(figure: Figure, x: float, y: float, text: str, **settings):
    """A text with its upper left corner at (x, y) inches from the lower left of the figure."""
    width, height = figure.get_size_inches()
    return figure.text(x / width, y / height, text, va="top", **settings)


def line_height(style: FigureStyle) -> float:
    """The height of a line of text, in inches."""
    return style.font_size * 1.35 / 72


def wrap(text: str, size: float, room: float, weight: str = "normal") -> list[str]:
    """Lines no wider than ``room`` inches, broken between words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def entitle(figure: Figure, text: str, style: FigureStyle) -> None:
    """A title at the top left, in as many lines as the figure's width needs."""
    room = figure.get_size_inches()[0] - 0.3
    lines = wrap(text, style.font_size + 1, room, "bold")
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontweight="bold", fontsize=style.font_size + 1)


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """The width of a text in inches."""
    font = FontProperties(size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return width / 72
