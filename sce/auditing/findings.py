"""What an audit finds: how much was compared, and each difference with the file that holds it."""

import math
from collections import Counter
from pathlib import Path

CLOSE = 1e-9  # two ways to the same number may round differently
TOLD = 5  # differences that are told of one file


class Findings:
    """``checked``: values compared, by what they are; ``notes``: what could not be checked, and why."""

    def __init__(self):
        self.checked: Counter[str] = Counter()
        self.notes: list[str] = []
        self._problems: dict[str, list[str]] = {}

    def problem(self, file, text: str) -> None:
        self._problems.setdefault(str(file), []).append(text)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def equal(self, file, what: str, found, expected, kind: str = "values") -> None:
        """Compare a value of a file with what it ought to be."""
        self.checked[kind] += 1
        if not same(found, expected):
            self.problem(file, f"{what}: {_short(found)}, but it ought to be {_short(expected)}")

    def rows(
        self, file, keys: tuple[str, ...], found: list[dict], expected: list[dict], kind="values"
    ) -> None:
        """Compare two tables, row by row under their keys; only the columns of ``expected`` count."""
        ours, theirs = self._by_key(file, keys, found), self._by_key(file, keys, expected)
        for key in theirs.keys() - ours.keys():
            self.problem(file, f"row {_named(key)} is missing")
        for key in ours.keys() - theirs.keys():
            self.problem(file, f"row {_named(key)} does not belong here")
        for key in theirs.keys() & ours.keys():
            for column, value in theirs[key].items():
                if column not in keys:
                    self.equal(file, f"row {_named(key)}, {column}", ours[key].get(column), value, kind)

    def _by_key(self, file, keys, rows):
        found = {}
        for row in rows:
            key = tuple(row.get(name) for name in keys)
            if key in found:
                self.problem(file, f"row {_named(key)} stands twice")
            found[key] = row
        return found

    @property
    def problems(self) -> list[str]:
        """One line for each difference, of many in one file the first ones."""
        lines = []
        for file, texts in sorted(self._problems.items()):
            lines += [f"{file}: {text}" for text in texts[:TOLD]]
            if len(texts) > TOLD:
                lines.append(f"{file}: and {len(texts) - TOLD:,} more differences")
        return lines

    @property
    def files(self) -> list[Path]:
        """The files with a difference."""
        return [Path(file) for file in sorted(self._problems)]


def same(found, expected) -> bool:
    """Whether two values are the same; numbers may differ by rounding, and nothing is the same as missing."""
    if found is None or expected is None:
        return found is None and expected is None
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return math.isclose(found, expected, rel_tol=CLOSE, abs_tol=CLOSE)
    return found == expected


def _named(key):
    return " / ".join(map(str, key))


def _short(value):
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}..."
