"""Many small panels of one size, placed in inches: with this many, matplotlib's own layout takes longer than
the drawing."""

from dataclasses import dataclass

from matplotlib.figure import Figure

from sce.showing.drawing import TICKS, line_height, text_width
from sce.showing.panels import COLUMN, PAGE
from sce.showing.style import FigureStyle

RIGHT = 0.17  # inches
HANDLE = 0.55  # inches of an entry of the key without its text
NARROWEST = 0.75  # inches of a panel; where a column of a page has not as much, the figure takes the page


@dataclass(frozen=True)
class Tiles:
    """A figure and where its panels stand, in inches: ``room`` is left of the first one, ``pitch`` from one
    to the next (across, down), ``panel`` the size of one, ``top`` the upper edge of the first row, ``key``
    the height of the key at the bottom."""

    figure: Figure
    room: float
    pitch: tuple[float, float]
    panel: tuple[float, float]
    top: float
    key: float

    def axes(self, row: int, column: int):
        """A new panel."""
        width, height = self.figure.get_size_inches()
        left, top = self.room + column * self.pitch[0], self.top - row * self.pitch[1]
        box = (left / width, (top - self.panel[1]) / height, self.panel[0] / width, self.panel[1] / height)
        axes = self.figure.add_axes(box)
        axes.tick_params(length=TICKS, pad=2)
        axes.spines[["top", "right"]].set_visible(False)
        return axes


def lay_out(
    shape: tuple[int, int],
    style: FigureStyle,
    room: float,
    height: float,
    gap: tuple[float, float],
    head: float,
    foot: float,
    handles: list = (),
) -> Tiles:
    """Panels at the width of a column, or of a page where they would be too narrow. ``shape``: rows and
    columns. In inches: ``room`` left of the panels, the ``height`` of one, the ``gap`` between two (across,
    down), ``head`` above and ``foot`` below all of them. ``handles``: of a key at the bottom, below the
    foot."""
    rows, columns = shape

    def wide(page):
        return (page - room - RIGHT - (columns - 1) * gap[0]) / columns

    page = COLUMN if wide(COLUMN) >= NARROWEST else PAGE
    line = line_height(style)
    widest = max((text_width(handle.get_label(), style.font_size) for handle in handles), default=0) + HANDLE
    beside = max(1, min(len(handles), int((page - RIGHT) / widest)))
    key = line * -(-len(handles) // beside)
    tall = head + rows * height + (rows - 1) * gap[1] + foot + key
    figure = Figure(figsize=(page, tall), dpi=style.dpi)
    if handles:
        look = {"frameon": False, "borderpad": 0.2, "handlelength": 2, "columnspacing": 1.2}
        figure.legend(handles=handles, loc="lower center", ncols=beside, **look)
    return Tiles(figure, room, (wide(page) + gap[0], height + gap[1]), (wide(page), height), tall - head, key)


def nothing(text: str, style: FigureStyle) -> Figure:
    """A figure that says why there is none."""
    figure = Figure(figsize=(COLUMN, 4 * line_height(style)), dpi=style.dpi)
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure
