"""Pacing: how fast one job may ask. Limits per minute, and pauses that the provider asks for."""

import asyncio
import random
import time

CHARACTERS_PER_TOKEN = 4  # a rough mean over tokenizers for English; corrected by what is really used
FIRST_GUESS_OUT = 200  # tokens of a reply, before one has been seen


class Meter:
    """Spaces amounts evenly: any 60 seconds hold at most the limit plus one request. (A token bucket that
    starts full would let twice the limit through in its first minute.)"""

    def __init__(self, per_minute: float):
        self._per_s = per_minute / 60
        self._free_at = 0.0

    def take(self, amount: float, now: float) -> float:
        """Reserve ``amount``; the time at which it may be used."""
        start = max(now, self._free_at)
        self._free_at = start + amount / self._per_s
        return start

    def correct(self, amount: float) -> None:
        """More (or, below zero, less) was used than reserved."""
        self._free_at += amount / self._per_s


class Pace:
    """The pace of all requests of one job. None is no limit."""

    def __init__(self, requests_per_minute: float | None = None, tokens_per_minute: float | None = None):
        self._requests = Meter(requests_per_minute) if requests_per_minute else None
        self._tokens = Meter(tokens_per_minute) if tokens_per_minute else None
        self._paused_until = 0.0
        self._seen, self._seen_out = 0, 0

    async def turn(self, tokens: float) -> None:
        """Wait until a request of about ``tokens`` tokens (in and out) may be sent."""
        now = time.monotonic()
        start = now
        if self._requests:
            start = max(start, self._requests.take(1, now))
        if self._tokens:
            start = max(start, self._tokens.take(tokens, now))
        while (wait := max(start, self._paused_until) - time.monotonic()) > 0:
            if self._paused_until > start:  # those who waited out a pause must not all return at once
                wait += random.uniform(0, 0.5)
            await asyncio.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Send nothing for so many seconds: the provider asked one request to wait, which holds for all of
        them."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def estimate(self, body: dict) -> float:
        """Tokens that a request and its reply will take: all its texts by their length, the reply by the mean
        of those seen."""
        if not self._tokens:
            return 0
        out = self._seen_out / self._seen if self._seen else FIRST_GUESS_OUT
        return _characters(body) / CHARACTERS_PER_TOKEN + out

    def settle(self, estimate: float, usage: dict) -> None:
        """Replace an estimate by the tokens really used."""
        if self._tokens and usage.get("in"):
            self._seen += 1
            self._seen_out += usage.get("out", 0)
            self._tokens.correct(usage["in"] + usage.get("out", 0) - estimate)


def _characters(value):
    """The characters of all texts in a request, names of fields apart."""
    if isinstance(value, str):
        return len(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_characters, parts))
