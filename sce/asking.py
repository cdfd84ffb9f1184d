"""Asking: what wraps an engine from outside. Look in the ledger first, ask at most once, retry what may pass.

An ``Asker`` serves one ``elicit`` job. Its engine starts at the first question the ledger cannot answer,
so a job that finds everything answered loads nothing.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import stamina

from sce.datasets import Dataset
from sce.engines import About, Engine, Rejected, Transient, open_engine
from sce.ledger import Entry, Ledger, digest, ledger_file
from sce.models import Model

PATIENCE_S = 600


@dataclass
class Asker:
    """Answers questions from the ledger, or else from the engine, each at most once.

    ``retry``: statuses in the ledger that are asked again (failed, truncated, refused). ``attempts``: how
    often a question is tried in this run before it counts as failed.
    """

    engine: Engine
    ledger: Ledger
    max_in_flight: int = 1
    attempts: int = 6
    retry: frozenset[str] = frozenset({"failed"})
    asked: int = 0
    found: int = 0
    _started: bool = False
    _pending: dict[str, asyncio.Future] = field(default_factory=dict)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

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
        self._pending[key] = asyncio.get_running_loop().create_future()
        try:
            entry = await self._ask_engine(key, body)
            self._pending[key].set_result(entry)
        except BaseException as error:
            self._pending[key].set_exception(error)
            self._pending[key].exception()  # raised here; whoever waits for it raises it too
            raise
        finally:
            del self._pending[key]
        return entry

    def _again(self, entry):
        return entry.status in self.retry and entry.finish_reason != "rejected"

    async def close(self) -> None:
        if self._started:
            await self.engine.close()

    async def _ask_engine(self, key, body):
        async with self._starting:
            if not self._started:
                self._started = True
                await self.engine.start()
        begin, number = time.monotonic(), 0
        try:
            async for attempt in stamina.retry_context(
                on=Transient, attempts=self.attempts, timeout=PATIENCE_S, wait_initial=0.5, wait_max=60
            ):
                number = attempt.num
                with attempt:
                    reply = await self.engine.ask(body)
        except (Transient, Rejected) as error:
            finish = "rejected" if isinstance(error, Rejected) else None
            entry = Entry.of_failure(key, str(error), finish, time.monotonic() - begin, number)
        else:
            entry = Entry.of_reply(key, reply, time.monotonic() - begin, number)
        self.ledger.put(entry, body)
        self.asked += 1
        return entry


@contextmanager
def open_asker(model: Model, dataset: Dataset, folder) -> Iterator[Asker]:
    """An asker for a model's entry, over its file in the ledger's folder."""
    path = ledger_file(folder, model.engine, model.provider_model)
    engine = open_engine(model, dataset)
    with Ledger(path, group_commits=engine.free) as ledger:
        yield Asker(engine, ledger, model.max_in_flight, model.attempts, frozenset(model.retry))
