"""What all figures share: settings of matplotlib, files, and texts measured in inches.

Every figure is a function from tables to a matplotlib figure, saved as the same bytes on every run. Nothing
here touches pyplot or its global state.
"""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.textpath import text_to_path

from sce.showing import fonts
from sce.showing.raster import write_png
from sce.showing.style import FigureStyle

MARGIN = 0.15  # inches
TICKS = 2  # points: the length of the marks along the axes of a dense figure


def settings(style: FigureStyle):
    """A context with matplotlib's own defaults (not the user's file) and ours; texts are never formulas."""
    own = {
        "font.size": style.font_size,
        "font.family": fonts.families(),
        "hatch.linewidth": 0.6,
        "text.parse_math": False,
        "svg.hashsalt": "sce",
        "pdf.fonttype": 42,  # letters stay text that can be searched and edited
    }
    return matplotlib.style.context(["default", own])


def save(figure: Figure, *paths) -> None:
    """Write the figure to each path, PNG, SVG or PDF by its ending: no dates, no versions, fixed
    identifiers. A PNG is made from the PDF."""
    with settings(FigureStyle()):
        _lay_out(figure)
        pdf = _pdf(figure)
        for path in map(Path, paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".pdf":
                path.write_bytes(pdf)
            elif path.suffix == ".png":
                write_png(pdf, *_pixels(figure), figure.dpi, path)
            else:
                figure.savefig(path, dpi="figure", metadata={"Date": None, "Creator": None})


def _pixels(figure):
    """Width and height in whole pixels, of which none is lost where a size misses it by rounding alone."""
    return [int(size + 1e-6) for size in figure.bbox.size]


def _pdf(figure):
    file = BytesIO()
    nameless = {"CreationDate": None, "Creator": None, "Producer": None}
    figure.savefig(file, format="pdf", dpi="figure", metadata=nameless)
    return file.getvalue()


def _lay_out(figure):
    """Have matplotlib place everything once; by itself it would do so for every file."""
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine(None)


def save_caption(text: str, path) -> None:
    """Write the caption of a figure, one line of text, beside it."""
    Path(path).write_text(f"{text}\n", encoding="utf-8")


def write(figure: Figure, x: float, y: float, text: str, **settings):
    """A text with its upper left corner at (x, y) inches from the lower left of the figure."""
    width, height = figure.get_size_inches()
    return figure.text(x / width, y / height, text, va="top", **settings)


def label_x(axes, places: dict, title: str, style: FigureStyle, gap: float = 3.5) -> None:
    """Marks along the lower edge at ``places`` (x -> label), ``gap`` points above their labels, and the title
    below these. matplotlib's own ticks look the same and take several times as long: each is five artists."""
    axes.add_artist(_marks(places, [0] * len(places), axes.get_xaxis_transform(), TICKDOWN))
    below, va, ha = axes.get_xaxis_text1_transform(TICKS + gap)
    for x, label in places.items():
        axes.text(x, 0, label, transform=below, va=va, ha=ha, fontsize=style.font_size - 1)
    font = FontProperties(size=style.font_size - 1)
    room = text_to_path.get_text_width_height_descent("lp", font, ismath=False)[1]
    at = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center", "va": "top"}
    axes.annotate(title, (0.5, 0), xytext=(0, -TICKS - gap - room - 2), **at)


def label_y(axes, places: dict, title: str, style: FigureStyle, gap: float = 3.5) -> None:
    """As ``label_x``, along the left edge (y -> label)."""
    axes.add_artist(_marks([0] * len(places), places, axes.get_yaxis_transform(), TICKLEFT))
    beside, va, ha = axes.get_yaxis_text1_transform(TICKS + gap)
    for y, label in places.items():
        axes.text(0, y, label, transform=beside, va=va, ha=ha, fontsize=style.font_size - 1)
    room = 72 * max(text_width(label, style.font_size - 1) for label in places.values())
    at = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center", "va": "bottom"}
    at |= {"rotation": 90, "rotation_mode": "anchor"}
    axes.annotate(title, (0, 0.5), xytext=(-TICKS - gap - room - 3, 0), **at)


def _marks(x, y, transform, shape):
    look = {"marker": shape, "markersize": TICKS, "markeredgewidth": 0.8, "color": "black"}
    return Line2D(list(x), list(y), transform=transform, linestyle="none", clip_on=False, **look)


def line_height(style: FigureStyle) -> float:
    """The height of a line of text, in inches."""
    return style.font_size * 1.35 / 72


def wrap(text: str, size: float, room: float, weight: str = "normal") -> list[str]:
    """Lines no wider than ``room`` inches, broken between words."""
    if text_width(text, size, weight) <= room:
        return [text]
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


@lru_cache(maxsize=4096)  # the labels of one axis are measured for every panel
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """The width of a text in inches."""
    font = FontProperties(size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return width / 72
