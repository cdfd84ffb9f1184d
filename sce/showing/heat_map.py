"""A table of shares as a heat map: every cell with its number, empty ones crossed out by a dash."""

import numpy as np
import pandas as pd

from sce.showing.words import in_words

GAP, BAR = 0.12, 0.1  # inches above the bar of colours, and its height
DARK = 0.55  # of the colour scale: numbers on cells below it are white


def draw_shares(axes, table: pd.DataFrame):
    """Draw shares (0 to 1, NaN for none), the rows and columns named by the table's. Returns the image, for a
    colour bar."""
    values = table.to_numpy(dtype=float)
    image = axes.imshow(values, aspect="auto", cmap="cividis", vmin=0, vmax=1)
    across, down = (list(map(in_words, map(str, names))) for names in (table.columns, table.index))
    axes.set_xticks(range(table.shape[1]), across, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(table.shape[0]), down)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        text = "–" if np.isnan(value) else f"{value:.2f}"
        colour = "white" if value < DARK else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour)
    return image


def name_colours(figure, image, panels, label: str) -> None:
    """A bar of the colours below all panels, where it takes no width from them."""
    width, height = figure.get_size_inches()
    inches = {"pad": GAP / height, "fraction": BAR / height, "aspect": 0.5 * width / BAR}
    bar = figure.colorbar(image, ax=panels, orientation="horizontal", shrink=0.5, label=label, **inches)
    bar.outline.set_visible(False)
