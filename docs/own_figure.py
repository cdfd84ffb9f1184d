"""A figure of your own, from the artifacts of a run: are points farther from the boundary explained less
well?

    python -m docs.own_figure results nearest income far.png far.pdf

draws for one model on one dataset how validity depends on the distance to the nearest counterfactual. It
reads one Parquet file, uses the style of the other figures, and writes every file that it is given, by its
ending. To be run in the folder of the project; docs/results.md lists what else there is to read.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from sce.files import artifacts
from sce.showing.drawing import save, settings
from sce.showing.looks import MARKERS, look
from sce.showing.panels import COLUMN, percent_axis
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

GROUPS = 4  # of points, equally large


def validity_by_distance(rows):
    """(distance, validity in percent) of each group of points, from the nearest to the boundary to the
    farthest."""
    rows = rows[rows["nearest_distance"].notna()].sort_values("nearest_distance", kind="stable")
    groups = [group for group in np.array_split(np.arange(len(rows)), GROUPS) if len(group)]
    parts = [rows.iloc[group] for group in groups]
    return [(part["nearest_distance"].mean(), 100 * part["valid"].mean()) for part in parts]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("model")
    parser.add_argument("dataset")
    parser.add_argument("files", nargs="+", help="PNG, SVG or PDF files to write")
    given = parser.parse_args()
    measured = artifacts.read(given.results / given.model / given.dataset / "distances.parquet")
    metric = measured["metric"].iloc[0]
    kept = measured[(measured["status"] == "kept") & (measured["metric"] == metric)]
    style = FigureStyle()
    with settings(style):
        figure = Figure(figsize=(COLUMN, 2.2), dpi=style.dpi, layout="constrained")
        axes = figure.subplots()
        for k, (condition, rows) in enumerate(kept.groupby("condition")):
            x, y = zip(*validity_by_distance(rows), strict=True)
            axes.plot(x, y, color=look(k, style)["color"], marker=MARKERS[k], label=in_words(condition))
        axes.set(xlabel=f"distance to the nearest counterfactual ({metric})", ylabel="validity (%)")
        axes.set_title(f"{given.model} on {in_words(given.dataset)}", loc="left", fontweight="bold")
        percent_axis(axes)
        axes.legend(frameon=False)
    save(figure, *given.files)


if __name__ == "__main__":
    main()
