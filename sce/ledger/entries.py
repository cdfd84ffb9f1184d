"""What a ledger is made of: the reply to a request, the entry that keeps it, a batch of requests, and the
digest that is a request's key; and which of several entries for one request counts."""

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from sce.ledger.clock import now

# Of several entries for one request the best counts: an answer beats a refusal or a truncation, those beat a
# failure. Of several answers the first counts, of other equals the latest.
RANK = {"answered": 2, "refused": 1, "truncated": 1, "failed": 0}
COUNTS = ("in", "cached", "written", "out", "reasoning", "batch")  # of Reply.usage
MOST_TOKENS = 10**12
OPEN_STATES = ("submitting", "submitted")  # of a batch whose answers are still to be read
CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), check_circular=False)
_WRITTEN_ALIKE = frozenset({str, int, bool, type(None)})  # by orjson and by Python, where orjson takes them


@dataclass(frozen=True)
class Reply:
    """One reply. ``status``: answered, refused or truncated. ``turn``: the assistant message to continue
    from, where it is more than its text (reasoning that the provider wants back). ``usage``: the token counts
    that the provider reports: in (of these: cached, and written to a cache), out (of these: reasoning).
    ``logprobs``: [{token, logprob, top: [[token, logprob], ...]}, ...]."""

    status: str
    response: str | None
    reasoning: str | None = None
    finish_reason: str | None = None
    logprobs: list | None = None
    usage: dict = field(default_factory=dict)
    turn: dict | None = None


class Entry(NamedTuple):
    """One row of the ledger: how a request ended. ``error``: the cause, where its status is failed;
    ``finish_reason`` is then "rejected" where asking again cannot help."""

    digest: str
    status: str
    response: str | None
    reasoning: str | None
    finish_reason: str | None
    error: str | None
    turn: dict | None
    logprobs: list | None
    usage: dict
    latency_s: float
    attempts: int
    asked_at: float

    @classmethod
    def of_reply(cls, digest: str, reply: Reply, latency_s: float, attempts: int) -> "Entry":
        return cls(
            digest=digest,
            status=reply.status,
            response=_storable(reply.response),
            reasoning=_storable(reply.reasoning),
            finish_reason=_storable(reply.finish_reason),
            error=None,
            turn=_storable(reply.turn),
            logprobs=_storable(reply.logprobs),
            usage=reply.usage,
            latency_s=latency_s,
            attempts=attempts,
            asked_at=now(),
        )

    @classmethod
    def of_failure(
        cls, digest: str, cause: str, finish: str | None, latency_s: float, attempts: int
    ) -> "Entry":
        return cls(
            digest, "failed", None, None, finish, _storable(cause), None, None, {}, latency_s, attempts,
            now(),
        )  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """A batch handed to a provider. ``key``: our name for it, sent along; ``id``: the provider's, None until
    it has answered; ``state``: submitting, submitted, done or lost; ``requests``: digest -> request, empty
    once it is done."""

    key: str
    provider: str
    requests: dict[str, dict]
    submitted_at: float
    id: str | None = None
    state: str = "submitting"


def digest(body: dict) -> str:
    """The key of a request: SHA-256 of its canonical JSON, in hex."""
    return digest_of(canonical(body))


def digest_of(content: bytes) -> str:
    """The key of a request from its canonical JSON."""
    return hashlib.sha256(content).hexdigest()


def canonical(body: dict) -> bytes:
    """A request as canonical JSON in UTF-8, as Python's own encoder writes it, but with 0.0 written as 0."""
    if _is_written_alike([body]):
        try:
            return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:  # half a character, a number beyond 64 bits
            pass
    return CANONICAL.encode(_whole(body)).encode()


def _is_written_alike(value) -> bool:
    """Whether orjson, which is several times faster, writes all parts of a list or an object to the byte as
    Python does, as far as it takes them."""
    for part in value.values() if type(value) is dict else value:
        kind = type(part)
        if kind in _WRITTEN_ALIKE:
            continue
        if kind is dict or kind is list:
            if not _is_written_alike(part):
                return False
        # Python writes 1e-05, orjson 1e-5; and 1.0 is to be 1.
        elif kind is not float or part.is_integer() or repr(part).encode() != orjson.dumps(part):
            return False
    return True


def _whole(value):
    """The value with whole numbers written as such: a setting left out and the same setting written out may
    differ in nothing but this."""
    if type(value) is str:  # nearly all of a request
        return value
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def counts_of(usage) -> dict:
    """The counts of tokens among what claims to be some: whole numbers from 0 to below MOST_TOKENS."""
    found = usage.items() if isinstance(usage, dict) else ()
    return {name: count for name, count in found if name in COUNTS and is_count(count)}


def wrong_field(entry: Entry) -> str | None:
    """The name of a field that no run would have stored so: entries may come from others."""
    texts = ("response", "reasoning", "finish_reason", "error")
    wrong = [name for name in texts if not isinstance(getattr(entry, name), str | None)]
    numbers = {"latency_s": entry.latency_s, "attempts": entry.attempts, "asked_at": entry.asked_at}
    wrong += [name for name, number in numbers.items() if not _is_number(number)]
    checks = {
        "digest": isinstance(entry.digest, str),
        "status": isinstance(entry.status, str) and entry.status in RANK,
        "response": entry.status != "answered" or isinstance(entry.response, str),
        "turn": isinstance(entry.turn, dict | None),
        "logprobs": isinstance(entry.logprobs, list | None),
        "attempts": isinstance(entry.attempts, int),
        "usage": entry.usage == counts_of(entry.usage),
    }
    return next(iter(wrong + [name for name, right in checks.items() if not right]), None)


def _is_number(value):
    return type(value) in (int, float) and 0 <= value < math.inf and value < 2**62


def is_count(value) -> bool:
    """Whether a value can be a number of tokens."""
    return type(value) is int and 0 <= value < MOST_TOKENS


def _storable(value):
    """The value with half characters, which some models emit and no UTF-8 file can hold, as "?"."""
    if value is None:
        return None
    is_text = type(value) is str
    text = value if is_text else json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        whole = text.encode(errors="replace").decode()
        return whole if is_text else json.loads(whole)
    return value
