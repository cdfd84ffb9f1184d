"""Following: waiting for a batch, and passing on the outcome of each of its questions."""

import asyncio
import logging
import time
from dataclasses import replace

from sce.asking.batches.providers import AnthropicBatches, OpenAIBatches
from sce.asking.batches.questions import Questions
from sce.asking.batches.records import Records, date
from sce.engines import Fatal, Rejected, Transient
from sce.ledger.clock import now
from sce.ledger.entries import Batch, Entry

MOST_POLLS_LOST = 120
STORED_WITHIN_S = 60


class Follower:
    """Takes batches in. ``poll_s``: seconds between two looks at a batch."""

    def __init__(
        self,
        provider: OpenAIBatches | AnthropicBatches,
        questions: Questions,
        records: Records,
        *,
        poll_s: float,
    ):
        self.provider, self.questions, self.records, self.poll_s = provider, questions, records, poll_s

    async def take_in(self, batch: Batch) -> None:
        """Wait for a batch and pass on the outcome of each of its questions. Raises Fatal where no question
        can be answered."""
        while True:
            searched = batch.id is None
            batch, state = await self._waited_for(batch)
            if state is None:
                return
            if state.fault:
                self._end_failed(batch, state)
                return
            named, ended = set(), set()
            fatal = await self._insist(lambda b=batch, s=state, n=named, e=ended: self._read(b, s, n, e))
            if named or not searched:
                break
            # Another job's, of the same time and size: look on.
            self.records.strangers.add(batch.id)
            batch = self.records.record(replace(batch, id=None, state="submitting"))
        await self._stored(batch, ended)
        self._end(batch, "done")
        logging.info("batch %s: %d of %d questions ended", batch.id, len(ended), len(batch.requests))
        if fatal:
            raise fatal
        self.questions.ask_again([key for key in batch.requests if key not in ended])

    async def _waited_for(self, batch):
        """(the batch with its id, how it ended), or (the batch, None) where it never reached the provider."""
        try:
            if batch.id is None:
                found = await self._found(batch)
                if found is None:
                    return batch, None
                batch = found
            while not (state := await self._insist(lambda: self.provider.look(batch.id))).over:
                await asyncio.sleep(self.poll_s)
        except Fatal as error:
            raise Fatal(
                f"{error} (about the batch {batch.id or batch.key} of {date(batch.submitted_at)}; if the "
                f"provider no longer knows it: python -m sce ledger batches --forget {batch.key})"
            ) from None
        return batch, state

    async def _found(self, batch):
        """A recorded batch with its id, or None where it never reached the provider."""
        async with self.records.turn():  # it may be under way to the provider at this moment
            batch = self.records.current(batch)
        if batch.id is not None:
            return batch
        batch_id = await self._insist(lambda: self.provider.find(batch, self.records.known_ids()))
        if batch_id is None:
            logging.info(
                "the batch recorded at %s never reached the provider; its questions are asked again",
                date(batch.submitted_at),
            )
            self._end(batch, "lost")
            self.questions.put_back(batch.requests)
            return None
        return self.records.record(replace(batch, id=batch_id, state="submitted"))

    async def _read(self, batch, state, named, ended):
        """Hand over every outcome once; the keys of the batch's own questions go into ``named``, those of the
        questions that ended into ``ended``. A fatal outcome is returned, so that all others come in first."""
        fatal = None
        async for key, outcome in self.provider.outcomes(state):
            if key in ended or key not in batch.requests:
                continue
            named.add(key)
            if isinstance(outcome, Fatal):
                fatal = outcome
            elif isinstance(outcome, Transient):
                if question := self.questions.get(key):
                    question.cause = str(outcome)
            else:
                ended.add(key)
                await self._deliver(batch, key, outcome)
        return fatal

    async def _deliver(self, batch, key, outcome):
        if self.questions.get(key):
            if isinstance(outcome, Rejected):
                self.questions.fault(key, outcome)
            else:
                self.questions.answer(key, outcome)
                await asyncio.sleep(0)  # whoever waits stores it now
        elif not self.records.ledger.has_since(key, batch.submitted_at):  # asked by a run that is no more
            latency = now() - batch.submitted_at
            if isinstance(outcome, Rejected):
                entry = Entry.of_failure(key, str(outcome), "rejected", latency, 1)
            else:
                entry = Entry.of_reply(key, outcome, latency, 1)
            await self.records.ledger.store(entry, batch.requests[key])

    def _end_failed(self, batch, state):
        self._end(batch, "lost")
        if not state.queue_full:
            raise Fatal(f"the provider refuses the batch {batch.id}: {state.fault}")
        logging.warning("batch %s: %s", batch.id, state.fault)
        if not self.records.followed:  # nothing else of ours waits there: this one alone is too much
            if len(batch.requests) == 1:
                raise Fatal(f"the provider's queue has no room for even one question: {state.fault}")
            self.questions.most = max(1, len(batch.requests) // 2)
        self.questions.put_back(batch.requests, after_s=self.poll_s)

    def _end(self, batch, state):
        self.records.end(batch, state)
        self.questions.news.set()  # there may be room in the budget or the provider's queue now

    async def _stored(self, batch, keys):
        """Until every answer of a batch is in the ledger, where those who asked put it."""
        deadline = time.monotonic() + STORED_WITHIN_S
        for key in keys:
            while not self.records.ledger.has_since(key, batch.submitted_at):
                if time.monotonic() > deadline:
                    raise Fatal(
                        f"answers of the batch {batch.id} could not be stored; run again to read them"
                    )
                await asyncio.sleep(0.02)

    async def _insist(self, call):
        """The result of a call that may fail for a while."""
        lost = 0
        while True:
            try:
                return await call()
            except Transient as error:
                lost += 1
                if lost > MOST_POLLS_LOST:
                    raise Fatal(
                        f"the provider of the batch cannot be reached ({error}). The batch is in the ledger: "
                        "run again later to read its answers"
                    ) from None
                await asyncio.sleep(max(self.poll_s, error.wait or 0))
