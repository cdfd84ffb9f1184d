"""Asking: what wraps an engine from outside. Look in the ledger first, ask at most once, keep to the pace,
retry what may pass, stay within the budget.

An ``Asker`` serves one ``elicit`` job. Its engine starts at the first question the ledger cannot answer,
so a job that finds everything answered loads nothing.
"""

import asyncio
import importlib
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import stamina

from sce.asking.pacing import Pace
from sce.engines import About, Engine, Fatal, Rejected, Transient, open_engine
from sce.grids.datasets import Dataset
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.models.entries import Model
from sce.running.devices import claim

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60  # between two tries of a question; doubles, with up to 1 s of jitter
EVERYTHING = 2**31  # requests in flight, where there is no limit
GRACE_S = 20  # for requests under way when the job stops: their answers were paid for

stamina.instrumentation.set_on_retry_hooks([])  # it would log a line for every retry; we count them by cause


class Budget(Protocol):
    """What one job may spend."""

    @property
    def waits(self) -> bool:
        """Whether questions are under way for which more is set aside than they may turn out to cost."""

    def fits(self, body: dict) -> bool:
        """Before a question is sent: set aside what it can cost; False where that could pass the limit."""

    def exhausted(self) -> Fatal:
        """What to tell when nothing fits any more."""

    def settle(self, entry: Entry) -> None:
        """After it ended, with what it really took."""


@dataclass
class Asker:
    """Answers questions from the ledger, or else from the engine, each at most once.

    ``max_in_flight``: questions under way at a time; more may be waiting for their turn. ``retry``: statuses
    in the ledger that are asked again (failed, truncated, refused). A question is tried up to ``attempts``
    times in this run, and for ``patience_s``, before it counts as failed; a provider that asks us to slow
    down uses up patience only. ``gpus``: claimed for the engine before it starts. ``asked`` and ``found``
    count entries from the engine and from the ledger; ``faults`` the tries that failed, by cause.
    """

    engine: Engine
    ledger: Ledger
    max_in_flight: int = 1
    attempts: int = 6
    patience_s: float = 600
    retry: frozenset[str] = frozenset({"failed"})
    pace: Pace = field(default_factory=Pace)
    budget: Budget | None = None
    gpus: int = 0
    asked: int = 0
    found: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    _start: asyncio.Task | None = None
    _ready: bool = False
    _closing: bool = False
    _pending: dict[str, asyncio.Task] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _under_way: set[asyncio.Task] = field(default_factory=set)
    _devices: AsyncExitStack = field(default_factory=AsyncExitStack)
    _slots: asyncio.Semaphore = field(init=False)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self):
        self._slots = asyncio.Semaphore(self.max_in_flight)

    async def ask(self, messages: list[dict], about: About) -> Entry:
        """The entry for a request. Raises Fatal when no question can be answered."""
        body = self.engine.body(messages, about)
        key = digest(body)
        if key in self._pending:
            return await asyncio.shield(self._pending[key])
        entry = self.ledger.get(key)
        if entry is not None and not self._again(entry):
            self.found += 1
            return entry
        if self.engine.free:
            return await self._take(key, body)
        # A task of its own: whoever waits for it may be cancelled, and the answer comes in all the same.
        task = self._pending[key] = asyncio.create_task(self._insist(key, body))
        task.add_done_callback(lambda task: self._end(key, task))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let requests under way come in, drop those not sent yet, and close the engine."""
        self._closing = True
        for task in set(self._pending.values()) - self._under_way:
            task.cancel()
        if self._under_way:
            logging.info("waiting for %d requests under way", len(self._under_way))
            await asyncio.wait(self._under_way, timeout=GRACE_S)
        rest = [task for task in (self._start, *self._pending.values()) if task is not None]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        if self._start is not None:
            await self.engine.close()
        await self._devices.aclose()
        for cause, times in self.faults.most_common():
            logging.info("%d times on the way: %s", times, cause)

    def _end(self, key, task):
        self._pending.pop(key, None)
        if not task.cancelled():
            task.exception()  # told to whoever still waits; where nobody does, it is no accident either

    def _again(self, entry):
        """Whether to ask anew what an earlier run asked; what this run asked, it does not ask twice."""
        earlier = entry.digest not in self._ended
        return earlier and entry.status in self.retry and entry.finish_reason != "rejected"

    async def _begin(self):
        """Start the engine, once for all who wait for it."""
        if self._start is None:
            self.ledger.require_room()
            self._start = asyncio.create_task(self._start_engine())
        await asyncio.shield(self._start)
        self._ready = True

    async def _start_engine(self):
        await self._devices.enter_async_context(claim(self.gpus))
        await self.engine.start()

    async def _take(self, key, body):
        """The entry of an engine whose answers are free: at once, or never."""
        if not self._ready:
            await self._begin()
        begin = time.monotonic()
        try:
            reply = await self.engine.ask(body)
        except Rejected as error:
            entry = Entry.of_failure(key, str(error), "rejected", time.monotonic() - begin, 1)
        else:
            entry = Entry.of_reply(key, reply, time.monotonic() - begin, 1)
        self.ledger.put(entry, body)
        self.asked += 1
        return entry

    async def _insist(self, key, body):
        """The entry of a question that is tried until it is answered or the budget of tries is used up."""
        async with self._slots:
            return await self._insist_now(key, body)

    async def _insist_now(self, key, body):
        if not self._ready:
            await self._begin()
        self.ledger.require_room()
        if self.budget:
            await self._afford(body)
        tries = _Tries(self.attempts, self.patience_s)
        begin = time.monotonic()
        try:
            async for attempt in stamina.retry_context(
                on=lambda error: not self._closing and tries.verdict(error),
                attempts=None,
                timeout=None,
                wait_initial=FIRST_WAIT_S,
                wait_max=LONGEST_WAIT_S,
            ):
                with attempt:
                    tries.number = attempt.num
                    reply, latency_s = await self._try(body)
        except (Transient, Rejected) as error:
            if self._closing and isinstance(error, Transient):
                raise  # stopped before its tries were used up: not asked, rather than failed
            finish = "rejected" if isinstance(error, Rejected) else None
            entry = Entry.of_failure(key, str(error), finish, time.monotonic() - begin, tries.number)
        else:
            entry = Entry.of_reply(key, reply, latency_s, tries.number)
        self._under_way.add(asyncio.current_task())  # a job that stops waits for it to be stored
        await self.ledger.store(entry, body)
        self._ended.add(key)
        self._under_way.discard(asyncio.current_task())
        if self.budget:
            self.budget.settle(entry)
            self._settled.set()
        self.asked += 1
        return entry

    async def _afford(self, body):
        """Set aside what a question can cost, as soon as those under way have left room for it."""
        while not self.budget.fits(body):
            if not self.budget.waits:
                raise self.budget.exhausted()
            self._settled.clear()
            await self._settled.wait()

    async def _try(self, body) -> tuple[Reply, float]:
        """One attempt at its turn: the reply, and the seconds it took."""
        tokens = self.pace.estimate(body)
        await self.pace.turn(tokens)
        task, begin = asyncio.current_task(), time.monotonic()
        self._under_way.add(task)
        try:
            reply = await self.engine.ask(body)
        except Transient as error:
            self.faults[str(error)[:80]] += 1
            if error.wait:
                if error.wait > self.patience_s:
                    raise Fatal(
                        f"the provider asks to wait {error.wait / 60:.0f} min ({error}), which is beyond "
                        "patience_s; run again later, nothing answered is asked twice"
                    ) from None
                self.pace.pause(error.wait)
            raise
        finally:
            self._under_way.discard(task)
        self.pace.settle(tokens, reply.usage)
        return reply, time.monotonic() - begin


class _Tries:
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
        # The pause for all is kept in self.pace; this one question need not wait for it twice.
        return 0.0 if error.wait else True


@contextmanager
def open_asker(
    model: Model,
    dataset: Dataset,
    folder,
    budget: Budget | None = None,
    engine: Engine | None = None,
    gpus: int = 0,
) -> Iterator[Asker]:
    """An asker for a model's entry, over its file in the ledger's folder. ``engine``: one to use instead of
    the entry's own (a wrapper of it). ``gpus``: how many the engine may use.

    With ``mode: batch`` everything is under way at once, so that a batch holds all that can be asked; it
    keeps to the budget itself, and the provider to its own pace.
    """
    path = ledger_file(folder, model.engine, model.provider_model)
    limits = {
        "attempts": model.attempts,
        "max_in_flight": model.max_in_flight,
        "pace": Pace(model.requests_per_minute, model.tokens_per_minute),
        "budget": budget,
    }
    if engine is None and getattr(model, "mode", "live") == "batch":
        # By name, as engines are: how a question travels shapes no answer, so no job depends on this module.
        engine = importlib.import_module("sce.asking.batches").open_engine(model, path, budget)
        limits = {"max_in_flight": EVERYTHING, "attempts": 1}  # which the batches count
    engine = engine or open_engine(model, dataset)
    with Ledger(path, group_commits=engine.free) as ledger:
        yield Asker(
            engine,
            ledger,
            patience_s=model.patience_s,
            retry=frozenset(model.retry),
            gpus=gpus,
            **limits,
        )
