"""Names as a configuration lists them: ranges of numbered names."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from sce.files.values import Key

MOST_NAMES = 1000  # of one range
RANGE = re.compile(r"(.*?)(\d+)\.\.(.*?)(\d+)")


def expand(names):
    """A list of names with every range such as ``question_01..question_50`` replaced by its members.

    Raises ValueError for a range that is none: two stems, numbers of different widths, or backwards. What is
    not a list of texts is returned as it is; the contract refuses it.
    """
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return names
    return [member for name in names for member in _members(name)]


def _members(name):
    if ".." not in name:
        return [name]
    match = RANGE.fullmatch(name)
    if not match:
        raise ValueError(f"a range of numbered names, such as question_01..question_50; not {name}")
    stem, first, other, last = match.groups()
    if len(first) > 9 or len(last) > 9:
        raise ValueError(f"a range of numbers of at most 9 digits; not {name}")
    if stem != other or len(first) != len(last) or int(first) > int(last):
        raise ValueError(f"a range that counts one name up, such as question_01..question_50; not {name}")
    if (count := int(last) - int(first) + 1) > MOST_NAMES:
        raise ValueError(f"a range of at most {MOST_NAMES:,} names; {name} has {count:,}")
    return [f"{stem}{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]


Wordings = Annotated[list[Key], BeforeValidator(expand)]
