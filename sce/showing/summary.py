"""The tables printed at the end of a run: what the boundaries are like, and the main scores."""

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from sce.files import artifacts
from sce.running.progress import is_watched
from sce.running.text_table import UNLIMITED
from sce.showing.words import in_words, with_interval

KEYS = ["metric", "model", "dataset", "condition"]
SCORES = ["validity", "mean_distance", "mean_excess", "exact_match"]


def print_tables(folder, pairs: list[tuple[str, str]], since: float, console: Console | None = None) -> None:
    """Print the summary of what a run wrote into the results folder since a time (seconds), for the (model,
    dataset) ``pairs`` of the study; older files may come from another configuration."""
    console = console or Console(highlight=False)
    if not (console.is_terminal or is_watched()):
        console.width = UNLIMITED
    for name, shown in (("boundaries", _boundaries), ("scores", _scores)):
        path = Path(folder) / f"{name}.parquet"
        if path.exists() and path.stat().st_mtime >= since:
            table = artifacts.read(path)
            ours = [pair in pairs for pair in zip(table["model"], table["dataset"], strict=True)]
            if any(ours):
                console.print()
                shown(table[ours], console)


def boundaries(table: pd.DataFrame) -> pd.DataFrame:
    """One row per dataset and kind of boundary: which models have it, and the sentence."""
    grouped = table.groupby(["dataset", "sentence"], sort=False)["model"].agg(", ".join).reset_index()
    named = grouped.rename(columns={"model": "models", "sentence": "boundary"})
    return named[["dataset", "models", "boundary"]]


def summary(scores: pd.DataFrame, intervals: bool = True) -> pd.DataFrame:
    """One row per metric, model, dataset and condition: kept rows, main scores, and a note."""
    rows = []
    for key, group in scores.groupby(KEYS, sort=False):
        values = group.set_index("score")
        row = dict(zip(KEYS, key, strict=True))
        row["kept"] = f"{int(values.value['n_kept'])} of {int(values.n['n_kept'])}"
        row |= {in_words(name): _shown(values.loc[name], intervals) for name in SCORES}
        row["note"] = _note(values, intervals)
        rows.append(row)
    return pd.DataFrame(rows)


def _boundaries(table, console):
    console.print("[bold]Boundaries")
    console.print(_drawn(boundaries(table), left={"dataset", "models", "boundary"}))


def _scores(table, console):
    """With intervals where these fit; notes below, each once."""
    for intervals, gap in ((True, 2), (False, 2), (False, 1)):
        lines = summary(table, intervals)
        notes = {note: f"({i})" for i, note in enumerate(dict.fromkeys(filter(None, lines["note"])), 1)}
        lines["note"] = [notes.get(note, "") for note in lines["note"]]
        drawn = _drawn(_without_repeats(lines), left={*KEYS, "note"}, gap=gap)
        if Measurement.get(console, console.options.update(width=UNLIMITED), drawn).maximum <= console.width:
            break
    metrics = ", ".join(table["metric"].unique())
    console.print(f"[bold]Scores under {metrics}")
    console.print(drawn)
    for note, number in notes.items():
        console.print(f"{number} {note}")
    if not intervals:
        console.print("With intervals in a wider terminal, and in results/scores.csv.")


def _without_repeats(table):
    """The table with each key left out where it, and those before it, are as in the row above; without the
    metric where there is one."""
    same = pd.Series(True, index=table.index)
    told = table.copy() if table["metric"].nunique() > 1 else table.drop(columns="metric")
    for key in told.columns.intersection(KEYS[:-1], sort=False):
        same &= table[key] == table[key].shift()
        told[key] = table[key].mask(same, "")
    return told


def _drawn(table, left, gap=2):
    drawn = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for name in table:
        aligned = "left" if name in left else "right"
        drawn.add_column(name, justify=aligned, overflow="fold", no_wrap=name in KEYS)
    for row in table.itertuples(index=False):
        drawn.add_row(*row)
    return drawn


def _shown(line, intervals):
    """A score with its interval; where not all was asked, what is certain of it."""
    if pd.isna(line["value"]) and pd.notna(line.get("certain_low")):
        return f"certain: {line['certain_low']:.3f} to {line['certain_high']:.3f}"
    return with_interval(line["value"], *(line[["low", "high"]] if intervals else (None, None)))


def _note(values, intervals):
    """Why rows are not kept, the commonest reason first, or how certain they are where not all was asked;
    else why a score, or an interval where these are shown, is missing."""
    lost = values[values.index.str.startswith("n_") & (values.index != "n_kept")].value
    if lost.max() > 0:
        lost = lost[lost > 0].sort_values(ascending=False, kind="stable")
        return ", ".join(f"{int(number)} {name.removeprefix('n_')}" for name, number in lost.items())
    for name in ("mean_excess", *SCORES):
        reason, missing = values.reason[name], pd.isna(values.value[name])
        if isinstance(reason, str) and (missing or intervals):
            return reason if missing else f"no interval: {reason}"
    return ""
