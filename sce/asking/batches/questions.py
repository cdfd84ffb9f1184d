"""The questions that someone waits for while batches go back and forth."""

import asyncio

from sce.engines import Transient
from sce.ledger.entries import Reply


class Question:
    """A question someone waits for. ``left``: how many more batches it may go into; ``cause``: how it ended
    in the last one."""

    def __init__(self, body: dict, left: int):
        self.body, self.left, self.cause = body, left, "its batch ended without it"
        self.answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()


class Questions:
    """All of them by digest. ``ready``: those that go into a next batch; ``most``: how many of them one batch
    may hold; ``news``: set when there may be more to submit than before."""

    def __init__(self, most: int):
        self.ready: dict[str, Question] = {}
        self.most = most
        self.news = asyncio.Event()
        self.failure: Exception | None = None
        self._waiting: dict[str, Question] = {}

    def add(self, key: str, question: Question, ready: bool) -> None:
        """Someone waits for a question from now on. ``ready``: no batch holds it yet."""
        self._waiting[key] = question
        if ready:
            self.ready[key] = question
            self.news.set()

    def drop(self, key: str) -> None:
        """Nobody waits for it any more."""
        self._waiting.pop(key, None)
        self.ready.pop(key, None)

    def get(self, key: str) -> Question | None:
        """The question, where someone waits for it."""
        return self._waiting.get(key)

    async def quiet(self, seconds: float) -> None:
        """Until no new question has come for so long: then every worker waits for an answer."""
        while self.news.is_set():
            self.news.clear()
            await asyncio.sleep(seconds)

    def answer(self, key: str, reply: Reply) -> None:
        """Hand a reply to whoever waits for it."""
        question = self._waiting.get(key)
        if question and not question.answer.done():
            question.answer.set_result(reply)

    def fault(self, key: str, fault: Exception) -> None:
        """Hand a fault to whoever waits for an answer."""
        question = self._waiting.get(key)
        if question and not question.answer.done():
            question.answer.set_exception(fault)

    def fail(self, error: Exception) -> None:
        """No question can be answered: hand the reason to all who wait, and to all who come."""
        self.failure = error
        for key in self._waiting:
            self.fault(key, error)

    def ask_again(self, keys) -> None:
        """Put questions that a batch did not answer into a next one, or give them up."""
        for key in keys:
            question = self._waiting.get(key)
            if question:
                question.left -= 1
                if question.left <= 0:  # whoever asked decides what comes of it
                    self.fault(key, Transient(question.cause))
        self.put_back(keys)

    def put_back(self, keys, after_s: float = 0) -> None:
        """Let questions that someone still waits for be submitted again."""
        for key in keys:
            question = self._waiting.get(key)
            if question and not question.answer.done():
                self.ready[key] = question
        asyncio.get_running_loop().call_later(after_s, self.news.set)
