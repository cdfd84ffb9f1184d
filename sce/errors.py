"""The one exception a user is meant to read: a problem in what they gave us, and how to mend it."""

import difflib
from collections.abc import Iterable

FEW = 12  # names that a message may list
LONGEST = 700  # characters of what was found, or is allowed


class InputError(Exception):
    """Bad input. The message says how to mend it: which file, which key, what was found, what is allowed."""

    def __init__(self, where, key, found, allowed):
        self.where, self.key, self.found, self.allowed = str(where), str(key), found, allowed
        key = "".join(char if char.isprintable() else repr(char)[1:-1] for char in _short(self.key))
        super().__init__(
            f"{_short(self.where)}: {key}: found {_short(repr(found))}; allowed: {_short(str(allowed))}"
        )

    def __reduce__(self):
        """As what it was made of: it comes out of processes of a plan too, and no message would make it."""
        return type(self), (self.where, self.key, self.found, self.allowed)


def _short(text):
    """The beginning of a text that is too long to be read."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"


def suggest(name: str, known: Iterable[str]) -> str:
    """The known names in words, for a message about ``name``: all of them if they are few, else the
    closest."""
    known = sorted(known)
    if len(known) <= FEW:
        return ", ".join(known)
    close = closest(name, known, 3)
    return f"one of {len(known)}{', perhaps ' if close else ''}{' or '.join(close)}"


def closest(name: str, known: Iterable[str], most: int) -> list[str]:
    """The known names that ``name`` may have been meant for, the likeliest first."""
    return difflib.get_close_matches(name[:100], known, n=most, cutoff=0.5)
