"""Submitting: the questions collected so far go to the provider, as many at once as it takes."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import replace

from sce.asking.batches.providers import AnthropicBatches, OpenAIBatches
from sce.asking.batches.questions import Questions
from sce.asking.batches.records import Records
from sce.engines import Fatal, Rejected, Transient
from sce.ledger.clock import now
from sce.ledger.entries import Batch
from sce.money.prices import Budget


class Submitter:
    """Hands batches over, and each to ``follow``; those of other jobs, that hold a question of ours, to
    ``join``. ``rounds``: how many submissions in a row may fail;
    ``poll_s``: seconds before the next after one that did. ``submitted`` counts the batches of this run."""

    def __init__(
        self,
        provider: OpenAIBatches | AnthropicBatches,
        questions: Questions,
        records: Records,
        budget: Budget | None,
        follow: Callable[[Batch], None],
        join: Callable[[Batch], None],
        *,
        rounds: int,
        poll_s: float,
    ):
        self.provider, self.questions, self.records, self.budget = provider, questions, records, budget
        self.follow, self.join, self.rounds, self.poll_s = follow, join, rounds, poll_s
        self.submitted = 0
        self._not_taken = 0  # submissions that failed since one did not

    async def run(self, quiet_s: float) -> None:
        """Submit whatever is ready, each time that no new question has come for ``quiet_s`` seconds."""
        while True:
            await self.questions.news.wait()
            await self.questions.quiet(quiet_s)
            async with self.records.turn():
                self._leave_to_others()
                if chunk := self._chunk():
                    await self._submit(chunk)
                    self.questions.news.set()

    def _leave_to_others(self):
        """Questions that another job has handed over meanwhile are waited for, not submitted again."""
        self.records.look_for_new()
        for key in [key for key in self.questions.ready if key in self.records.holding]:
            del self.questions.ready[key]
            self.join(self.records.holding[key])

    def _chunk(self) -> dict[str, dict]:
        """The next questions that fit into one batch and into the budget. The others go into a later
        batch."""
        chunk, size, ready = {}, 0, self.questions.ready
        for key, question in ready.items():
            size += len(self.provider.line(key, question.body))
            if chunk and (len(chunk) == self.questions.most or size > self.provider.largest):
                break
            if self.budget and not self.budget.fits(question.body):
                if not chunk and not self.records.followed:
                    self.questions.fail(self.budget.exhausted())
                break
            chunk[key] = question.body
        for key in chunk:
            del ready[key]
        return chunk

    async def _submit(self, requests):
        batch = Batch(uuid.uuid4().hex, self.provider.name, requests, now())
        self.records.record(batch)
        lines = [self.provider.line(key, body) for key, body in requests.items()]
        try:
            batch_id = await self.provider.submit(batch.key, lines)
        except Transient as error:
            await self._not_answered(batch, error)
            return
        except Rejected as error:
            self._refused(batch, error)
            return
        except Fatal:
            self.records.end(batch, "lost")
            raise
        self.submitted += 1
        self._not_taken = 0
        logging.info("batch %s: %d questions submitted", batch_id, len(requests))
        self.follow(self.records.record(replace(batch, id=batch_id, state="submitted")))

    async def _not_answered(self, batch, error):
        self._not_taken += 1
        if self._not_taken > self.rounds:
            raise Fatal(f"the provider refuses the batch: {error}") from None
        logging.warning("submitting a batch: %s", error)
        await asyncio.sleep(max(self.poll_s, error.wait or 0))
        self.follow(batch)  # which finds out whether it arrived

    def _refused(self, batch, error):
        self.records.end(batch, "lost")
        if len(batch.requests) == 1:
            self.questions.fault(next(iter(batch.requests)), error)
        else:  # too large for this provider
            self.questions.most = len(batch.requests) // 2
            self.questions.put_back(batch.requests)
        self.questions.news.set()
