"""A rewritten text -> what it says in each of its slots (the wordings of a dataset's features).

A slot is found by the words of its wording, whatever their case, spacing and punctuation. What stands in the
place of its value is read by the reader of the feature, so that 12,000 and $12000 are one number, and ranges,
approximations and inequalities are none. A slot ends where its sentence does, or where another slot begins.
A slot that is said twice with different values, or once in a way that cannot be read, is None.
"""

import re
from typing import NamedTuple

from sce.errors import InputError
from sce.grids.datasets import Dataset
from sce.reading.labels import clean, marker, words_of
from sce.reading.readers import readers_of
from sce.reading.replies import plain, unwrapped

_BETWEEN = r"[^\w.!?;\n]{1,4}"  # two words of a wording
_HOLE = r"(?P<hole>(?:[^.!?;\n]|(?<=\d)\.(?=\d)){1,200}?)"
_SENTENCE_ENDS = r"\s*(?:[!?;\n]|\.(?!\d)|\Z)"
_JOINED = r",?\s(?:(?:and|but|while)\s)?"  # to a slot in the same sentence
_CLAUSE = re.compile(r"[.!?;,\n]|\b(?:and|but|while)\b", re.IGNORECASE)
_NOT_SAID = re.compile(
    r"\b(?:not|never|no longer|if|unless|suppose|instead|rather than|original(?:ly)?|previous(?:ly)?)\b"
    r"|n't\b",
    re.IGNORECASE,
)
_HEADED = re.compile(r"[^\w\n]*([^:.!?\n]{1,60}):")
_WRAPPED = re.compile(r"\n(?=[a-z0-9$])")


class _Slot(NamedTuple):
    """``begins``: the words before the value; ``whole``: these, the value, and all up to the slot's end."""

    begins: re.Pattern
    whole: re.Pattern


def values(text: str, dataset: Dataset, cut: bool) -> dict:
    """{feature: code, or None} of a text without its reasoning. ``cut``: whether the text was cut off."""
    said, readers = _said(text), readers_of(dataset).features
    return {name: _value(slot, readers[name], said, cut) for name, slot in _slots(dataset).items()}


def check_texts(dataset: Dataset, where) -> None:
    """Raise InputError where a text of the dataset would not be read as the point that it describes. Slots
    are read apart from each other, so each level is tried beside the first and the last of the rest."""
    if dataset.text is None:
        return
    first, last = dataset.record(0), dataset.record(dataset.size - 1)
    for name, feature in dataset.features.items():
        for code in feature.codes:
            for record in (first | {name: code}, last | {name: code}):
                read = values(dataset.describe(record), dataset, cut=False)
                wrong = next((other for other in read if read[other] != record[other]), None)
                if wrong is not None:
                    raise InputError(
                        where, f"features.{wrong}.wording", dataset.features[wrong].wording,
                        "words that stand nowhere else in the text, and an end of the sentence, or ', and' "
                        f"with the next slot, behind its slot: {record[wrong]} is read as {read[wrong]} in "
                        f"the text of {record}",
                    )  # fmt: skip


def _said(text):
    """The lines of a text in one spelling, without those under a heading that calls them the original."""
    text = plain(unwrapped(text)[1])
    lines, label = [], None
    for line in _WRAPPED.sub(" ", text).split("\n"):
        if headed := _HEADED.match(line):
            label = marker(words_of(headed[1]))
        if label != "old":
            lines.append(clean(line))
    return "\n".join(lines)


def _slots(dataset):
    """The slot of every feature."""
    parts = {name: feature.wording.split("{value}") for name, feature in dataset.features.items()}
    begins = {name: rf"(?<!\w){_words(before)}(?!\w)" for name, (before, _) in parts.items()}
    ends = rf"(?={_SENTENCE_ENDS}|{_JOINED}(?:{'|'.join(begins.values())}))"
    found = {}
    for name, (_, after) in parts.items():
        behind = rf"{_BETWEEN}{words}(?!\w)" if (words := _words(after)) else ""
        whole = rf"{begins[name]}{_HOLE}{behind}{ends}"
        found[name] = _Slot(re.compile(begins[name], re.IGNORECASE), re.compile(whole, re.IGNORECASE))
    return found


def _words(text):
    """The words of a part of a wording, as a pattern."""
    return _BETWEEN.join(map(re.escape, re.findall(r"\w+", clean(text))))


def _value(slot, reader, said, cut):
    """The one value that a text gives a slot wherever it mentions it, else None."""
    codes = set()
    for begun in slot.begins.finditer(said):
        found = slot.whole.match(said, begun.start())
        before = _CLAUSE.split(said[max(0, begun.start() - 200) : begun.start()])[-1]
        if found is None or _NOT_SAID.search(before) or (cut and found.end() == len(said)):
            return None
        codes.add(reader.read(found["hole"]))
    return codes.pop() if len(codes) == 1 else None
