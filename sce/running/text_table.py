"""A table in plain text, for a terminal or a log."""

import shutil
import sys

from sce.running.progress import is_watched

UNLIMITED = 10_000  # columns: a file and a pipe get whole lines


def columns_shown() -> int:
    """Columns of the terminal that is written to, also through the bars of a run; UNLIMITED where there is
    none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or is_watched() else UNLIMITED


def text_table(rows: list[list[str]], left: frozenset[int] | set[int] = frozenset({0})) -> str:
    """Rows of equal length as lines of aligned columns: those whose indices are in ``left`` aligned to the
    left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = enumerate(zip(row, widths, strict=True))
        padded = (cell.ljust(width) if i in left else cell.rjust(width) for i, (cell, width) in cells)
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
