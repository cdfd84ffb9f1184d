"""What the ledger's file records of batches, and which of them this run follows."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from sce.ledger.claims import Claims
from sce.ledger.clock import seen
from sce.ledger.entries import OPEN_STATES, Batch
from sce.ledger.ledger import Ledger
from sce.money.prices import Budget

TURN_POLL_S = 0.2  # between two looks whether another job has submitted


class Records:
    """The batches of one ledger file. ``holding``: digest -> the open batch that holds the question;
    ``followed``: keys of the batches this run waits for; ``strangers``: the provider's ids of batches that
    turned out not to be ours. What a batch set aside in the budget is given back when it ends."""

    def __init__(self, ledger: Ledger, budget: Budget | None):
        self.ledger, self.budget = ledger, budget
        self.holding: dict[str, Batch] = {}
        self.followed: set[str] = set()
        self.strangers: set[str] = set()
        self._known: set[str] = set()  # keys of all batches seen
        self._claims = Claims(ledger.path)
        self._turn = asyncio.Lock()
        self.look_for_new()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A time in which no other job submits to this ledger file: a batch without an id is then one whose
        job died, or whose submission was not answered."""
        async with self._turn:
            while not self._claims.take("submitting a batch"):
                await asyncio.sleep(TURN_POLL_S)
            try:
                yield
            finally:
                self._claims.give_back("submitting a batch")

    def look_for_new(self) -> None:
        """Take note of the batches that other jobs have recorded."""
        marks = ", ".join("?" * len(OPEN_STATES))
        found = self.ledger.query(f"SELECT key FROM batches WHERE state IN ({marks})", *OPEN_STATES)
        if {key for (key,) in found} - self._known:
            for batch in self.open_batches():
                if batch.key not in self._known:
                    self._known.add(batch.key)
                    seen(batch.submitted_at)
                    self.holding |= dict.fromkeys(batch.requests, batch)

    def current(self, batch: Batch) -> Batch:
        """A batch as it stands now: another job may have submitted it, or found it, meanwhile."""
        for batch_id, state in self.ledger.query("SELECT id, state FROM batches WHERE key = ?", batch.key):
            return replace(batch, id=batch_id, state=state)
        return replace(batch, state="lost")

    def close(self) -> None:
        self.open_batches()
        self._claims.close()
        self.ledger.close()

    def open_batches(self) -> list[Batch]:
        """The recorded batches with questions that have no answer in the ledger. All others are marked as
        done, in case the run that read them died before it did so."""
        lacking = []
        for batch in self.ledger.batches(*OPEN_STATES):
            if all(self.ledger.has_since(key, batch.submitted_at) for key in batch.requests):
                self.ledger.record(replace(batch, state="done"))
            else:
                lacking.append(batch)
        return lacking

    def record(self, batch: Batch) -> Batch:
        """Write down how a batch stands; the batch."""
        self._known.add(batch.key)
        self.ledger.record(batch)
        if batch.state in OPEN_STATES:
            self.holding |= dict.fromkeys(batch.requests, batch)
        return batch

    def end(self, batch: Batch, state: str) -> None:
        """A batch is done, or lost: nobody waits for it any more."""
        self.record(replace(batch, state=state))
        self.followed.discard(batch.key)
        for key in batch.requests:
            self.holding.pop(key, None)
            if self.budget:
                self.budget.release(key)

    def known_ids(self) -> set[str]:
        """The provider's ids of batches that cannot be one whose id we lack."""
        recorded = self.ledger.batches("submitted", "done")
        return {batch.id for batch in recorded if batch.id} | self.strangers


def date(seconds: float) -> str:
    """A batch's time, for people."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
