"""Where do replies that think aloud lose the valid SCE? The stages from a reply to the nearest valid one."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.drawing import settings
from sce.showing.looks import model_looks
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

STAGES = (
    "reply",
    "candidates written",
    "a valid one among them",
    "SCE is valid",
    "SCE nearest of them",
)
KEYS = ["model", "dataset", "metric", "condition"]
HEIGHT = 0.13  # inches of a bar
BETWEEN = 0.14  # inches between stages


def stages(table: pd.DataFrame) -> pd.DataFrame:
    """A row per model, dataset, metric and condition: how many replies reach each of STAGES. ``table``: the
    ``outcomes`` of candidates."""
    rows = {}
    for keys, its in table.groupby(KEYS, sort=False):
        found = its.set_index("score")
        n, value = found["n"].fillna(0).astype(float), found["value"].astype(float).fillna(0)
        valid = n.get("chose_valid", 0)
        rows[keys] = (
            n.get("candidates", 0),
            n.get("considered_valid", 0),
            valid,
            round(value.get("chose_valid", 0) * valid),
            round(value.get("chose_nearest", 0) * n.get("chose_nearest", 0)),
        )
    index = pd.MultiIndex.from_tuples(rows, names=KEYS)
    return pd.DataFrame(list(rows.values()), index=index, columns=STAGES).astype(int)


def figure(table: pd.DataFrame, options: dict, style: FigureStyle) -> Figure:
    """A funnel per dataset and metric: the share of replies that reach each stage, a bar per model and
    condition, with their number."""
    titles, reached = panels.columns_of(table), stages(table)
    looks = model_looks(table["model"], style)
    subjects = list(dict.fromkeys((model, name) for model, _, _, name in reached.index))
    tall = len(STAGES) * (HEIGHT * len(subjects) + BETWEEN)
    thick = 0.8 / max(1, len(subjects))
    with settings(style):
        page, placed = panels.sheet(titles, [""], style, tall + 0.6)
        for (model, dataset, metric, name), counts in reached.iterrows():
            axes, which = placed[0, (dataset, metric)], subjects.index((model, name))
            for k, number in enumerate(counts):
                share, y = 100 * number / max(1, counts.iloc[0]), -k - thick * which
                axes.barh(y, share, 0.9 * thick, color=looks[model]["color"])
                axes.text(share + 2, y, f"{number:,}", va="center", fontsize=style.font_size - 2)
        first = next(iter(titles), None)
        for (_, column), axes in placed.items():
            axes.set(xlim=(0, 125), xlabel="share of replies (%)")
            axes.set_xticks([0, 25, 50, 75, 100])
            middle = thick * (len(subjects) - 1) / 2
            names = STAGES if column == first else [""] * len(STAGES)
            axes.set_yticks([-k - middle for k in range(len(STAGES))], names)
            axes.tick_params(axis="y", length=0)
        panels.key(page, table["model"], [], style)
    return page


def caption(table: pd.DataFrame, options: dict) -> str:
    """What the figure finds, as sentences."""
    whole = table.drop_duplicates(["model", "dataset", "condition", "score"])

    def of(score):
        return whole[(whole["score"] == score) & (whole["n"] > 0)]

    lost = stages(whole.assign(metric="all"))
    steps = -lost.diff(axis=1).iloc[:, 1:].sum()
    told = [
        "How many replies reach each stage from a reply to the nearest valid candidate.",
        f"A valid candidate was considered: {captions.found(of('considered_valid'))}.",
        f"The SCE is then valid: {captions.found(of('chose_valid'))}.",
        f"Candidates whose answer was foreseen: {captions.found(of('foreseen'))}.",
    ]
    if steps.max() > 0:
        told.append(f"Most replies are lost at '{in_words(steps.idxmax())}': {int(steps.max()):,}.")
    return " ".join([*told, captions.over(table)])
