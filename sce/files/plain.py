"""What comes from outside is plain: texts, numbers, truth values, lists and mappings, none of them odd."""

import math
import re

from sce.errors import InputError

DEEPEST = 30  # lists and mappings in each other
WHOLE = 2**63  # no whole number is that large, as databases and providers hold them
# Control characters (tab and line feed are none), halves of surrogate pairs, and what is no character.
ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def refuse_odd(content, where, path: tuple = ()) -> None:
    """Raise InputError, naming the place, for anything in ``content`` that cannot be written to a file, sent
    to a provider and read again as the same: characters that do not print, numbers that are none or too
    large, dates and other objects, and content in content without end."""
    if len(path) > DEEPEST:
        _refuse(where, path[:3], f"{len(path)} levels of lists and mappings", f"at most {DEEPEST} levels")
    if isinstance(content, dict):
        for key, value in content.items():
            if isinstance(key, str) and ODD.search(key):
                _refuse(where, path, f"a key with {_named(key)}", "keys that print")
            refuse_odd(value, where, (*path, key))
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            refuse_odd(value, where, (*path, number))
    elif isinstance(content, str):
        if ODD.search(content):
            _refuse(where, path, f"a text with {_named(content)}", "characters that print, tabs, line feeds")
    elif isinstance(content, float):
        if not math.isfinite(content):
            _refuse(where, path, content, "a finite number")
    elif isinstance(content, int):
        if abs(content) >= WHOLE:
            _refuse(where, path, f"a number of {len(str(abs(content)))} digits", f"less than {WHOLE}")
    elif content is not None:
        found = f"{content} (a {type(content).__name__})"
        _refuse(where, path, found, "text, in quotes where YAML reads something else")


def _named(text):
    return f"the character U+{ord(ODD.search(text)[0]):04X}"


def _refuse(where, path, found, allowed):
    raise InputError(where, ".".join(map(str, path)) or "content", found, allowed)
