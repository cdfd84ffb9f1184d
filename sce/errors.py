"""The one exception a user is meant to read: a problem in what they gave us, with the way out."""

import difflib
from collections.abc import Iterable

FEW = 12  # names that a message may list


class InputError(Exception):
    """Bad input, with what mending it takes: which file, which key, what was found, what is allowed."""

    def __init__(self, where, key, found, allowed):
        self.where, self.key, self.found, self.allowed = str(where), str(key), found, allowed
        super().__init__(f"{self.where}: {self.key}: found {found!r}; allowed: {allowed}")


def suggest(name: str, known: Iterable[str]) -> str:
    """The known names in words, for a message about ``name``: all of a few, the closest of many."""
    known = sorted(known)
    if len(known) <= FEW:
        return ", ".join(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"one of {len(known)}{', perhaps ' if close else ''}{' or '.join(close)}"
