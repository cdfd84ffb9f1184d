"""The revised record that a reply settles on: raw values by feature, from its objects, tables or pairs."""

import re
from typing import NamedTuple

from sce.reading.labels import marker, word_set, words_of
from sce.reading.replies import CORRECTED, is_empty, objects, pairs, plain, tables, unwrapped


class _Candidate(NamedTuple):
    """Raw values by feature, and what the reply calls them."""

    record: dict
    lead: str = ""
    label: str | None = None  # new or old


_HYPOTHETICAL = re.compile(
    r"\b(?:if|suppose|example|considered|tried|rejected|format|template|schema)\b", re.IGNORECASE
)
_COMPARED = re.compile(
    r"(?:\b(?:from|not|than|unlike|versus|vs)|instead of)\s*:?\s*(?:the |an? )?$", re.IGNORECASE
)
_ALTERNATIVE = re.compile(r"\b(?:or|alternatively|alternative|option|another|either)\b", re.IGNORECASE)


def record(text: str, readers, cut: bool) -> dict:
    """{feature: raw value} of a text without its reasoning; may be empty. ``cut``: whether it was cut off."""
    node, text = unwrapped(text)
    found = [(node, "")] if isinstance(node, dict) else objects(text)
    candidates = [c for node, lead in found for c in _candidates(node, readers, lead, _label(lead))]
    if not candidates:
        text = plain(text)
        candidates = _in_tables(text, readers) or _in_pairs(text, readers, cut)
    return _settled(candidates, len(readers.features))


def _clause(lead):
    """The last words before an object."""
    lead = re.sub(r"```(?:\w*(?=\s|$))?", "", lead)
    return re.split(r"[.!?;\n}]|</[\w-]+>", lead.rstrip())[-1]


def _label(lead):
    """What the words before an object call it: "new", "old" or None. "new" may stand anywhere in the clause,
    "old" only right before the object."""
    clause = _clause(lead)
    return "new" if marker(words_of(clause)) == "new" else marker(words_of(clause.rpartition(",")[2])[-5:])


def _candidates(node, readers, lead, label, depth=0):
    """The records in an object: its own keys, wrapped objects, lists of {"feature": ..., "value": ...}."""
    if isinstance(node, list):
        return [c for item in node[:200] for c in _candidates(item, readers, lead, label, depth + 1)]
    if isinstance(node, str) and "{" in node and ":" in node:
        return [c for inner, _ in objects(node) for c in _candidates(inner, readers, lead, label, depth + 1)]
    if not isinstance(node, dict) or depth > 6:
        return []
    record, ranks, inner = _named_value(node, readers), {}, []
    for key, value in node.items():
        name, rank = readers.feature(key)
        if name is None:
            state = marker(words_of(key[:200])) if key else None
            inner += _candidates(value, readers, lead, state or label, depth + 1)
        elif rank >= ranks.get(name, 0) and not is_empty(value):
            record[name], ranks[name] = value, rank
    return [_Candidate(record, lead, label), *inner] if record else inner


_NAMING = word_set("feature name field variable attribute")


def _named_value(node, readers):
    """{"feature": "age", "value": 45} as {"age": {"value": 45}}."""
    for key, value in node.items():
        if key and isinstance(value, str) and set(words_of(key[:200])) <= _NAMING:
            name, _ = readers.feature(value)
            if name:
                return {name: {k: v for k, v in node.items() if k and k != key}}
    return {}


def _is_compared(candidate):
    """Whether a record is only what the revised one is compared with ('instead of ...')."""
    return bool(_COMPARED.search(_clause(candidate.lead)))


def _is_aside(candidate):
    """Whether a record is only considered ('if I used ...')."""
    return bool(candidate.label != "new" and _HYPOTHETICAL.search(_clause(candidate.lead)))


def _in_pairs(text, readers, cut):
    """The records in 'Age: 45' and the like, under headings that may say 'original' or 'revised'."""
    candidates, label = [], None
    for key, value in pairs(text, cut):
        name, _ = readers.feature(key)
        if name:
            if not is_empty(value):
                candidates.append(_Candidate({name: value}, "", label))
            continue
        heading = key if value == "" else value if key is None and isinstance(value, str) else ""
        if heading and len(heading) <= 80:
            label = marker(words_of(heading)) or label
        if isinstance(value, dict | list):
            candidates += _candidates(value, readers, "", label)
    return candidates


def _in_tables(text, readers):
    """The records in Markdown tables: a feature a row, or a feature a column."""
    candidates = []
    for header, *rows in tables(text):
        columns = {n: name for n, cell in enumerate(header) if (name := readers.feature(cell)[0])}
        if len(columns) > 1:
            for row in rows:
                record = {name: row[n] for n, name in columns.items() if n < len(row)}
                label = marker(words_of(" ".join(row[: min(columns)])))
                candidates.append(_Candidate(record, "," if len(rows) > 1 else "", label))
            continue
        new = [n for n, cell in enumerate(header) if n and marker(words_of(cell)) == "new"]
        column = new[0] if len(new) == 1 else 1 if len(header) == 2 else None
        for row in [header, *rows]:
            name, _ = readers.feature(row[0])
            if name and column is not None and column < len(row):
                candidates.append(_Candidate({name: row[column]}))
    return candidates


def _settled(candidates, size):
    """The last complete record that is not called original or hypothetical; if there is none, the incomplete
    record with the most features."""
    candidates = [c for c in candidates if c.label != "old" and not _is_compared(c)]
    if len(candidates) == 1:
        return candidates[0].record
    stated = [c for c in candidates if not _is_aside(c)]
    merged = []
    for candidate in stated or candidates:
        if merged and not merged[-1].record.keys() & candidate.record.keys():
            merged[-1] = merged[-1]._replace(record=merged[-1].record | candidate.record)
        else:
            merged.append(candidate)
    if not merged:
        return {}
    complete = [c for c in merged if len(c.record) == size]
    if not complete:
        return max(reversed(merged), key=lambda c: len(c.record)).record
    last = complete[-1]
    offered = last.lead.strip() == "," or (
        _ALTERNATIVE.search(_clause(last.lead)) and not CORRECTED.search(last.lead)
    )
    if offered and last.label != "new" and any(c.record != last.record for c in complete):
        return {}
    return last.record
