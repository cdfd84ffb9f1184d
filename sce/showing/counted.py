"""Scores that end in a count: validity_at_1, validity_at_2, ... are one quantity after so many tries."""

import re

import pandas as pd

COUNTED = re.compile(r"(.+?)_(?:at|within)_(\d+)$")


def counted(table: pd.DataFrame) -> pd.DataFrame:
    """Outcomes with the columns ``quantity``, the score without its count, and ``count``, missing where the
    score has none."""
    parts = table["score"].str.extract(COUNTED.pattern)
    return table.assign(
        quantity=parts[0].fillna(table["score"]), count=pd.to_numeric(parts[1]).astype("Float64")
    )


def curves(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The defined values of one counted quantity, in the order of the count."""
    rows = counted(table)
    rows = rows[(rows["quantity"] == quantity) & rows["count"].notna() & rows["value"].notna()]
    return rows.sort_values("count", kind="stable")
