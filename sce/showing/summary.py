"""The tables printed at the end of a run: what the boundaries are like, and the main scores."""

from pathlib import Path

import pandas as pd

from sce.files import artifacts
from sce.showing.words import with_interval

SCORES = ["validity", "mean_distance", "mean_excess", "exact_match"]


def print_tables(folder, pairs: list[tuple[str, str]], since: float) -> None:
    """Print the summary of what a run wrote into the results folder since a time (seconds), for the (model,
    dataset) ``pairs`` of the study; older files may come from another configuration."""
    tables = []
    for name, shown in (("boundaries", _sentences), ("scores", summary)):
        path = Path(folder) / f"{name}.parquet"
        if path.exists() and path.stat().st_mtime >= since:
            table = artifacts.read(path)
            ours = [pair in pairs for pair in zip(table["model"], table["dataset"], strict=True)]
            tables.append(shown(table[ours]))
    for table in tables:
        if len(table):
            print("", table.to_string(index=False, justify="left"), sep="\n")


def _sentences(boundaries):
    return boundaries[["model", "dataset", "sentence"]]


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, dataset, condition and metric: kept rows, main scores, and a note."""
    keys = ["model", "dataset", "condition", "metric"]
    rows = []
    for key, group in scores.groupby(keys, sort=False):
        values = group.set_index("score")
        row = dict(zip(keys, key, strict=True))
        row["kept"] = f"{int(values.value['n_kept'])} of {int(values.n['n_kept'])}"
        row |= {name: _shown(values.loc[name]) for name in SCORES}
        row["note"] = _note(values)
        rows.append(row)
    return pd.DataFrame(rows)


def _shown(line):
    """A score with its interval; where not all was asked, what is certain of it."""
    if pd.isna(line["value"]) and pd.notna(line.get("certain_low")):
        return f"certain: {line['certain_low']:.3f} to {line['certain_high']:.3f}"
    return with_interval(line["value"], line["low"], line["high"])


def _note(values):
    """Why rows are not kept, the commonest reason first, or how certain they are where not all was asked;
    else why a score or an interval is missing."""
    lost = values[values.index.str.startswith("n_") & (values.index != "n_kept")].value
    if lost.max() > 0:
        lost = lost[lost > 0].sort_values(ascending=False, kind="stable")
        return ", ".join(f"{int(number)} {name.removeprefix('n_')}" for name, number in lost.items())
    reasons = [values.reason[name] for name in ("mean_excess", *SCORES)]
    return next((reason for reason in reasons if isinstance(reason, str)), "")
