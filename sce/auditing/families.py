"""Tests over many comparisons, ranks and the published pattern (docs/statistics.md, Comparisons), each from
the rows that it follows from, in plain Python."""

import math
from pathlib import Path

from sce.auditing.findings import Findings
from sce.auditing.tables import Stored, check_lines

LEVEL = 0.05
PATTERN = ("unconstrained", "minimal")


def check_adjusted(stored: Stored, findings: Findings) -> None:
    """``p_holm`` and ``p_bh`` of every difference, from the p of its family: one score of one dataset under
    one metric."""
    families = {}
    for row in stored.rows:
        families.setdefault((row["dataset"], row["metric"], row["score"]), []).append(row)
    for rows in families.values():
        tested = [row["p"] for row in rows if row["p"] is not None]
        ways = {"p_holm": holm(tested), "p_bh": benjamini_hochberg(tested)}
        for row in rows:
            for name, adjusted in ways.items():
                what = f"{row['score']} of {row['a']} and {row['b']} on {row['dataset']}, {name}"
                findings.equal(stored.path, what, row[name], adjusted.get(row["p"]), "adjusted p")


def holm(values: list[float]) -> dict[float, float]:
    """p -> the p that keeps any false alarm rare: of m the smallest counts m times, the next m - 1 times, and
    so on, and none less than one before it."""
    found, largest = {}, 0.0
    for place, p in enumerate(sorted(values)):
        largest = max(largest, (len(values) - place) * p)
        found.setdefault(p, min(1.0, largest))
    return found


def benjamini_hochberg(values: list[float]) -> dict[float, float]:
    """p -> the p that keeps the share of false alarms low: the i-th of m counts m / i times, and none more
    than one after it."""
    found, smallest = {}, 1.0
    for place, p in sorted(enumerate(sorted(values), 1), reverse=True):
        smallest = min(smallest, p * len(values) / place)
        found.setdefault(p, smallest)
    return found


def check_ranks(
    path: Path, distances: dict[tuple[str, str], list[dict]], compared: list[dict], findings: Findings
) -> None:
    """``ranks.csv``. ``distances``: (model, dataset) -> its rows; ``compared``: those of ``differences``."""
    verdicts = {}
    for (model, dataset), rows in distances.items():
        for row in rows:
            if row["status"] == "kept":
                group = verdicts.setdefault((dataset, row["metric"], row["condition"]), {})
                group.setdefault(model, []).append(row["valid"])
    expected = []
    for (dataset, metric, condition), by_model in verdicts.items():
        if len(by_model) < 2:
            continue
        validity = {f"{model} / {condition}": math.fsum(v) / len(v) for model, v in by_model.items()}
        sure = _sure(compared, dataset, metric, validity)
        for model in by_model:
            label = f"{model} / {condition}"
            expected.append(
                {
                    "dataset": dataset, "metric": metric, "condition": condition, "model": model,
                    "validity": validity[label],
                    "rank": 1 + sum(value > validity[label] for value in validity.values()),
                    "best": 1 + sum(smaller == label for _, smaller in sure),
                    "worst": len(validity) - sum(larger == label for larger, _ in sure),
                }
            )  # fmt: skip
    keys = ("dataset", "metric", "condition", "model")
    check_lines(path, keys, ("validity", "rank", "best", "worst"), expected, findings)


def _sure(compared, dataset, metric, labels):
    """The pairs (larger, smaller) of labels whose validity differs for sure."""
    family = [
        row
        for row in compared
        if (row["score"], row["dataset"], row["metric"]) == ("validity", dataset, metric)
        and row["a"] in labels
        and row["b"] in labels
        and row["p_holm"] is not None
        and row["p_holm"] < LEVEL
    ]
    return [(row["a"], row["b"]) if row["difference"] > 0 else (row["b"], row["a"]) for row in family]


def check_pattern(path: Path, compared: list[dict], findings: Findings) -> None:
    """``pattern.csv``, from the rows of ``differences``."""
    parts = {}
    for row in compared:
        (model, first), (other, second) = (row[side].rsplit(" / ", 1) for side in ("a", "b"))
        if model == other and {first, second} == set(PATTERN) and row["p"] is not None:
            sign = 1 if first == PATTERN[0] else -1
            about = parts.setdefault((model, row["dataset"], row["metric"]), {})
            about[row["score"]] = sign * row["difference"], row["p"]
    lines = []
    for (model, dataset, metric), found in parts.items():
        if {"validity", "mean_distance"} <= found.keys():
            both = [found["validity"], found["mean_distance"]]
            p = max(p / 2 if difference > 0 else 1 - p / 2 for difference, p in both)
            line = {"model": model, "dataset": dataset, "metric": metric, "p": p}
            lines.append(line | {"validity": both[0][0], "mean_distance": both[1][0]})
    adjusted = holm([line["p"] for line in lines])
    expected = [line | {"p_holm": adjusted[line["p"]]} for line in lines]
    expected = [line | {"holds": str(line["p_holm"] < LEVEL)} for line in expected]
    values = ("validity", "mean_distance", "p", "p_holm", "holds")
    check_lines(path, ("model", "dataset", "metric"), values, expected, findings)
