"""A table of shares as a heat map: every cell with its number, empty ones crossed out by a dash."""

import numpy as np
import pandas as pd

DARK = 0.55  # of the colour scale: numbers on cells below it are white


def draw_shares(axes, table: pd.DataFrame):
    """Draw shares (0 to 1, NaN for none), the rows and columns named by the table's. Returns the image, for a
    colour bar."""
    values = table.to_numpy(dtype=float)
    image = axes.imshow(values, aspect="auto", cmap="cividis", vmin=0, vmax=1)
    axes.set_xticks(range(table.shape[1]), table.columns, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(table.shape[0]), table.index)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        text = "–" if np.isnan(value) else f"{value:.2f}"
        colour = "white" if value < DARK else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour)
    return image


def name_colours(figure, image, panels, label: str) -> None:
    """A bar of the colours below all panels, where it takes no width from them."""
    bar = figure.colorbar(image, ax=panels, orientation="horizontal", shrink=0.5, aspect=30, label=label)
    bar.outline.set_visible(False)
