"""The table printed at the end of a run: what was found, per model, dataset and condition."""

import pandas as pd

from sce import artifacts

SCORES = ["validity", "mean_distance", "mean_excess", "exact_match"]


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, dataset, condition and metric: kept rows, main scores, and what is to be noted."""
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


def print_table(path) -> None:
    """Print the summary of a collected scores artifact."""
    table = summary(artifacts.read(path))
    if len(table):
        print(table.to_string(index=False, justify="left"))


def _shown(row):
    return "-" if pd.isna(row.value) else f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"


def _note(values):
    """The commonest reason why a row is not kept, or why there is no boundary to measure from."""
    if pd.notna(values.reason["mean_excess"]) and "boundary" in values.reason["mean_excess"]:
        return values.reason["mean_excess"]
    lost = values[values.index.str.startswith("n_") & (values.index != "n_kept")].value
    return f"{int(lost.max())} {lost.idxmax().removeprefix('n_')}" if lost.max() > 0 else ""
