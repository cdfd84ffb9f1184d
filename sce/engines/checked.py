"""What comes from outside is checked and cleaned here before anything keeps it.

A text is decoded, not too deep, and without the job's own keys; a reply has the form that the ledger and
everything after it rely on. What cannot be used as an answer ends as one failed question with its reason; a
count of tokens or log-probabilities that cannot be used are left out, and said once in the log.
"""

import json
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from sce.engines import Transient
from sce.ledger.entries import Reply, counts_of

DEEPEST = 100  # levels of lists and objects within each other
_FORM = (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError, RecursionError)


def decoded(text: str | bytes):
    """The JSON in ``text``, or else ``text``: also where it is nested deeper than DEEPEST."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    opened = (text.count("{") + text.count("[")) if isinstance(text, str) else DEEPEST
    return text if opened >= DEEPEST and _is_deep(value) else value


class Checker:
    """Checks what one endpoint sends. ``hide``: a text without the keys that it may repeat."""

    def __init__(self, hide: Callable[[str], str]):
        self._hide = hide

    def decoded(self, text: str | bytes):
        """The JSON in ``text``, or else ``text``, without a key anywhere in it."""
        return self._cleaned(decoded(text))

    def reply(self, reply_of: Callable[[dict], Reply], payload) -> Reply:
        """The reply that ``reply_of`` reads from a payload, as it may be stored. Raises Transient where it
        cannot be an answer."""
        with known_form():
            reply = reply_of(payload)
        for name in ("response", "reasoning", "finish_reason"):
            value = getattr(reply, name)
            if not isinstance(value, str | None):
                raise Transient(f"the reply's {name} is {type(value).__name__}, not text")
        usage = counts_of(reply.usage)
        for name in reply.usage.keys() - usage.keys():
            note(f"the endpoint tells no usable count of tokens ({name}): left out")
        return replace(
            reply,
            # Hidden once more: a key may have come in parts.
            response=reply.response and self._hide(reply.response),
            reasoning=reply.reasoning and self._hide(reply.reasoning),
            usage=usage,
            logprobs=self._logprobs(reply.logprobs),
        )

    def _logprobs(self, logprobs):
        if logprobs is None:
            return None
        if not _are_logprobs(logprobs):
            note("the endpoint's log-probabilities have an unknown form: left out")
            return None
        spelled = "".join(token["token"] for token in logprobs)
        return logprobs if self._hide(spelled) == spelled else None

    def _cleaned(self, value):
        if isinstance(value, str):
            return self._hide(value)
        if isinstance(value, list):
            return [self._cleaned(part) for part in value]
        if isinstance(value, dict):
            return {self._hide(name): self._cleaned(part) for name, part in value.items()}
        return value


def an_object(value) -> dict:
    """The value where it is a JSON object, else an empty one: for parts that an answer can do without."""
    return value if isinstance(value, dict) else {}


@contextmanager
def known_form() -> Iterator[None]:
    """Turns what goes wrong in reading a payload of another form than expected into Transient."""
    try:
        yield
    except _FORM as error:
        raise Transient(
            f"the reply has an unknown form ({type(error).__name__}: {str(error)[:100]})"
        ) from None


@cache
def note(text: str) -> None:
    """Say something in the log, once."""
    logging.warning("%s", text)


def _are_logprobs(logprobs):
    return isinstance(logprobs, list) and all(
        isinstance(token, dict)
        and _is_weighed([token.get("token"), token.get("logprob")])
        and isinstance(token.get("top"), list)
        and all(map(_is_weighed, token["top"]))
        for token in logprobs
    )


def _is_weighed(pair):
    """Whether it is [a token's text, its log-probability]."""
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
        return False
    return type(pair[1]) in (int, float) and math.isfinite(pair[1])


def _is_deep(value):
    level = [value]
    for _ in range(DEEPEST):
        parts = [part for part in level if isinstance(part, dict | list) and part]
        if not parts:
            return False
        level = [inner for part in parts for inner in (part.values() if isinstance(part, dict) else part)]
    return True
