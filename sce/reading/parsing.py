"""A model's reply -> its answer, or the revised record it gives; never a guess.

What can be read with certainty is returned, everything else is None with a status that says why:

- ``ok``: the answer, or a value for every feature (on the grid or off it);
- ``missing_feature``: values for some features only;
- ``truncated``: the reply was cut off by the token limit and holds nothing complete;
- ``refused``: a plain refusal in prose;
- ``unparseable``: anything else that cannot be read, silence included.

The other modules of this folder: ``replies`` finds the objects in a text, ``answers`` and ``records`` decide
which of them counts, ``texts`` reads a rewritten text, ``values`` and ``options`` read one value each,
``labels`` knows spellings.
"""

import json
import re
from typing import NamedTuple

from sce.errors import InputError
from sce.reading import answers, records, texts
from sce.reading.labels import clean
from sce.reading.readers import readers_of
from sce.reading.replies import after_reasoning

MOST_KEPT = 20_000  # answers that were read, and SCEs


class Parsed(NamedTuple):
    status: str
    value: object


def parse_answer(text, dataset, finish_reason=None) -> Parsed:
    """The option a reply gives, exactly as in ``dataset.options``, or None."""
    readers = readers_of(dataset)
    key = text, finish_reason
    if key not in readers.answers:  # nearly all answers are one of few texts
        if len(readers.answers) > MOST_KEPT:
            readers.answers.clear()
        readers.answers[key] = _parsed_answer(text, readers, finish_reason)
    return readers.answers[key]


def _parsed_answer(text, readers, finish_reason):
    value = None
    if isinstance(text, str):
        value = answers.answer(after_reasoning(text), readers.options, finish_reason == "length")
    return Parsed(_status(text, value, value is not None, finish_reason), value)


def parse_sce(text, dataset, finish_reason=None) -> Parsed:
    """The record {feature: code} that a reply gives, as JSON or as a rewritten text, with None for what it
    leaves open; None without any."""
    readers = readers_of(dataset)
    key = text, finish_reason
    if key not in readers.sces:  # many points lead to one SCE
        if len(readers.sces) > MOST_KEPT:
            readers.sces.clear()
        readers.sces[key] = _parsed_sce(text, dataset, finish_reason)
    status, value = readers.sces[key]
    return Parsed(status, value and value.copy())


def _parsed_sce(text, dataset, finish_reason):
    said = after_reasoning(text) if isinstance(text, str) else ""
    value = _values(said, dataset, finish_reason == "length")
    missing = sum(code is None for code in value.values())
    if missing == len(value):
        value = None
    return Parsed(_status(text, value, missing == 0, finish_reason), value)


def _values(text, dataset, cut):
    if dataset.text is not None:
        return texts.values(text, dataset, cut)
    readers = readers_of(dataset)
    raw = records.record(text, readers, cut)
    return {name: reader.read(raw.get(name)) for name, reader in readers.features.items()}


def parse_lines(dataset, kind, lines):
    """For each JSON line {"text": ..., "finish_reason": ... (optional)} the dict {"status", "value"}."""
    parsers = {"answer": parse_answer, "sce": parse_sce}
    if kind not in parsers:
        raise InputError("parse", "kind", kind, "answer or sce")
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(
                where, "syntax", line[:80], 'a JSON object, {"text": ...}, on each line'
            ) from None
        if not isinstance(row, dict) or "text" not in row:
            raise InputError(where, "text", "nothing", 'a JSON object with the key "text"')
        if not isinstance(row["text"], str | None):
            raise InputError(where, "text", row["text"], "a string, or null where there was no reply")
        yield parsers[kind](row["text"], dataset, row.get("finish_reason"))._asdict()


_REFUSAL = re.compile(
    r"\bi(?: am|'m)? (?:can't|cannot|can not|won't|will not|unable to|not able to|(?:must )?decline to"
    r"|refuse to) (?:help|assist|comply|answer|provide|fulfil|do (?:that|this)|engage|share|participate"
    r"|continue|discuss)\b",
    re.IGNORECASE,
)


def _status(text, value, complete, finish_reason):
    if complete:
        return "ok"
    if value is not None:
        return "missing_feature"
    if finish_reason == "length":
        return "truncated"
    said = clean(after_reasoning(text)[:1000]) if isinstance(text, str) else ""
    return "refused" if _REFUSAL.search(said[:200]) and "{" not in said else "unparseable"
