"""Tables of outcomes for people, the published value beside ours where there is one: a line per score as
Markdown, for reading, and a column per score as LaTeX, for print."""

import pandas as pd

from sce.files import artifacts
from sce.measuring.metrics import METRICS
from sce.showing.counted import counted
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


def long(scores: pd.DataFrame, shown: list[str] | None = None) -> pd.DataFrame:
    """The table as texts for reading: a line per score, with its interval, n, and, where any is known, the
    published value; why it is undefined, where it is. ``scores``: columns of all_scores and ``reference``.
    ``shown``: which scores; all unless given."""
    scores = scores if shown is None else scores[scores["score"].isin(shown)]
    why = scores["reason"].fillna("")
    values = map(with_interval, scores["value"], scores["low"], scores["high"])
    told = [f"{text} ({reason})" if reason else text for text, reason in zip(values, why, strict=True)]
    rows = scores[[*KEYS, "score"]].assign(
        value=told, n=["" if pd.isna(n) else f"{int(n):,}" for n in scores["n"]]
    )
    if scores["reference"].notna().any():
        rows["published"] = list(map(_published, scores["reference"]))
    return rows.fillna("").reset_index(drop=True)


def wide(scores: pd.DataFrame, shown: list[str] | None = None) -> pd.DataFrame:
    """The table as texts for print: a line per model, dataset, condition and metric, a column per score.
    Scores that end in a count (validity_at_1, validity_at_2, ...) share a column, with a line for each count.

    ``scores``: columns of all_scores and ``reference``. ``shown``: which scores, in this order, as far as
    the table has them; all in its order unless given. Where a score has published values, they follow it in
    a column of their own."""
    scores = counted(scores if shown is None else scores[scores["score"].isin(shown)])
    scores = scores.assign(at=[f"{count:g}" if count >= 0 else "" for count in scores["count"].fillna(-1)])
    keys = [*KEYS, "at"] if (scores["at"] != "").any() else KEYS
    rows = scores[keys].drop_duplicates().reset_index(drop=True)
    there = dict.fromkeys(scores["quantity"])
    quantities = [name for name in dict.fromkeys(shown or []) | there if name in there]
    for quantity in quantities:
        found = scores[scores["quantity"] == quantity]
        texts = list(map(with_interval, found["value"], found["low"], found["high"]))
        rows = rows.merge(found[keys].assign(**{quantity: texts}), on=keys, how="left")
        if found["reference"].notna().any():
            theirs = {f"{quantity} (published)": list(map(_published, found["reference"]))}
            rows = rows.merge(found[keys].assign(**theirs), on=keys, how="left")
    return rows.fillna("")


def _published(value):
    return "" if pd.isna(value) else f"{value:.3f}"


def markdown(table: pd.DataFrame) -> str:
    """The table in GitHub's Markdown. (pandas' own writer lets a | in a cell end it.)"""
    head = [str(name) for name in table.columns]
    lines = [head, ["---"] * len(head), *table.astype(str).to_numpy().tolist()]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def latex(table: pd.DataFrame) -> str:
    """The table as a tabular of booktabs."""
    columns = "".join("l" if name in KEYS else "r" for name in table.columns)
    return table.to_latex(index=False, escape=True, column_format=columns)
