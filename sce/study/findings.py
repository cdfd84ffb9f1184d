"""What a finished study found, as a page of claims: each made from the numbers of its artifacts, with their
interval and n, and with the command that remakes them. A claim whose numbers are missing says why.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sce.errors import InputError
from sce.files import artifacts
from sce.measuring.hypotheses import PATTERN
from sce.showing.captions import FEW, as_number, as_percent, measured, over
from sce.showing.words import in_words
from sce.study.study import Study
from sce.study.targets import figure_name

UNDEFINED = "not defined"


class Missing(Exception):
    """Why a claim cannot be made."""


class Claim(NamedTuple):
    """A heading, the file under the folder of results that its numbers come from, and what writes its
    sentences from that file's table."""

    heading: str
    file: str
    sentences: Callable[[pd.DataFrame], Iterator[str]]


def page(studies: list[tuple[Study, Path]]) -> str:
    """The page of several studies, each with the folder of its results, in Markdown."""
    parts = [
        "# Findings",
        "This page is written by `python -m sce findings` from the results of finished runs. A number stands "
        "with its 95% interval, where it has one, and with n, the number of rows that it is of. What scores "
        "mean: [protocol.md](protocol.md); how intervals are made: [statistics.md](statistics.md).",
    ]
    for study, folder in studies:
        parts += [f"## `{study.where}`", *_of_study(study, Path(folder))]
    return "\n\n".join(parts) + "\n"


def claims(study: Study) -> list[Claim]:
    """What is claimed of a study: of all its pairs, then of each figure of its experiments."""
    metrics = dict.fromkeys(m for pair in study.pairs for m in study.metrics(*pair))
    all_pairs = [Claim("Boundaries", "boundaries.parquet", _boundaries)]
    scores = {"How often SCEs are valid": ("validity", None)}
    for metric in metrics:
        scores[f"How much farther than needed valid SCEs go ({metric})"] = ("mean_excess", metric)
        scores[f"How often an SCE is valid and as near as can be ({metric})"] = ("exact_match", metric)
    for heading, (score, metric) in scores.items():
        all_pairs.append(Claim(heading, "scores.parquet", partial(_scores, score=score, metric=metric)))
    all_pairs += [
        Claim(
            "Unconstrained against minimal, on the same points",
            "differences.parquet",
            partial(_differences, models=list(study.config.models)),
        ),
        Claim("The published pattern", "pattern.csv", _pattern),
    ]
    return all_pairs + [
        Claim(
            f"{in_words(kind.name).capitalize()} (`{experiment}`)",
            f"experiments/{experiment}/{figure_name(kind)}.txt",
            iter,  # the captions of figures are made from their numbers already
        )
        for experiment in study.experiments
        for kind in study.kinds
        if kind.name in study.tables(experiment)
    ]


def _of_study(study, folder):
    pairs = set(study.pairs)
    for claim in claims(study):
        yield f"### {claim.heading}"
        try:
            lines = list(claim.sentences(_read(folder / claim.file, pairs)))
            if not lines:
                raise Missing("no model, dataset and condition of the study has these numbers")
            yield "\n".join(f"- {line}" for line in lines)
        except Missing as error:
            yield f"Left out: {error}."
        yield f"Remade by `snakemake --cores 2 --configfile {study.where} results/{claim.file}`."


def _read(path, pairs):
    """A file's table, of the study's pairs alone: others may be from another configuration. The lines of a
    text."""
    try:
        if path.suffix == ".txt":
            return [" ".join(path.read_text(encoding="utf-8").split())]
        table = artifacts.read(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (InputError, OSError, ValueError):
        raise Missing(f"`{path.name}` is not there, or cannot be read") from None
    if "model" not in table:
        return table
    ours = [pair in pairs for pair in zip(table["model"], table["dataset"], strict=True)]
    return table[pd.Series(ours, index=table.index, dtype=bool)]


# --- sentences ---


def _boundaries(table):
    for (dataset, sentence), rows in table.groupby(["dataset", "sentence"], sort=False):
        yield f"{_listed(rows['model'])} on {in_words(dataset)}: {sentence}."


def _scores(table, score, metric):
    """A score by model and dataset; ``metric`` None: it is the same under each."""
    rows = table[(table["score"] == score) & (True if metric is None else table["metric"] == metric)]
    rows = rows.drop_duplicates(["model", "dataset", "condition"])
    written = as_number if score == "mean_excess" else as_percent
    for (model, dataset), cases in rows.groupby(["model", "dataset"], sort=False):
        yield f"{in_words(model)} on {in_words(dataset)}: {_cases(cases, written)}."
    if rows["value"].notna().any():
        yield over(rows)


def _cases(rows, written):
    """The conditions of one model and dataset with their numbers, those that are alike together; of many, the
    least and the greatest."""
    told = {}
    for row in rows.sort_values("value", kind="stable").itertuples():
        told.setdefault(_told(row, written), []).append(row.condition)
    if len(told) <= FEW:
        return "; ".join(f"{_listed(conditions)} {text}" for text, conditions in told.items())
    (least, first), *_, (greatest, last) = [it for it in told.items() if not it[0].startswith(UNDEFINED)]
    return f"{len(rows)} conditions, from {least} ({_listed(first)}) to {greatest} ({_listed(last)})"


def _told(row, written):
    """A number with its interval and n, or why there is none."""
    return f"{UNDEFINED}: {row.reason}" if pd.isna(row.value) else measured(row, written)


def _differences(table, models):
    """Of each model and dataset: unconstrained minus minimal, by score."""
    for dataset, rows in table.groupby("dataset", sort=False):
        for model in models:
            parts = {score: text for score, text in map(_signed, _paired(rows, model)) if text}
            if parts:
                told = "; ".join(f"{in_words(score)} {text}" for score, text in parts.items())
                yield f"{in_words(model)} on {in_words(dataset)}, unconstrained minus minimal: {told}."


def _paired(rows, model):
    """The lines that compare a model's two conditions of the pattern, as unconstrained minus minimal."""
    first, second = (f"{model} / {condition}" for condition in PATTERN)
    same = rows[(rows["a"] == first) & (rows["b"] == second)]
    turned = rows[(rows["a"] == second) & (rows["b"] == first)]
    turned = turned.assign(difference=-turned["difference"], low=-turned["high"], high=-turned["low"])
    both = pd.concat([same, turned]).rename(columns={"difference": "value"})
    return both[both["value"].notna()].itertuples()


def _signed(row):
    """The name of a line's score with its metric, and the difference in words (+ 0: nothing is never -0)."""
    if row.score == "validity":
        return "validity", _told(row, lambda value: f"{100 * value + 0:+.1f} points")
    return f"{row.score} ({row.metric})", _told(row, lambda value: f"{value + 0:+.3g}")


def _pattern(table):
    """Whether unconstrained SCEs are valid more often and farther than minimal ones."""
    for metric, rows in table.groupby("metric", sort=False):
        yield f"Holds in {int(rows['holds'].sum())} of {len(rows)} cases that can be tested ({metric})."
        for row in rows.itertuples():
            verdict = "holds" if row.holds else "does not hold"
            yield (
                f"{in_words(row.model)} on {in_words(row.dataset)}: {verdict}; validity "
                f"{100 * row.validity:+.1f} points, mean distance {row.mean_distance:+.3g}, "
                f"p = {row.p_holm:.2g} (Holm; cases: {len(table)})."
            )


def _listed(names):
    *others, last = map(in_words, names)
    return f"{', '.join(others)} and {last}" if others else last
