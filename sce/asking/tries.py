"""The tries of a question: at the pace of the job, again where a fault may pass, until it is answered or its
tries are used up."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import stamina

from sce.asking.pacing import Pace
from sce.asking.window import Place
from sce.engines import Engine, Fatal, Rejected, Transient
from sce.ledger.entries import Entry, Reply

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60  # between two tries of a question; doubles, with up to 1 s of jitter

stamina.instrumentation.set_on_retry_hooks([])  # it would log a line for every retry; we count them by cause


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
        try:
            async for attempt in stamina.retry_context(
                on=lambda error: not self.stopping and limit.verdict(error),
                attempts=None,
                timeout=None,
                wait_initial=FIRST_WAIT_S,
                wait_max=LONGEST_WAIT_S,
            ):
                with attempt:
                    limit.number = attempt.num
                    reply, latency_s = await self._try(body, place)
        except (Transient, Rejected) as error:
            if self.stopping and isinstance(error, Transient):
                raise
            finish = "rejected" if isinstance(error, Rejected) else None
            return Entry.of_failure(key, str(error), finish, time.monotonic() - begin, limit.number)
        return Entry.of_reply(key, reply, latency_s, limit.number)

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

    def verdict(self, error: Exception) -> bool | float:
        """Whether to try again, after the usual wait (True) or so many seconds."""
        if not isinstance(error, Transient):
            return False
        if error.wait is None:
            self._faults_left -= 1
        if self._faults_left <= 0 or time.monotonic() + (error.wait or 0) > self._until:
            return False
        # The pause for all is kept in the job's pace; this one question need not wait for it twice.
        return 0.0 if error.wait else True
