"""Artifacts made again by the code that made them, from artifacts that were checked; they must come out the
same. For tables of kinds of experiments, money and texts this is the only way; the others are computed by
means of their own besides.
"""

import math
from pathlib import Path

import pandas as pd

from sce.auditing.findings import Findings
from sce.auditing.tables import Stored


def check_remade(stored: Stored, table: pd.DataFrame, findings: Findings) -> None:
    """The artifact, row by row, against the table made again."""
    rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    findings.equal(stored.path, "number of rows", len(stored.rows), len(rows))
    for number, (found, expected) in enumerate(zip(stored.rows, rows, strict=False)):
        for column, value in expected.items():
            findings.equal(
                stored.path, f"row {number}, {column}", found.get(column), value, "values made again"
            )


def check_text(path: Path, expected: str, findings: Findings) -> None:
    """A table for people against the text made again."""
    try:
        found = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        findings.problem(path, f"cannot be read ({error}); delete it and run again")
        return
    findings.checked["files"] += 1
    findings.equal(path, "text", found, expected, "values made again")


def _plain(value):
    if value is pd.NA or value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value
