"""How names and numbers are written in figures, tables and summaries."""

import pandas as pd

from sce.measuring.estimands import CENSUS

LONGEST_LABEL = 28  # characters


def in_words(name: str) -> str:
    """A configured name as it reads in a text."""
    return name.replace("_", " ")


def shortened(label: str, most: int = LONGEST_LABEL) -> str:
    """A label cut to so many characters."""
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"


def intervals_over(estimands) -> str:
    """What the bars of a figure are, by the estimands of all that it shows: '95% intervals over points'."""
    named = [name for name in dict.fromkeys(estimands) if isinstance(name, str) and name != CENSUS]
    return f"95% intervals over {' and '.join(named)}" if named else "a census: no intervals"


def with_interval(value, low, high) -> str:
    """A number, with its interval where it has one: '0.250 [0.150, 0.350]', '0.250', '17'; '–' for none."""
    if pd.isna(value):
        return "–"
    if pd.isna(low):
        return f"{value:.3f}".removesuffix(".000")
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
