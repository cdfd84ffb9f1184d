"""The engine that asks through its provider's batches."""

import asyncio
import logging

from sce.asking.batches.following import Follower
from sce.asking.batches.providers import AnthropicBatches, OpenAIBatches
from sce.asking.batches.questions import Question, Questions
from sce.asking.batches.records import Records, date
from sce.asking.batches.submitting import Submitter
from sce.ledger.entries import Reply, digest
from sce.ledger.ledger import Ledger
from sce.money.prices import Budget

QUIET_S = 2  # without a new question before the collected ones are submitted


class BatchEngine:
    """Takes one question at a time, as every engine does, and answers it from a batch.

    ``path``: the ledger's file; ``rounds``: how many batches one question may go into; ``poll_s``: between
    two looks at a batch; ``quiet_s``: how long no new question has come when the collected ones are
    submitted. The budget is kept here, where it can hold questions back until others are paid.
    """

    free = False

    def __init__(
        self,
        provider: OpenAIBatches | AnthropicBatches,
        path,
        budget: Budget | None = None,
        *,
        rounds: int,
        poll_s: float,
    ):
        self.provider, self.path, self.budget = provider, path, budget
        self.rounds, self.poll_s, self.quiet_s = rounds, poll_s, QUIET_S
        self._questions = Questions(provider.most)
        self._tasks: set[asyncio.Task] = set()
        self._records: Records | None = None
        self._follower: Follower | None = None
        self._submitter: Submitter | None = None

    @property
    def submitted(self) -> int:
        """Batches submitted in this run."""
        return self._submitter.submitted if self._submitter else 0

    def body(self, messages, about) -> dict:
        return self.provider.body(messages, about)

    async def start(self) -> None:
        """Open the client, and read which batches earlier runs left open."""
        await self.provider.start()
        self._records = Records(Ledger(self.path), self.budget)
        self._follower = Follower(self.provider, self._questions, self._records, poll_s=self.poll_s)
        self._submitter = Submitter(
            self.provider,
            self._questions,
            self._records,
            self.budget,
            self._follow,
            self._join,
            rounds=self.rounds,
            poll_s=self.poll_s,
        )
        self._run(self._submitter.run(self.quiet_s))

    async def ask(self, body) -> Reply:
        if self._questions.failure:
            raise self._questions.failure
        key = digest(body)
        question, batch = Question(body, self.rounds), self._records.holding.get(key)
        self._questions.add(key, question, ready=batch is None)
        if batch is not None:
            self._join(batch)
        try:
            return await question.answer
        finally:
            self._questions.drop(key)

    async def close(self) -> None:
        """Stop waiting; what was submitted stays recorded and is taken in by a later run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._records:
            self._records.close()
        await self.provider.close()

    def _join(self, batch):
        """Wait for a batch that an earlier run or another job has handed over."""
        if batch.key in self._records.followed:
            return
        logging.info(
            "waiting for the batch submitted at %s: %s", date(batch.submitted_at), batch.id or batch.key
        )
        if self.budget:
            for request in batch.requests.values():
                self.budget.set_aside(request)
        self._follow(batch)

    def _follow(self, batch):
        self._records.followed.add(batch.key)
        self._run(self._follower.take_in(batch))

    def _run(self, work):
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task):
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self._questions.fail(task.exception())
