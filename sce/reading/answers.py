"""The option that a reply gives: which of its objects counts, or which line or claim of its prose."""

import re
from functools import lru_cache

from sce.reading.labels import OLD, clean, word_set, words_of
from sce.reading.replies import CORRECTED, Cut, is_empty, objects, pairs, plain, unwrapped

_ANSWER_WORDS = word_set(
    "answer prediction predicted choice response result output decision verdict classification conclusion"
    " label"
)
_NOT_AN_ANSWER = OLD | word_set(
    "explanation reason reasoning rationale justification confidence probability score alternative other"
    " opposite complement option wrong incorrect not possible question format type"
)
_LISTED = re.compile(r"(?:choices|answers|labels)\b", re.IGNORECASE)


def answer(text: str, options, cut: bool) -> str | None:
    """The option that a text without its reasoning gives, or None. ``cut``: whether it was cut off."""
    node, text = unwrapped(text)
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
    if isinstance(value, str) and (is_empty(value) or options.names_both(value)):
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
    if differing and not CORRECTED.search(given[differing[-1] + 1][1]):
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
