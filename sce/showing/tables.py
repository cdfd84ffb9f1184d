"""Tables of outcomes for people: a line per model, dataset, condition and metric, a column per score, the
published value beside ours where there is one; as Markdown and as LaTeX."""

import pandas as pd

from sce.files import artifacts
from sce.measuring.metrics import METRICS
from sce.showing.reference import beside, load_reference
from sce.showing.words import with_interval

KEYS = ["model", "dataset", "condition", "metric"]
# Which scores a table shows that holds more, as far as it has them.
SHOWN = {"scores": ["n_kept", "validity", "validity_probability", "mean_excess", "exact_match"]}


def collect(
    outcomes: list[pd.DataFrame], pairs: list, subjects: list[str], metrics: list[str], respondents, reference
) -> pd.DataFrame:
    """The ``outcomes`` artifact of an experiment: those outcomes of its ``pairs`` of model and dataset that
    are about its ``subjects`` and measured with its ``metrics``, beside them the published values from the
    folder ``reference``. respondents: see ``reference.beside``."""
    parts = [
        table.assign(model=model, dataset=dataset)
        for (model, dataset), table in zip(pairs, outcomes, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    other = table["metric"].isin(set(METRICS) - set(metrics))
    table = table[table["condition"].isin(subjects) & ~other].reset_index(drop=True)
    return beside(table, load_reference(reference), respondents)[list(artifacts.columns("outcomes"))]


def wide(scores: pd.DataFrame, shown: list[str] | None = None) -> pd.DataFrame:
    """The table as texts. ``scores``: columns of all_scores and ``reference``. ``shown``: which scores, in
    this order, as far as the table has them; all in its order unless given. Where a score has published
    values, they follow it in a column of their own."""
    there = list(dict.fromkeys(scores["score"]))
    shown = [score for score in shown if score in there] if shown else there
    scores = scores[scores["score"].isin(shown)]
    rows = scores[KEYS].drop_duplicates().reset_index(drop=True)
    for score in shown:
        found = scores[scores["score"] == score]
        texts = found[KEYS].assign(
            **{score: list(map(with_interval, found["value"], found["low"], found["high"]))}
        )
        rows = rows.merge(texts, on=KEYS, how="left")
        if found["reference"].notna().any():
            name = f"{score} (published)"
            theirs = found[KEYS].assign(
                **{name: found["reference"].map(lambda v: "" if pd.isna(v) else f"{v:.3f}")}
            )
            rows = rows.merge(theirs, on=KEYS, how="left")
    return rows.fillna("")


def markdown(table: pd.DataFrame) -> str:
    """The table in GitHub's Markdown. (pandas' own writer lets a | in a cell end it.)"""
    head = [str(name) for name in table.columns]
    lines = [head, ["---"] * len(head), *table.astype(str).to_numpy().tolist()]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def latex(table: pd.DataFrame) -> str:
    """The table as a tabular of booktabs."""
    columns = "l" * len(KEYS) + "r" * (table.shape[1] - len(KEYS))
    return table.to_latex(index=False, escape=True, column_format=columns)
