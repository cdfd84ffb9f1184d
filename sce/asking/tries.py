"""The tries of a question: at the pace of the job, again where a fault may pass, until it is answered or its
tries are used up."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from sce.asking.pacing import Pace
from sce.asking.window import Place
from sce.engines import Engine, Fatal, Rejected, Transient
from sce.ledger.entries import Entry, Reply

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60  # between two tries of a question; doubles, with some jitter
JITTER_S = 1.0


@dataclass
class Tries:
    """Tries every question of a job up to ``attempts`` times, and for ``patience_s``; a provider that asks us
    to slow down uses up patience only. ``faults`` counts the tries that failed, by cause; ``stopping`` is set
    when the job ends: nothing is tried again from then on."""

    engine: Engine
    pace: Pace
    attempts: int
    patience_s: float
    faults: Counter[str] = field(default_factory=Counter)
    stopping: bool = False
    under_way: set[asyncio.Task] = field(default_factory=set)

    async def entry(self, key: str, body: dict, place: Place | None = None) -> Entry:
        """How a question ended. ``place``: the one it has under a window that finds the provider's limit.
        Raises Fatal where no question can be answered, and Transient where the job stops before the
        question's tries are used up: it was not asked, rather than failed."""
        limit = _Limit(self.attempts, self.patience_s)
        begin = time.monotonic()
        while True:
            limit.number += 1
            try:
                reply, latency_s = await self._try(body, place)
                return Entry.of_reply(key, reply, latency_s, limit.number)
            except Rejected as error:
                return Entry.of_failure(key, str(error), "rejected", time.monotonic() - begin, limit.number)
            except Transient as error:
                if self.stopping:
                    raise
                wait = limit.wait_after(error)
                if wait is None:
                    return Entry.of_failure(key, str(error), None, time.monotonic() - begin, limit.number)
            await asyncio.sleep(wait)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """What this task is doing has been paid for, so a job that stops waits for it."""
        task = asyncio.current_task()
        self.under_way.add(task)
        try:
            yield
        finally:
            self.under_way.discard(task)

    async def _try(self, body, place) -> tuple[Reply, float]:
        """One attempt at its turn: the reply, and the seconds it took."""
        if place is not None:
            await place.take()
        tokens = self.pace.estimate(body)
        await self.pace.turn(tokens)
        begin = time.monotonic()
        try:
            with self.counted(), place.sending() if place is not None else nullcontext():
                reply = await self.engine.ask(body)
        except Transient as error:
            self.faults[str(error)[:80]] += 1
            if error.wait:
                self._pause(error)
            raise
        self.pace.settle(tokens, reply.usage)
        return reply, time.monotonic() - begin

    def _pause(self, error):
        if error.wait > self.patience_s:
            raise Fatal(
                f"the provider asks us to wait {error.wait / 60:.0f} min ({error}), longer than patience_s "
                "allows; run again later, only unanswered questions are asked"
            ) from None
        self.pace.pause(error.wait)


class _Limit:
    """The tries of one question, and whether another is due."""

    def __init__(self, attempts, patience_s):
        self.number = 0
        self._faults_left, self._until = attempts, time.monotonic() + patience_s

    def wait_after(self, error: Transient) -> float | None:
        """The seconds until the next try; None where there is none."""
        if error.wait is None:
            self._faults_left -= 1
        if self._faults_left <= 0 or time.monotonic() + (error.wait or 0) > self._until:
            return None
        if error.wait:  # the pause for all is kept in the job's pace; this one question need not wait twice
            return 0.0
        doubled = FIRST_WAIT_S * 2 ** min(self.number - 1, 30)
        return min(LONGEST_WAIT_S, doubled + random.uniform(0, JITTER_S))
