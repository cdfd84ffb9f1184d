"""How much of the invalidity is noise? What changes when the same question is asked again."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.drawing import settings
from sce.showing.looks import model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

ROW = 0.2  # inches from one bar to the next
PALE = 0.35  # opacity of what noise does not explain
KEYS = ["model", "dataset", "condition"]


def noise(table: pd.DataFrame) -> pd.DataFrame:
    """A row per model, dataset and condition: ``invalid``, the share of its SCEs that are invalid;
    ``explained``, the part of it that another asking would make valid; ``unstable``, the share of grid points
    whose prediction differs between askings. ``table``: the ``outcomes`` of repeats."""
    rows = []
    for (model, dataset), its in table.groupby(["model", "dataset"], sort=False):
        unstable = its.loc[its["score"] == "unstable", "value"]
        for condition, about in its[its["score"] == "changed"].groupby("condition", sort=False):
            again = its[(its["condition"] == condition) & (its["score"] == "invalid_changed")].iloc[0]
            judged = float(about["n"].iloc[0] or 0)
            invalid = float(again["n"] or 0) / judged if judged else 0.0
            changed = 0.0 if pd.isna(again["value"]) else float(again["value"])
            floor = float(unstable.iloc[0]) if unstable.notna().any() else 0.0
            rows.append((model, dataset, condition, invalid, invalid * changed, floor))
    return pd.DataFrame(rows, columns=[*KEYS, "invalid", "explained", "unstable"])


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A panel per dataset, a bar per model and condition: the share of invalid SCEs, in full colour as much
    of it as noise alone explains; an upright line where the share of unstable points lies."""
    found = noise(table)
    subjects = list(found[["model", "condition"]].drop_duplicates().itertuples(index=False, name=None))
    titles = {name: in_words(name) for name in table["dataset"].unique()}
    looks = model_looks(table["model"], style)
    with settings(style):
        page, placed = panels.sheet(titles, [""], style, 0.75 + ROW * len(subjects))
        for row in found.itertuples():
            axes, y = placed[0, row.dataset], -subjects.index((row.model, row.condition))
            colour = looks[row.model]["color"]
            axes.barh(y, 100 * row.invalid, 0.7, color=colour, alpha=PALE)
            axes.barh(y, 100 * row.explained, 0.7, color=colour)
            if not row.invalid:
                axes.text(99, y, "none is invalid", ha="right", va="center", fontsize=style.font_size - 1)
            axes.plot([100 * row.unstable] * 2, [y - 0.45, y + 0.45], color="black", linewidth=1.2)
        first = next(iter(titles), None)
        for (_, column), axes in placed.items():
            names = [f"{in_words(model)}, {in_words(name)}" for model, name in subjects]
            axes.set_yticks(
                [-k for k in range(len(subjects))], names if column == first else [""] * len(names)
            )
            axes.set_ylim(-len(subjects) + 0.4, 0.6)
            axes.set(xlim=(0, 100), xlabel="invalid SCEs (%)")
        more = [
            panels.mark("s", "noise explains"),
            panels.mark("s", "noise does not explain", "#CCCCCC"),
            panels.mark("|", "unstable points"),
        ]
        panels.key(page, [], [], style, more)
    return page


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""

    def of(score):
        return table[(table["score"] == score) & table["value"].notna()]

    return (
        "Invalid SCEs, and how many of them another asking of the same question would make valid. "
        f"Points whose prediction changes: {captions.found(of('unstable'), conditions=False)}. "
        f"Verdicts on SCEs that another asking changes: {captions.found(of('changed'))}. "
        f"Of the invalid SCEs, noise alone explains: {captions.found(of('invalid_changed'))}. "
        + captions.over(table)
    )
