"""Asking: what surrounds an engine. It looks in the ledger first, asks each question at most once, keeps the
pace, tries again after faults that may pass, and stays within the budget.

An ``Asker`` serves one ``elicit`` job. Its engine starts at the first question the ledger cannot answer,
so a job that finds everything answered loads nothing.
"""

import asyncio
import importlib
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sce.asking.blocks import Question
from sce.asking.found import Found
from sce.asking.pacing import Pace
from sce.asking.starting import Starter
from sce.asking.tries import Tries
from sce.asking.window import MOST, Slots, Window
from sce.engines import About, Engine, Fatal, Rejected, body_of, open_engine
from sce.grids.datasets import Dataset
from sce.ledger.claims import Claims
from sce.ledger.clock import now
from sce.ledger.entries import Entry, canonical, digest, digest_of
from sce.ledger.ledger import Ledger, ledger_file
from sce.ledger.of_model import LedgerOfModel
from sce.models.entries import AUTO, Model
from sce.models.shards import Shard, share
from sce.money.prices import Budget

EVERYTHING = 2**31  # requests in flight, where there is no limit
CLAIM_POLL_S = 0.2  # between two looks at a question that another job asks
GRACE_S = 20  # for requests under way when the job stops: their answers were paid for
LOST = (
    "the ledger lacks an answer that shards had stored; delete what they left (results/MODEL/DATASET/shards) "
    "and run again: they ask what is missing"
)


@dataclass
class Asker:
    """Answers questions from the ledger, or else from the engine, each at most once.

    ``max_in_flight``: questions under way at a time; more may be waiting for their turn. ``window``: how many
    are under way, instead, where the provider's limit is to be found. ``retry``: statuses in the ledger that
    are asked again (failed, truncated, refused). A question is tried up to ``attempts`` times in this run,
    and for ``patience_s``, before it counts as failed; a provider that asks us to slow down uses up patience
    only. ``gpus``: claimed for the engine before it starts. ``asks``: False where shards have asked, and only
    free answers may be missing. ``claims``: what another job is asking at this moment is waited for, for up
    to ``patience_s``, and not asked as well. ``asked`` and ``found`` count entries from the engine and from
    the ledger; ``faults`` the tries that failed, by cause.
    """

    engine: Engine
    ledger: Ledger | LedgerOfModel
    max_in_flight: int = 1
    window: Window | None = None
    attempts: int = 6
    patience_s: float = 600
    retry: frozenset[str] = frozenset({"failed"})
    pace: Pace = field(default_factory=Pace)
    budget: Budget | None = None
    gpus: int = 0
    claims: bool = True
    asks: bool = True
    asked: int = 0
    found: int = 0
    _pending: dict[str, asyncio.Task] = field(default_factory=dict)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self):
        self._found = Found(self.ledger, self.retry)
        self._starter = Starter(self.engine, self.gpus)
        self._tries = Tries(self.engine, self.pace, self.attempts, self.patience_s)
        self._claims = Claims(self.ledger.path)
        self._limit = asyncio.Semaphore(self.max_in_flight)
        self._slots = Slots(self.window) if self.window else None

    @property
    def faults(self) -> Counter[str]:
        """The tries that failed, by cause."""
        return self._tries.faults

    async def ask(self, messages: list[dict], about: About) -> Entry:
        """The entry for a request. Raises Fatal when no question can be answered."""
        body = body_of(self.engine, messages, about)
        key = digest(body)
        if key in self._pending:
            return await asyncio.shield(self._pending[key])
        entry = self._found.entry(key)
        if entry is not None:
            self.found += 1
            return entry
        # A task of its own: whoever waits for it may be cancelled, and the answer comes in all the same.
        task = self._pending[key] = asyncio.create_task(self._insist(key, body))
        task.add_done_callback(lambda task: self._end(key, task))
        return await asyncio.shield(task)

    async def look_up(self, questions: list[Question]) -> list[Entry | None]:
        """The entries of many requests: from the ledger, or computed where the engine is free; else None."""
        bodies = [body_of(self.engine, messages, about) for messages, about in questions]
        requests = list(map(canonical, bodies))
        keys = list(map(digest_of, requests))
        entries = self._found.entries(keys)
        unknown = {key: n for n, key in enumerate(keys) if key not in entries} if self.engine.free else {}
        computed = {}
        if unknown:
            await self._begin()
        try:
            for key, n in unknown.items():
                computed[key] = await self._compute(key, bodies[n])
        finally:  # a job that stops keeps what it has
            self.ledger.put_all((entry, requests[unknown[key]]) for key, entry in computed.items())
        entries |= computed
        found = [entries.get(key) for key in keys]
        self.asked += len(computed)
        self.found += len(found) - found.count(None) - len(computed)
        return found

    async def close(self) -> None:
        """Wait for the replies to requests under way, drop requests not yet sent, and close the engine."""
        self._tries.stopping = True
        under_way = self._tries.under_way
        for task in set(self._pending.values()) - under_way:
            task.cancel()
        if under_way:
            logging.info("waiting for %d requests under way", len(under_way))
            await asyncio.wait(under_way, timeout=GRACE_S)
        rest = list(self._pending.values())
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._starter.close()
        self._claims.close()
        for cause, times in self.faults.most_common():
            logging.info("%d failed tries: %s", times, cause)

    def _end(self, key, task):
        self._pending.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waits gets it; read here, asyncio does not log it

    async def _begin(self):
        """The engine is started, and its answers can be stored."""
        if not self._starter.ready:
            if not self.asks and not self.engine.free:
                raise Fatal(LOST)
            self.ledger.require_room()
            if not self.engine.free:
                self.ledger.require_sound()
            await self._starter.start()

    async def _compute(self, key, body):
        """The entry for a question to an engine whose answers are free: a single attempt."""
        begin = time.monotonic()
        try:
            reply = await self.engine.ask(body)
        except Rejected as error:
            return Entry.of_failure(key, str(error), "rejected", time.monotonic() - begin, 1)
        return Entry.of_reply(key, reply, time.monotonic() - begin, 1)

    async def _insist(self, key, body):
        """The entry of a question that is tried until it is answered or the budget of tries is used up."""
        async with self._slots.place() if self._slots else self._limit as place:  # of a fixed limit None
            await self._begin()
            self.ledger.require_room()
            try:
                entry = await self._asked_elsewhere(key) if self.claims else None
                if entry is None:
                    return await self._ask_now(key, body, place)
            finally:
                self._claims.give_back(key)
            self.found += 1
            return entry

    async def _asked_elsewhere(self, key):
        """How a question ended in another job that was asking it; None where it is claimed for this one, or
        the other takes longer than patience_s."""
        began, until = now(), time.monotonic() + self.patience_s
        while not self._claims.take(key) and time.monotonic() < until:
            await asyncio.sleep(CLAIM_POLL_S)
        return self._found.entry(key, since=began)

    async def _ask_now(self, key, body, place):
        if self.budget:
            await self._afford(body, place)
        entry = await self._tries.entry(key, body, place)
        with self._tries.counted():
            await self.ledger.store(entry, body)
            self._found.ended(key)
        if self.budget:
            self.budget.settle(entry)
            self._settled.set()
        self.asked += 1
        return entry

    async def _afford(self, body, place):
        """Set aside what a question can cost, as soon as those under way have left room for it. Some of these
        may have been refused, and need a place: it waits for them without one."""
        while not self.budget.fits(body):
            if not self.budget.waits:
                raise self.budget.exhausted()
            if place is not None:
                place.leave()
            self._settled.clear()
            await self._settled.wait()


@contextmanager
def open_asker(
    model: Model,
    dataset: Dataset,
    folder,
    budget: Budget | None = None,
    engine: Engine | None = None,
    gpus: int = 0,
    shard: Shard | None = None,
    asks: bool = True,
) -> Iterator[Asker]:
    """An asker for a model's entry, over its files in the ledger's folder. ``engine``: one to use instead of
    the entry's own (a wrapper of it). ``gpus``: how many the engine may use. ``shard``: whose file is written
    to, and whose share of the limits holds. ``asks``: False where shards have asked everything; how a
    question ended there counts as it is.

    With ``mode: batch`` everything is under way at once, so that a batch holds all that can be asked; it
    keeps to the budget itself, and the provider to its own pace.
    """
    path = ledger_file(folder, model.engine, model.provider_model)
    model = share(model, shard) if shard else model
    limits = {
        "attempts": model.attempts,
        "pace": Pace(model.requests_per_minute, model.tokens_per_minute),
        "budget": budget,
        **_in_flight(model),
    }
    if engine is None and getattr(model, "mode", "live") == "batch":
        # By name, as engines are: how a question travels shapes no answer, so no job depends on this module.
        engine = importlib.import_module("sce.asking.batches").open_engine(model, path, budget)
        limits = {"max_in_flight": EVERYTHING, "attempts": 1, "claims": False}  # the batches see to these
    engine = engine or open_engine(model, dataset)
    with LedgerOfModel(path, shard, group_commits=engine.free) as ledger:
        retry = frozenset(model.retry if asks else ())
        yield Asker(engine, ledger, patience_s=model.patience_s, retry=retry, gpus=gpus, asks=asks, **limits)


def _in_flight(model):
    """How many questions are under way: where the entry leaves it to the window, more wait for their turn."""
    if model.max_in_flight == AUTO:
        return {"max_in_flight": MOST, "window": Window()}
    return {"max_in_flight": model.max_in_flight}
