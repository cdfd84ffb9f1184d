"""How probable each option was, from the log-probabilities of a reply's tokens, for any tokenizer.

They are read at the place of the answer: where the parser read its option, so that it would read the other
option if that one stood there. Text before the answer (reasoning, options weighed in prose) and after it has
no influence.
"""

import json
import math
import re
from bisect import bisect_right
from itertools import accumulate

from sce.reading.parsing import parse_answer

LOOKED_AT = 40  # places where an option may be the answer, from the end of the reply
END = "\n"  # for a token without text, which ends the reply
NEITHER, UNDECIDED = -1, 2  # beside 0 and 1, the options: what the beginning of an answer may become


def option_probabilities(
    logprobs: str | None, answer: str | None, dataset, finish_reason: str | None = None
) -> tuple[float | None, float | None]:
    """The probabilities of the two options, which add up to 1, of a reply that was read as ``answer``.

    ``logprobs``: as in the ``responses`` artifact, a JSON list of tokens {"token": text, "logprob": ...,
    "top": [[text, logprob], ...]}. Where the spellings of the options diverge (letter case is ignored), the
    probabilities of the alternatives that continue only one of them are added up. An alternative that may
    still become either is assumed to continue as the reply did. None without an answer, where the reply does
    not spell it out, and where the alternatives contain neither option.
    """
    if not isinstance(logprobs, str) or answer not in dataset.options:
        return None, None
    tokens = json.loads(logprobs)
    text = "".join(token["token"] for token in tokens)
    start = _place(text, answer, dataset, finish_reason)
    return (None, None) if start is None else _shares(tokens, start, answer, dataset.options)


def _place(text, answer, dataset, finish_reason):
    """Where the answer begins in the reply; None where it is not spelled out.

    It is the last place at which the other option, put there, would be read as the answer. If there is none
    (the answer may be given twice), it is the first place at which the other option would leave a doubt.
    """

    def read(reply):
        return parse_answer(reply, dataset, finish_reason).value

    if read(text) != answer:
        return None
    other = next(option for option in dataset.options if option != answer)
    doubtful = None
    for start, end in reversed(_spelled(text, answer, other)[-LOOKED_AT:]):
        instead = read(text[:start] + other + text[end:])
        if instead == other:
            return start
        if instead is None:
            doubtful = start
    return doubtful


def _spelled(text, option, other):
    """(start, end) of every place where an option stands, except as a key of an object or as part of the
    other option."""
    no_key = r"""(?!["'”’`]\s*:)"""
    found = [match.span() for match in re.finditer(_word(option) + no_key, text, re.IGNORECASE)]
    wider = [match.span() for match in re.finditer(_word(other), text, re.IGNORECASE)]
    return [own for own in found if not any(a <= own[0] and own[1] <= b for a, b in wider)]


def _word(option):
    """The pattern of an option as a word of its own."""
    before, after = (r"(?<!\w)" if option[0].isalnum() else ""), (r"(?!\w)" if option[-1].isalnum() else "")
    return before + re.escape(option) + after


def _shares(tokens, start, answer, options):
    """The options' shares of the probability, token by token from the one before the answer on.

    ``reached``: the probability of coming this far with both options still open, given the text before the
    first of these tokens.
    """
    text = "".join(token["token"] for token in tokens)
    begins = list(accumulate((len(token["token"]) for token in tokens), initial=0))
    first = max(0, bisect_right(begins, start) - 2)
    lead, mass, reached = text[begins[first] : start], [0.0, 0.0], 1.0
    for begin, token in zip(begins[first:], tokens[first:], strict=False):
        before, undecided = text[begins[first] : begin], 0.0
        for alternative, logprob in _alternatives(token):
            fits = _becomes(before + (alternative or END), lead, options)
            if fits == UNDECIDED:
                undecided += math.exp(logprob)
            elif fits != NEITHER:
                mass[fits] += reached * math.exp(logprob)
        if _becomes(before + (token["token"] or END), lead, options) != UNDECIDED:
            break
        reached *= undecided
    else:  # the reply ends with an option that the other one begins with
        mass[options.index(answer)] += reached
    total = sum(mass)
    return (mass[0] / total, mass[1] / total) if total else (None, None)


def _alternatives(token):
    """(text, log-probability) of what could have stood here, the token itself included."""
    listed = [(text, logprob) for text, logprob in token["top"]]
    known = any(text == token["token"] for text, _ in listed)
    return listed if known else [*listed, (token["token"], token["logprob"])]


def _becomes(text, lead, options):
    """Which option a text can become after the words before the answer, ``lead``."""
    if len(text) <= len(lead):
        return UNDECIDED if lead.startswith(text) else NEITHER
    if not text.startswith(lead):
        return NEITHER
    begun = text[len(lead) :].casefold()
    fits = [_continues(begun, option.casefold()) for option in options]
    return UNDECIDED if all(fits) else fits.index(True) if any(fits) else NEITHER


def _continues(text, option):
    """Whether a text is a beginning of ``option``, or the whole of it and what follows the word."""
    rest = text[len(option) :]
    return option.startswith(text) or (text.startswith(option) and not (option[-1] + rest[0]).isalnum())
