"""The scores and differences of measured rows (docs/protocol.md, Scores), in plain Python."""

import math
from fractions import Fraction
from statistics import median

from sce.auditing.findings import Findings
from sce.auditing.spreads import mean
from sce.auditing.tables import Stored
from sce.statuses import ROW_STATUSES

AVERAGES = {  # score -> (the column that it averages, over which of the kept rows)
    "mean_distance": ("distance", "kept"),
    "mean_excess": ("excess", "valid"),
    "median_excess": ("excess", "valid"),
    "mean_relative_excess": ("relative_excess", "valid"),
    "median_relative_excess": ("relative_excess", "valid"),
    "mean_shortfall": ("shortfall", "invalid"),
    "median_shortfall": ("shortfall", "invalid"),
    "mean_relative_shortfall": ("relative_shortfall", "invalid"),
    "median_relative_shortfall": ("relative_shortfall", "invalid"),
}
COMPARED = {"validity": "valid", "mean_distance": "distance", "mean_excess": "excess"}


def by_condition(rows: list[dict]) -> dict[tuple[str, str], list[dict]]:
    """(condition, metric) -> its rows."""
    found = {}
    for row in rows:
        found.setdefault((row["condition"], row["metric"]), []).append(row)
    return found


def scores_of(rows: list[dict], condition: str, metric: str) -> list[dict]:
    """The rows that ``scores.parquet`` ought to have of one condition and metric, without intervals."""
    kept = [row for row in rows if row["status"] == "kept"]
    which = {
        "kept": kept,
        "valid": [row for row in kept if row["valid"]],
        "invalid": [row for row in kept if not row["valid"]],
    }
    found = {"validity": _share(len(which["valid"]), len(kept))}
    for name, (column, over) in AVERAGES.items():
        found[name] = _average(name, [row[column] for row in which[over]], over, which)
    for name, kind, excess in (
        ("total_minimality", "median_relative", "median_relative_excess"),
        ("total_minimality_abs", "mean", "mean_excess"),
    ):
        found[name] = _total(found, excess, f"{kind}_shortfall", len(kept))
    found["exact_match"] = _share(sum(row["exact"] for row in kept), len(kept))
    verified = [row["valid"] for row in rows if row["status"] == "off_grid" and row["valid"] is not None]
    found["validity_with_off_grid"] = (
        _share(len(which["valid"]) + sum(verified), len(kept) + len(verified))
        if verified
        else (None, 0, "no off-grid instance was verified")
    )
    if any("probability" in row for row in rows):
        known = [row["probability"] for row in kept]
        none = None, 0, "no kept rows"
        found["validity_probability"] = (mean(known), len(known), None) if known else none
    for status in ROW_STATUSES:
        found[f"n_{status}"] = (sum(row["status"] == status for row in rows), len(rows), None)
    return [
        {"condition": condition, "metric": metric, "score": name, "value": value, "n": n}
        | ({"reason": reason} if value is None else {})  # of a value it says why there is no interval
        for name, (value, n, reason) in found.items()
    ]


def _average(name, values, over, which):
    values = [value for value in values if value is not None]
    if values:
        average = mean(values) if name.startswith("mean") else median(values)
        return average, len(values), None
    if not which["kept"]:
        return None, 0, "no kept rows"
    if not which["valid"] and all(row["nearest_distance"] is None for row in which["kept"]):
        return None, 0, "no boundary: every prediction is the same"
    return None, 0, f"undefined on all {over} rows" if which[over] else f"no {over} rows"


def _total(found, excess, shortfall, kept):
    value, _, reason = found[excess]
    if value is None:
        return None, kept, reason
    validity = found["validity"][0]
    return validity * value + (1 - validity) * (found[shortfall][0] or 0), kept, None


def _share(part, whole):
    return (part / whole, whole, None) if whole else (None, 0, "no kept rows")


def check_differences(
    stored: Stored, measured: dict[tuple[str, str], list[dict]], findings: Findings
) -> None:
    """Every difference of the artifact anew. ``measured``: (model, dataset) -> rows as they ought to be."""
    for row in stored.rows:
        a, b = (kept_of(measured, row[side], row["dataset"], row["metric"]) for side in ("a", "b"))
        column = COMPARED[row["score"]]
        pairs = [(a[point][column], b[point][column]) for point in a.keys() & b.keys()]
        known = [(float(x), float(y)) for x, y in pairs if x is not None and y is not None]
        both = [x - y for x, y in known]
        place = f"{row['score']} of {row['a']} and {row['b']} on {row['dataset']}, {row['metric']}"
        findings.equal(stored.path, f"{place}: n", row["n"], len(both), "scores")
        value = mean(both) if both else None
        findings.equal(stored.path, f"{place}: difference", row["difference"], value, "scores")
        # A mean over several samples is no verdict.
        verdicts = row["score"] == "validity" and all({x, y} <= {0, 1} for x, y in known)
        exact = _mcnemar(both) if verdicts else None
        findings.equal(stored.path, f"{place}: p_mcnemar", row["p_mcnemar"], exact, "p of McNemar")


def _mcnemar(differences):
    """The chance that of the rows which differ, were each as likely to differ either way, as few or fewer
    would go the rarer way, and the same for the other side; None where no row differs."""
    ways = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    many = sum(ways)
    if not many:
        return None
    tail = sum(math.comb(many, k) for k in range(min(ways) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**many)))


def kept_of(measured, label: str, dataset: str, metric: str) -> dict[int, dict]:
    """Point -> kept row of what a label, MODEL / CONDITION, names; of several samples their means, and the
    x' of most of them, of several such the smallest."""
    at = {}
    for row in samples_of(measured, label, dataset, metric):
        at.setdefault(row["point_id"], []).append(row)
    return {point: _mean_of(rows) if "sample" in rows[0] else rows[0] for point, rows in at.items()}


def samples_of(measured, label: str, dataset: str, metric: str) -> list[dict]:
    """The kept rows of what a label names, by point."""
    model, _, condition = label.partition(" / ")
    rows = [
        row
        for row in measured.get((model, dataset), [])
        if (row["status"], row["condition"], row["metric"]) == ("kept", condition, metric)
    ]
    return sorted(rows, key=lambda row: row["point_id"])


def _mean_of(rows):
    found = [row["sce_point_id"] for row in rows]
    columns = {column: _mean_of_known([row[column] for row in rows]) for column in COMPARED.values()}
    return columns | {"sce_point_id": min(found, key=lambda point: (-found.count(point), point))}


def _mean_of_known(values):
    """Of the values that are there; that of equal ones is their value, to the last digit."""
    known = [value for value in values if value is not None]
    if len(set(known)) < 2:
        return known[0] if known else None
    return mean(known)
