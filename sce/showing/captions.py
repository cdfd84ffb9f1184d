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
    """One line of ``outcomes``: '70% (62% to 77%, n = 120)'."""
    inside = [] if pd.isna(row.low) else [f"{written(row.low)} to {written(row.high)}"]
    inside += [] if pd.isna(row.n) else [f"n = {int(row.n):,}"]
    return written(row.value) + (f" ({', '.join(inside)})" if inside else "")


def of_whom(row, conditions: bool = True) -> str:
    """'nearest on house prices (minimal)'."""
    about = f" ({in_words(row.condition)})" if conditions else ""
    return f"{in_words(row.model)} on {in_words(row.dataset)}{about}"


def found(rows: pd.DataFrame, written: Callable[[float], str] = as_percent, conditions: bool = True) -> str:
    """The values of ``rows`` of outcomes, each with its interval and n; of many, the least and the
    greatest."""
    rows = rows[rows["value"].notna()].sort_values("value", kind="stable")
    if rows.empty:
        return "not defined for any model"
    if rows["value"].nunique() == 1 and len(rows) > 1:
        n = [f"{int(n):,}" for n in (rows["n"].min(), rows["n"].max())] if rows["n"].notna().all() else []
        about = f" (n = {' to '.join(dict.fromkeys(n))})" if n else ""
        return f"{written(rows['value'].iloc[0])} in all {len(rows)} cases{about}"
    several = len(rows) > FEW
    told = [
        f"{measured(row, written)} for {of_whom(row, conditions)}"
        for row in (rows.iloc[[0, -1]] if several else rows).itertuples()
    ]
    return f"from {' to '.join(told)}" if several else "; ".join(told)


def over(table: pd.DataFrame) -> str:
    """What the bars of a figure are, as a sentence."""
    words = intervals_over(table["estimand"])
    return f"{words[0].upper()}{words[1:]}."
