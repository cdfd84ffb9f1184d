"""The artifacts as they lie on the disk, read without the package's own reader: rows of plain values."""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from sce.auditing.findings import Findings


@dataclass(frozen=True)
class Stored:
    """An artifact: its rows, column name -> value (None where missing), and the note in its metadata."""

    path: Path
    rows: list[dict]
    note: dict


class Files:
    """The artifacts of a run, each read once."""

    def __init__(self, findings: Findings):
        self.findings = findings
        self._read: dict[Path, Stored | None] = {}

    def get(self, path) -> Stored | None:
        """An artifact; None, and a problem, where it is missing or damaged."""
        path = Path(path)
        if path not in self._read:
            self._read[path] = _load(path, self.findings)
        return self._read[path]

    def frame(self, path):
        """An artifact as the steps of the workflow read it (pandas); None where it is missing or damaged."""
        import pandas as pd
        import pyarrow as pa

        if self.get(path) is None:
            return None
        return pq.read_table(path).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def _load(path, findings):
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        note = json.loads(table.schema.metadata[b"sce"])
        rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]
    except FileNotFoundError:
        findings.problem(path, "missing; run again, and it is made")
    except Exception as error:  # whatever a damaged file leads to
        findings.problem(path, f"damaged ({type(error).__name__}); delete it and run again")
    else:
        findings.checked["files"] += 1
        return Stored(path, rows, note)
    return None


def check_csv(path: Path, stored: Stored, findings: Findings) -> None:
    """The table beside an artifact, cell by cell."""
    lines = _lines(path, stored.note.get("columns", {}), findings)
    if lines is None:
        return
    findings.equal(path, "number of rows", len(lines), len(stored.rows))
    for number, (line, row) in enumerate(zip(lines, stored.rows, strict=False), 1):
        for column, value in row.items():
            findings.equal(path, f"line {number}, {column}", _cell(line.get(column), value), value)


def check_lines(
    path: Path, keys: tuple[str, ...], values: tuple[str, ...], expected: list[dict], findings: Findings
):
    """A table of ranks or of the pattern, which stand as CSV alone, line by line; keys, values: columns."""
    lines = _lines(path, keys + values, findings)
    if lines is None:
        return
    kinds = expected[0] if expected else {}
    found = [{name: _cell(text, kinds.get(name)) for name, text in line.items()} for line in lines]
    findings.rows(path, keys, found, expected, "ranks and pattern")


def _lines(path, columns, findings):
    """The lines of a CSV file with these columns as texts by column; None where it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            found, lines = reader.fieldnames or [], list(reader)
    except (OSError, ValueError, csv.Error) as error:
        findings.problem(path, f"cannot be read ({error}); delete it and run again")
        return None
    findings.equal(path, "columns", sorted(found), sorted(columns))
    findings.checked["files"] += 1
    return lines


def _cell(text, like):
    """A cell as a value of the kind of ``like``; the text itself where it is none."""
    if text in ("", None):
        return None
    if isinstance(like, bool) or not isinstance(like, int | float):
        return text
    try:
        return float(text)
    except ValueError:
        return text


def _plain(value):
    return None if isinstance(value, float) and math.isnan(value) else value
