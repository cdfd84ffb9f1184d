"""The scores of grids that were asked in part (docs/adaptive.md): between those of all rows at their lower
ends and those of all rows at their upper ones."""

from sce.auditing import interval_checks
from sce.auditing.averages import by_condition, scores_of
from sce.auditing.findings import Findings
from sce.auditing.tables import Stored

OTHER = {"low": "high", "high": "low"}
CERTAINTIES = ("exact", "exact_if_monotone", "bounded", "bounded_if_monotone")


def check_scores(stored: Stored, rows: list[dict], estimand: str, findings: Findings) -> None:
    """``scores.parquet`` of such a grid, from the ``rows`` of its ``distances``."""
    expected = []
    for (condition, metric), group in by_condition(rows).items():
        ends = [scores_of([at_end(row, end) for row in group], condition, metric) for end in OTHER]
        expected += [_between(*both) for both in zip(*ends, strict=True)]
        kept = [row["certainty"] for row in group if row["status"] == "kept"]
        for name in CERTAINTIES if kept else ():
            count = float(kept.count(name))
            line = {"condition": condition, "metric": metric, "score": f"n_{name}", "n": len(kept)}
            expected.append(line | dict.fromkeys(("value", "certain_low", "certain_high"), count))
    findings.rows(stored.path, ("condition", "metric", "score"), stored.rows, expected, "scores")
    interval_checks.check_scores(stored, [at_end(row, "low") for row in rows], estimand, None, findings)


def at_end(row: dict, end: str) -> dict:
    """The row as it would be, were all that is uncertain at its lower or its upper end. The farther the
    nearest counterfactual is, the smaller is what is measured against it."""
    nearest, shortfall = row[f"nearest_{OTHER[end]}"], row[f"shortfall_{end}"]
    excess, valid = row[f"excess_{end}"], row["valid"]
    return row | {
        "nearest_distance": nearest, "excess": excess, "shortfall": shortfall,
        "relative_excess": row["distance"] / nearest - 1 if valid and nearest else None,
        "relative_shortfall": shortfall / nearest if shortfall is not None and nearest else None,
        "exact": bool(valid and excess == 0),
    }  # fmt: skip


def _between(one, other):
    """The row that the artifact ought to have, from those of both ends."""
    line = {name: one[name] for name in ("condition", "metric", "score", "n")}
    both = one["value"], other["value"]
    known = [value for value in both if value is not None]
    if one["n"] != other["n"] or len(known) < 2:
        return line | dict.fromkeys(("value", "certain_low", "certain_high"))
    value = known[0] if both[0] == both[1] else None
    return line | {"value": value, "certain_low": min(known), "certain_high": max(known)}
