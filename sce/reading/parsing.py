"""A model's reply -> its answer, or the revised record it gives; never a guess.

What can be read with certainty is returned, everything else is None with a status that says why:

- ``ok``: the answer, or a value for every feature (on the grid or off it);
- ``missing_feature``: values for some features only;
- ``truncated``: the reply was cut off by the token limit and holds nothing complete;
- ``refused``: a plain refusal in prose;
- ``unparseable``: anything else that cannot be read, silence included.

The modules beside this one: ``replies`` finds the objects in a text, ``values`` and ``options`` read one
value each, ``labels`` knows spellings. This module decides which object counts.
"""

import json
import re
from functools import lru_cache
from typing import NamedTuple

from sce.errors import InputError
from sce.reading.labels import NEW, OLD, clean, marker, misspelt, word_set, words_of
from sce.reading.options import OptionReader
from sce.reading.replies import Cut, after_reasoning, objects, pairs, plain, tables
from sce.reading.values import FeatureReader


class Parsed(NamedTuple):
    status: str
    value: object


def parse_answer(text, dataset, finish_reason=None) -> Parsed:
    """The option a reply gives, exactly as in ``dataset.options``, or None."""
    readers = _readers(_ById(dataset))
    value = None
    if isinstance(text, str):
        value = _answer(after_reasoning(text), readers.options, finish_reason == "length")
    return Parsed(_status(text, value, value is not None, finish_reason), value)


def parse_sce(text, dataset, finish_reason=None) -> Parsed:
    """The record {feature: code} that a reply gives, with None for what it leaves open; None without any."""
    readers = _readers(_ById(dataset))
    raw = {}
    if isinstance(text, str):
        raw = _record(after_reasoning(text), readers, finish_reason == "length")
    value = {name: reader.read(raw.get(name)) for name, reader in readers.features.items()}
    missing = sum(code is None for code in value.values())
    if missing == len(value):
        value = None
    return Parsed(_status(text, value, missing == 0, finish_reason), value)


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


# --- The readers of a dataset, made once


class _ById:
    """A dataset as a key of a cache. It is kept alive there, so its id is not given to another."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __hash__(self):
        return id(self.dataset)

    def __eq__(self, other):
        return self.dataset is other.dataset


@lru_cache(maxsize=32)
def _readers(handle):
    return _Readers(handle.dataset)


_FILLING = word_set("the is are of in an a value level number num no n count")


class _Readers:
    """The features and options of a dataset, with the ways of naming a feature."""

    def __init__(self, dataset):
        self.options = OptionReader(dataset)
        self.features = {name: FeatureReader(name, feature) for name, feature in dataset.features.items()}
        self.filling = _FILLING | set(words_of(dataset.subject))
        self.by_words, self.by_letters = {}, {}
        for name, feature in dataset.features.items():
            for text in (name, *feature.names, feature.wording.partition("{value}")[0]):
                words = words_of(text)
                self.by_words.setdefault(self._telling(words, name), set()).add(name)
                self.by_letters.setdefault("".join(words), set()).add(name)
        self.known = {None: (None, 0)}

    def feature(self, key):
        """(feature, rank) of a key, or (None, 0); of two keys the one of higher rank counts."""
        if key not in self.known:
            if len(self.known) > 5000:
                self.known = {None: (None, 0)}
            self.known[key] = self._feature(key)
        return self.known[key]

    def _feature(self, key):
        words = words_of(key[:200])
        if key in self.features:
            return key, 1
        if name := self._named(words):
            return name, int(words == words_of(name))
        state = marker(words)
        if state == "old":
            return None, 0
        words = tuple(word for word in words if word not in NEW)
        if name := self._named(words):
            return name, 2
        names = self.by_letters.get("".join(words)) or set().union(
            *(found for text, found in self.by_letters.items() if len(words) == 1 and _slip(words[0], text))
        )
        return (next(iter(names)), 0) if len(names) == 1 else (None, 0)

    def _named(self, words):
        """The feature that these words, in whatever order, are a name of."""
        return next((n for n in self.features if self.by_words.get(self._telling(words, n)) == {n}), None)

    def _telling(self, words, name):
        """The words of a key that tell the feature: not its unit, not articles and the like."""
        unit = self.features[name].unit_words
        return frozenset(w for w in words if w not in unit and w not in self.filling) or frozenset(words)


def _slip(word, intended):
    """A misspelt key; temperaturef is none, its last letter may be a unit."""
    return len(intended) >= 6 and not word.startswith(intended) and misspelt([word], [intended])


def _whole(text):
    """A text that is proper JSON throughout; None for any other."""
    text = text.strip()
    if text[:1] in ("{", "[", '"'):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return None


def _unwrapped(text):
    """(node, text) of a text that may be JSON, or JSON inside a JSON string."""
    node = _whole(text)
    if isinstance(node, str):
        text = node
        node = _whole(text)
    return node, text


def _is_empty(value):
    """Whether a value is what the template shows: "", "...", "<age>"."""
    if isinstance(value, str):
        return len(value) < 80 and _PLACEHOLDER.fullmatch(value) is not None
    return value is None


_PLACEHOLDER = re.compile(
    r"[\s.…_?-]*|[<\[{][^<>\[\]{}]*[>\]}]"
    r"|(?:your |the |new )?(?:answer|value|string|option|int|integer|number)(?: here)?",
    re.IGNORECASE,
)


# --- The answer

_ANSWER_WORDS = word_set(
    "answer prediction predicted choice response result output decision verdict classification conclusion"
    " label"
)
_NOT_AN_ANSWER = OLD | word_set(
    "explanation reason reasoning rationale justification confidence probability score alternative other"
    " opposite complement option wrong incorrect not possible question format type"
)
_LISTED = re.compile(r"(?:choices|answers|labels)\b", re.IGNORECASE)
_CORRECTED = re.compile(
    r"\b(?:wait|actually|correct(?:ion|ed)|sorry|instead|revised?|reconsider\w*|final(?:ly)?|rather|mistake"
    r"|i mean|on reflection|scratch that)\b",
    re.IGNORECASE,
)


def _answer(text, options, cut):
    node, text = _unwrapped(text)
    found = [(node, "")] if isinstance(node, dict) else objects(text)
    said = [(_resolved(_claims(node, options)), lead) for node, lead in found]
    said = [(claim, lead) for claim, lead in said if claim is not _SILENT]
    if said:
        # An echo of the template ("answer": "") says nothing; a null or an unreadable answer does.
        given = [(claim, lead) for claim, lead in said if claim != ""] or [(None, "")]
        return _last_word(given)
    alone = {option for node, _ in found for option in _options_in(node, options)}
    if alone:
        return alone.pop() if len(alone) == 1 else None
    if isinstance(node, list):
        return _resolved(_claims({"answer": node}, options)) or None
    return _spoken_answer(text, options, cut)


_SILENT = object()  # no answer, not even an empty one


def _claims(node, options, depth=0):
    """(rank, option, "" for an empty answer or None for an unreadable one) of each answer in an object."""
    if isinstance(node, list):
        return [claim for item in node[:50] for claim in _claims(item, options, depth + 1)]
    if not isinstance(node, dict) or depth > 6:
        return []
    claims = []
    for key, value in node.items():
        rank = _answer_rank(key) if key else None
        if rank is not None:
            inner = _claims(value, options, depth + 1)
            claims += inner or [(rank, _claimed(value, options))]
        elif isinstance(value, dict | list):
            claims += _claims(value, options, depth + 1)
        elif key and (option := options.affirmed(key, value)):
            claims.append((2, option))
    return claims


@lru_cache(maxsize=5000)
def _answer_rank(key):
    """0 for a final answer, 1 for an answer, 2 for what may be one (prediction); None for other keys."""
    words = frozenset(words_of(key[:200]))
    if not words & _ANSWER_WORDS or words & _NOT_AN_ANSWER or _LISTED.search(key):
        return None
    return 0 if "final" in words else 1 if words == {"answer"} else 2


def _claimed(value, options):
    """What the value of an answer key says."""
    if isinstance(value, str) and value in options.options:
        return str(value)
    if isinstance(value, list | dict):
        texts = _texts(value)
        if any(isinstance(text, Cut) for text in texts):
            return None
        if len(texts) == 1:
            return _claimed(texts[0], options)
        full = {option for text in texts if (option := options.full(text))}
        return "" if len(full) > 1 else full.pop() if full else None
    if isinstance(value, str) and (_is_empty(value) or options.names_both(value)):
        return options.read(value) or ""
    return options.read(value)


def _texts(node, depth=0):
    """The strings in an object, without its keys."""
    if isinstance(node, str):
        return [node]
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return [text for item in items for text in _texts(item, depth + 1)] if depth < 6 else []


def _resolved(claims):
    """What several claims come to: an option, "" (template), None (unreadable, contradictory) or _SILENT."""
    if not claims:
        return _SILENT
    given = [claim for claim in claims if claim[1] != ""]
    if not given:
        return ""
    final = [claim for claim in given if claim[0] == 0] or given
    read = {option for _, option in final if option}
    plain_unread = any(rank == 1 and option is None for rank, option in final)
    return read.pop() if len(read) == 1 and not plain_unread else None


def _last_word(given):
    """The last of several answers, if all agree or the change of mind is announced."""
    last = given[-1][0]
    differing = [n for n, (claim, _) in enumerate(given) if claim != last]
    if differing and not _CORRECTED.search(given[differing[-1] + 1][1]):
        return None
    return last


def _options_in(node, options):
    """The options that stand in full anywhere in an object without an answer key."""
    return [option for text in _texts(node) if (option := options.full(text))]


def _spoken_answer(text, options, cut):
    """An answer without an object: the bare option, 'Answer: ...', a line of its own, a claim in prose."""
    text = plain(text)
    if "{" not in text and (option := options.label(clean(text))):
        return option
    claims = [claim for key, value in pairs(text, cut) if key for claim in _claims({key: value}, options)]
    said = _resolved(claims)
    if said not in (_SILENT, ""):
        return said
    return options.lines(text) or (None if cut else options.claim(text))


# --- The revised record


class _Candidate(NamedTuple):
    """Raw values by feature, and what the reply calls them."""

    record: dict
    lead: str = ""
    label: str | None = None  # new or old


_HYPOTHETICAL = re.compile(
    r"\b(?:if|suppose|example|considered|tried|rejected|format|template|schema)\b", re.IGNORECASE
)
_COMPARED = re.compile(
    r"\b(?:from|not|than|instead of|unlike|versus|vs)\s*:?\s*(?:the |an? )?$", re.IGNORECASE
)
_ALTERNATIVE = re.compile(r"\b(?:or|alternatively|alternative|option|another|either)\b", re.IGNORECASE)


def _record(text, readers, cut):
    """The raw values {feature: value} of the record that a reply settles on."""
    node, text = _unwrapped(text)
    found = [(node, "")] if isinstance(node, dict) else objects(text)
    candidates = [c for node, lead in found for c in _candidates(node, readers, lead, _label(lead))]
    if not candidates:
        text = plain(text)
        candidates = _in_tables(text, readers) or _in_pairs(text, readers, cut)
    return _settled(candidates, len(readers.features))


def _clause(lead):
    """The last words before an object."""
    return re.split(r"[.!?;\n}]", re.sub(r"```\w*", "", lead).rstrip())[-1]


def _label(lead):
    """Whether the words before an object call it the original; if so, they do it right before it."""
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
        elif rank >= ranks.get(name, 0) and not _is_empty(value):
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


def _is_aside(candidate):
    """Whether a record is only considered ('if I used ...') or compared with ('instead of ...')."""
    clause = _clause(candidate.lead)
    return bool(_COMPARED.search(clause) or (candidate.label != "new" and _HYPOTHETICAL.search(clause)))


def _in_pairs(text, readers, cut):
    """The records in 'Age: 45' and the like, under headings that may say 'original' or 'revised'."""
    candidates, label = [], None
    for key, value in pairs(text, cut):
        name, _ = readers.feature(key)
        if name:
            if not _is_empty(value):
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
    """The last complete record, but for those called original or hypothetical; else the fullest part."""
    candidates = [c for c in candidates if c.label != "old"]
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
        _ALTERNATIVE.search(_clause(last.lead)) and not _CORRECTED.search(last.lead)
    )
    if offered and last.label != "new" and any(c.record != last.record for c in complete):
        return {}
    return last.record
