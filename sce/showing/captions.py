"""Sentences that say what a figure shows, made from its numbers."""

from collections.abc import Callable

import pandas as pd

from sce.showing.words import in_words, intervals_over

FEW = 3  # values that are all told; of more, the least and the greatest


def as_percent(value: float) -> str:
    """'70%', '0.4%'."""
    return f"{100 * value:.1f}%" if 0 < abs(value) < 0.095 else f"{100 * value:.0f}%"


def as_number(value: float) -> str:
    return f"{value:.3g}"


def measured(row, written: Callable[[float], str] = as_percent) -> str:
    """The value of a line of scores: '70% (62% to 77%, n = 120)', or '70% (n = 120; no interval: ...)'."""
    inside = [] if pd.isna(row.low) else [f"{written(row.low)} to {written(row.high)}"]
    inside += [] if pd.isna(row.n) else [f"n = {int(row.n):,}"]
    parts = [", ".join(inside)] if inside else []
    if not pd.isna(row.reason):
        parts.append(f"no interval: {row.reason}")
    return written(row.value) + (f" ({'; '.join(parts)})" if parts else "")


def of_whom(row, conditions: bool = True) -> str:
    """'nearest on house prices (minimal)'."""
    about = f" ({in_words(row.condition)})" if conditions else ""
    return f"{in_words(row.model)} on {in_words(row.dataset)}{about}"


def found(rows: pd.DataFrame, written: Callable[[float], str] = as_percent, conditions: bool = True) -> str:
    """The values of ``rows`` of outcomes, each with its interval, or why it has none, and n; of many, the
    least and the greatest."""
    rows = rows[rows["value"].notna()].sort_values("value", kind="stable")
    if rows.empty:
        return "not defined for any model"
    if rows["value"].nunique() == 1 and len(rows) > 1:
        return f"{written(rows['value'].iloc[0])} in all {len(rows)} cases{_of_all(rows)}"
    several = len(rows) > FEW
    told = [
        f"{measured(row, written)} for {of_whom(row, conditions)}"
        for row in (rows.iloc[[0, -1]] if several else rows).itertuples()
    ]
    return f"from {' to '.join(told)}" if several else "; ".join(told)


def _of_all(rows):
    """The n of cases that are alike, and how many of them have no interval."""
    n = [f"{int(n):,}" for n in (rows["n"].min(), rows["n"].max())] if rows["n"].notna().all() else []
    parts = [f"n = {' to '.join(dict.fromkeys(n))}"] if n else []
    without = rows["reason"].notna()
    if without.any():
        kinds = rows["reason"][without].str.partition(":")[0].unique()  # the rest is about one case
        parts.append(f"no interval for {without.sum()} of them: {', '.join(kinds)}")
    return f" ({'; '.join(parts)})" if parts else ""


def over(table: pd.DataFrame) -> str:
    """What the bars of a figure are, as a sentence."""
    words = intervals_over(table["estimand"])
    return f"{words[0].upper()}{words[1:]}."
