"""Scores over rows of which some are known within bounds alone.

A score is then known within bounds too: it moves one way with the value of each row, so its extremes are
those of all rows at their lower ends and at their upper ones. This interval of certainty says what was not
asked; the one of sampling says which starts were drawn. They are kept apart: where a score is not certain it
has no value, hence no interval of sampling.
"""

import pandas as pd

from sce.measuring import scores
from sce.measuring.dependence import Lattice
from sce.measuring.lines import as_table

OTHER_END = {"low": "high", "high": "low"}
CERTAINTIES = ("exact", "exact_if_monotone", "bounded", "bounded_if_monotone")


def score(distances: pd.DataFrame, estimand: str, lattice: Lattice | None = None) -> pd.DataFrame:
    """The ``scores_in_part`` artifact of a ``distances_in_part`` one: that of ``scores.score`` with columns
    ``certain_low`` and ``certain_high``; null: no such bound. Where the bounds differ there is no value, and
    the reason names them. Besides the counts by status there are those by certainty, of the kept rows."""
    table, other = (scores.score(_with_ends(distances, end), estimand, lattice) for end in OTHER_END)
    ends = pd.DataFrame({"one": table["value"], "other": other["value"]})
    # A row without one of the bounds leaves a score without a bound, not with that of fewer rows.
    whole = (table["n"] == other["n"]) & (ends["one"].isna() == ends["other"].isna())
    table["certain_low"] = ends.min(axis=1).where(whole)
    table["certain_high"] = ends.max(axis=1).where(whole)
    certain = whole & (ends["one"].isna() | (ends["one"] == ends["other"]))
    assumed = distances["certainty"].str.endswith("if_monotone").fillna(False).any()
    # That none is known does not say that there is none.
    table["reason"] = table["reason"].replace(scores.NO_BOUNDARY, "no counterfactual is known")
    reasons = [_reason(row, assumed) for row in table.itertuples(index=False)]
    table["reason"] = table["reason"].where(certain, pd.Series(reasons, index=table.index))
    for name in ("value", "low", "high", "clusters", "effective_n"):
        table[name] = table[name].where(certain)
    return pd.concat([table, _counts(distances, table.columns)], ignore_index=True)


def _reason(row, assumed):
    if pd.isna(row.certain_low):
        return "not enough was asked"
    condition = ", if monotone" if assumed else ""
    return f"between {row.certain_low:.4g} and {row.certain_high:.4g}{condition}: not all was asked"


def _counts(distances, columns):
    """Lines n_CERTAINTY for every condition and metric."""
    kept = distances[distances["status"] == "kept"]
    lines = []
    for (condition, metric), rows in kept.groupby(["condition", "metric"], sort=True):
        found = rows["certainty"].value_counts()
        for name in CERTAINTIES:
            count = int(found.get(name, 0))
            line = {"condition": condition, "metric": metric, "score": f"n_{name}", "n": len(rows)}
            lines.append(line | dict.fromkeys(("value", "certain_low", "certain_high"), float(count)))
    return as_table(lines, columns)


def _with_ends(rows, end):
    """The rows as they would be, were all that is uncertain at its lower or its upper end."""
    # The farther m is, the smaller is what is measured against it.
    nearest = rows[f"nearest_{OTHER_END[end]}"]
    valid = rows["valid"].astype("boolean").fillna(False).to_numpy(bool)
    return rows.assign(
        nearest_distance=nearest,
        excess=rows[f"excess_{end}"],
        relative_excess=(rows["distance"] / nearest - 1).where(valid),
        shortfall=rows[f"shortfall_{end}"],
        relative_shortfall=rows[f"shortfall_{end}"] / nearest,
    )
