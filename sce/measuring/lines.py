"""The lines of tables of numbers with their intervals."""

import pandas as pd

from sce.measuring.estimands import Interval


def interval_cells(interval: Interval | None, estimand: str | None, n: int, reason: str | None) -> tuple:
    """The cells low, high, estimand, n, clusters, effective_n and reason of a line of scores; ``reason``: why
    its value is undefined, before why there is no interval."""
    if interval is None:
        return None, None, None, n, None, None, reason
    why = reason or interval.reason
    return interval.low, interval.high, estimand, n, interval.clusters, interval.effective_n, why


def as_table(lines, columns) -> pd.DataFrame:
    """The lines as a table, with null where a number or a text is None."""
    table = pd.DataFrame(lines, columns=list(columns))
    kinds = {"n": "Int64", "clusters": "Int64", "reason": "str", "estimand": "str"}
    kinds = {name: kind for name, kind in kinds.items() if name in columns}
    numbers = ("value", "difference", "low", "high", "effective_n", "p", "p_holm", "p_bh", "p_mcnemar")
    return table.astype(kinds | {name: float for name in numbers if name in columns})
