"""Batch APIs (``mode: batch``): the same questions at half the price, answered within a day.

A ``BatchEngine`` offers what every engine offers, one question at a time. It collects the questions of all
workers; once no new one has come for a moment, they go to the provider as batches. A batch is recorded in the
ledger, with its requests, before it is submitted: a run that dies at any moment is continued by the next one,
which waits for the recorded batch instead of submitting its questions again. Where a run died between the
submission and the provider's answer, the provider's list of batches tells whether the batch exists.

Every answer goes into the ledger as it is read, also those that nobody waits for any more. Questions that
expired or failed go into a next batch.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sce.engines import Fatal, Rejected, Reply, Transient, anthropic, openai
from sce.engines.faults import decoded, fault_of, is_error
from sce.ledger.ledger import Batch, Entry, Ledger, digest
from sce.money.prices import Budget

QUIET_S = 2  # without a new question before the collected ones are submitted
UPLOAD_S = 3600  # for sending a whole batch
MOST_POLLS_LOST = 120
STORED_WITHIN_S = 60
CLOCKS_DIFFER_S = 30  # ours and the provider's
KEEP_LOOKING_S = 3600
CHAT_URL = "/v1/chat/completions"

Outcome = Reply | Transient | Rejected | Fatal


# --- OpenAI's batch file, which vLLM's run-batch takes too


def batch_line(key: str, request: dict) -> bytes:
    """A line of an OpenAI batch file: one request under a name of at most 64 characters."""
    line = {"custom_id": key, "method": "POST", "url": CHAT_URL, "body": request}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def write_batch_file(path, bodies: Iterable[dict]) -> int:
    """Write requests (bodies of the openai or the vllm engine) as an OpenAI batch file; their number. Each
    line's custom_id is the request's digest. For ``vllm run-batch -i FILE -o OUT --model NAME`` as well."""
    count = 0
    with Path(path).open("wb") as file:
        for count, body in enumerate(bodies, 1):  # noqa: B007 (the count is the result)
            file.write(batch_line(digest(body), openai.request_of(body)))
    return count


def chat_outcome(line: dict) -> tuple[str, Outcome]:
    """(custom_id, what became of it) from a line of a batch's output or error file."""
    response, error = line.get("response"), line.get("error")
    if not response:
        error = error or {}
        cause = f"{error.get('code') or 'failed in its batch'}: {error.get('message') or 'no reason given'}"
        return line["custom_id"], Transient(cause)
    body, status = response.get("body"), response.get("status_code", 200)
    if status != 200 or is_error(body):
        return line["custom_id"], fault_of(status, body)
    return line["custom_id"], _reply(openai.reply_of, body)


def message_outcome(line: dict) -> tuple[str, Outcome]:
    """(custom_id, what became of it) from a line of an Anthropic batch's results."""
    result = line["result"]
    if result["type"] == "succeeded":
        return line["custom_id"], _reply(anthropic.reply_of, result["message"])
    if result["type"] == "errored":
        return line["custom_id"], fault_of(200, result["error"])
    return line["custom_id"], Transient(f"{result['type']} in its batch")


def _reply(reply_of, payload) -> Outcome:
    try:
        reply = reply_of(payload)
    except Transient as error:
        return error
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        return Transient(f"the reply has an unknown form ({type(error).__name__}: {error})")
    return replace(reply, usage={**reply.usage, "batch": 1})


# --- The providers


@dataclass(frozen=True)
class State:
    """How a batch stands. ``fault``: why it failed as a whole; ``queue_full``: because too much of ours
    waits already. ``files``: where its results are."""

    over: bool
    files: tuple[str, ...] = ()
    fault: str | None = None
    queue_full: bool = False


class _Provider:
    """What the two providers' batches have in common."""

    def __init__(self, model):
        super().__init__(model.model_copy(update={"timeout_s": max(model.timeout_s, UPLOAD_S)}))

    async def outcomes(self, state: State) -> AsyncIterator[tuple[str, Outcome]]:
        """Every line of a batch's results. Raises Transient where the reading breaks off."""
        for file in state.files:
            async for line in self._lines(file):
                yield self.outcome(line)

    async def _lines(self, file):
        """The JSON lines of a file, read as they come. Cut at line feeds alone: other separators of lines
        may stand inside an answer."""
        rest = b""
        try:
            async with self._content(file) as response:
                async for chunk in response.iter_bytes():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        if isinstance(found := decoded(line), dict):
                            yield found
        except self._sdk.APIStatusError as error:
            payload = decoded(self._hidden(error.response.text))
            raise fault_of(error.status_code, payload, error.response.headers) from None
        except Exception as error:  # of whatever HTTP library the SDK uses
            raise Transient(self._hidden(f"reading a batch's results broke off ({error})")) from None
        if isinstance(found := decoded(rest), dict):
            yield found


class OpenAIBatches(_Provider, openai.OpenAIEngine):
    """Batches at /v1/batches: a file of requests is uploaded, files of results are read."""

    name, most, largest = "openai", 50_000, 190_000_000
    outcome = staticmethod(chat_outcome)

    def line(self, key, body) -> bytes:
        return batch_line(key, openai.request_of(body))

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Hand a batch over; the provider's id of it."""
        content = ("questions.jsonl", b"".join(lines), "application/jsonl")
        create = self._client.files.with_raw_response.create
        file = await self._exchange(lambda: create(file=content, purpose="batch"))
        submit = self._client.batches.with_raw_response.create
        batch = await self._exchange(
            lambda: submit(
                input_file_id=file["id"],
                endpoint=CHAT_URL,
                completion_window="24h",
                metadata={"sce": key},
            )
        )
        return batch["id"]

    async def find(self, batch: Batch, known: set[str]) -> str | None:
        """The provider's id of a batch whose submission was not answered; None where it never arrived."""
        list_page, after = self._client.batches.with_raw_response.list, {}
        while True:
            page = await self._exchange(lambda after=after: list_page(limit=100, **after))
            for item in page["data"]:
                if (item.get("metadata") or {}).get("sce") == batch.key:
                    return item["id"]
                if item["created_at"] < batch.submitted_at - KEEP_LOOKING_S:  # the newest come first
                    return None
            if not page.get("has_more") or not page["data"]:
                return None
            after = {"after": page["data"][-1]["id"]}

    async def look(self, batch_id: str) -> State:
        found = await self._exchange(lambda: self._client.batches.with_raw_response.retrieve(batch_id))
        status = found["status"]
        files = tuple(filter(None, (found.get("output_file_id"), found.get("error_file_id"))))
        if status != "failed":
            return State(status in ("completed", "expired", "cancelled"), files)
        errors = (found.get("errors") or {}).get("data") or [{}]
        code, message = errors[0].get("code"), errors[0].get("message") or "no reason given"
        line = errors[0].get("line")
        fault = f"{code}: {message}" + (f" (line {line})" if line is not None else "")
        return State(True, files, fault, code == "token_limit_exceeded")

    def _content(self, file):
        return self._client.files.with_streaming_response.content(file)


class AnthropicBatches(_Provider, anthropic.AnthropicEngine):
    """Batches at /v1/messages/batches: the requests go in one piece, the results are streamed."""

    name, most, largest = "anthropic", 100_000, 240_000_000
    outcome = staticmethod(message_outcome)

    def line(self, key, body) -> bytes:
        request = anthropic.request_of(body, self.model.cache_system)
        return json.dumps({"custom_id": key, "params": request}, ensure_ascii=False).encode()

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Hand a batch over; the provider's id of it."""
        requests = [json.loads(line) for line in lines]
        create = self._client.messages.batches.with_raw_response.create
        return (await self._exchange(lambda: create(requests=requests)))["id"]

    async def find(self, batch: Batch, known: set[str]) -> str | None:
        """The provider's id of a batch whose submission was not answered; None where it never arrived.

        The provider keeps no name of ours with a batch, so it is known by its time and its number of
        requests; the results, which do carry our names, are checked when they are read.
        """
        list_page, after = self._client.messages.batches.with_raw_response.list, {}
        while True:
            page = await self._exchange(lambda after=after: list_page(limit=100, **after))
            for item in page["data"]:
                created = datetime.fromisoformat(item["created_at"]).timestamp()
                if created < batch.submitted_at - KEEP_LOOKING_S:
                    return None
                same = sum(item["request_counts"].values()) == len(batch.requests)
                if same and item["id"] not in known and created > batch.submitted_at - CLOCKS_DIFFER_S:
                    return item["id"]
            if not page.get("has_more") or not page["data"]:
                return None
            after = {"after_id": page["last_id"]}

    async def look(self, batch_id: str) -> State:
        found = await self._exchange(
            lambda: self._client.messages.batches.with_raw_response.retrieve(batch_id)
        )
        over = found["processing_status"] == "ended"
        if over and not found.get("results_url"):
            return State(True, (), "its results are no longer kept by the provider")
        return State(over, (batch_id,) if over else ())

    def _content(self, file):
        return self._client.messages.batches.with_streaming_response.results(file)


# --- The engine


class _Question:
    """A question someone waits for. ``left``: how many more batches it may go into; ``cause``: what became
    of it in the last one."""

    def __init__(self, body, left):
        self.body, self.left, self.cause = body, left, "its batch ended without it"
        self.answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()


class BatchEngine:
    """An engine that asks through its provider's batches.

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
        self.submitted = 0  # batches, in this run
        self._most = provider.most
        self._not_taken = 0  # submissions that failed since one did not
        self._waiting: dict[str, _Question] = {}
        self._ready: dict[str, _Question] = {}
        self._recorded: dict[str, Batch] = {}
        self._followed: set[str] = set()
        self._others: set[str] = set()  # ids of batches that turned out not to be ours
        self._tasks: set[asyncio.Task] = set()
        self._news = asyncio.Event()
        self._ledger: Ledger | None = None
        self._failed: Exception | None = None

    def body(self, messages, about) -> dict:
        return self.provider.body(messages, about)

    async def start(self) -> None:
        """Open the client, and read which batches earlier runs left open."""
        await self.provider.start()
        self._ledger = Ledger(self.path)
        for batch in self._open_batches():
            self._recorded |= dict.fromkeys(batch.requests, batch)
        self._run(self._submit_all())

    async def ask(self, body) -> Reply:
        if self._failed:
            raise self._failed
        key = digest(body)
        question = self._waiting[key] = _Question(body, self.rounds)
        batch = self._recorded.get(key)
        if batch is None:
            self._ready[key] = question
            self._news.set()
        elif batch.key not in self._followed:
            logging.info("a batch of %s is waited for: %s", _date(batch.submitted_at), batch.id or batch.key)
            if self.budget:
                for request in batch.requests.values():
                    self.budget.set_aside(request)
            self._follow(batch)
        try:
            return await question.answer
        finally:
            self._waiting.pop(key, None)
            self._ready.pop(key, None)

    async def close(self) -> None:
        """Stop waiting; what was submitted stays recorded and is taken in by a later run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._ledger:
            self._open_batches()
            self._ledger.close()
        await self.provider.close()

    # --- Submitting

    async def _submit_all(self):
        while True:
            await self._news.wait()
            await self._quiet()
            if chunk := self._chunk():
                await self._submit(chunk)
                self._news.set()

    async def _quiet(self):
        """Until no new question has come for a while: then every worker waits for an answer."""
        while self._news.is_set():
            self._news.clear()
            await asyncio.sleep(self.quiet_s)

    def _chunk(self) -> dict[str, dict]:
        """The next questions that fit into one batch, and into the budget. The rest waits for a next time."""
        chunk, size = {}, 0
        for key, question in self._ready.items():
            size += len(self.provider.line(key, question.body))
            if chunk and (len(chunk) == self._most or size > self.provider.largest):
                break
            if self.budget and not self.budget.fits(question.body):
                if not chunk and not self._followed:
                    self._fail(self.budget.exhausted())
                break
            chunk[key] = question.body
        for key in chunk:
            del self._ready[key]
        return chunk

    async def _submit(self, requests):
        batch = Batch(uuid.uuid4().hex, self.provider.name, requests, time.time())
        self._record(batch)
        try:
            batch_id = await self.provider.submit(
                batch.key, [self.provider.line(key, body) for key, body in requests.items()]
            )
        except Transient as error:
            self._not_taken += 1
            if self._not_taken > self.rounds:
                raise Fatal(f"the provider takes no batch: {error}") from None
            logging.warning("submitting a batch: %s", error)
            await asyncio.sleep(max(self.poll_s, error.wait or 0))
            self._follow(batch)  # which finds out whether it arrived
            return
        except Rejected as error:
            self._give_up(batch)
            if len(requests) == 1:
                self._deliver_fault(next(iter(requests)), error)
            else:  # too large for this provider
                self._most = len(requests) // 2
                self._put_back(requests)
            return
        except Fatal:
            self._give_up(batch)
            raise
        self.submitted += 1
        self._not_taken = 0
        batch = replace(batch, id=batch_id, state="submitted")
        self._record(batch)
        logging.info("batch %s: %d questions submitted", batch_id, len(requests))
        self._follow(batch)

    # --- Following

    def _follow(self, batch):
        self._followed.add(batch.key)
        self._run(self._take_in(batch))

    async def _take_in(self, batch):
        """Wait for a batch, and take in what became of its questions."""
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
            self._others.add(batch.id)
            batch = replace(batch, id=None, state="submitting")
            self._record(batch)
        await self._stored(batch, ended)
        self._end(replace(batch, state="done"))
        logging.info("batch %s: %d of %d questions ended", batch.id, len(ended), len(batch.requests))
        if fatal:
            raise fatal
        self._ask_again([key for key in batch.requests if key not in ended])

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
                f"{error} (about the batch {batch.id or batch.key} of {_date(batch.submitted_at)}; if the "
                f"provider no longer knows it: python -m sce ledger batches --forget {batch.key})"
            ) from None
        return batch, state

    async def _found(self, batch):
        """A recorded batch with its id, or None where it never reached the provider."""
        batch_id = await self._insist(lambda: self.provider.find(batch, self._known_ids()))
        if batch_id is None:
            logging.info("the batch recorded %s was never submitted", _date(batch.submitted_at))
            self._give_up(batch)
            self._put_back(batch.requests)
            return None
        batch = replace(batch, id=batch_id, state="submitted")
        self._record(batch)
        return batch

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
                if key in self._waiting:
                    self._waiting[key].cause = str(outcome)
            else:
                ended.add(key)
                await self._deliver(batch, key, outcome)
        return fatal

    async def _deliver(self, batch, key, outcome):
        question = self._waiting.get(key)
        if question is not None and isinstance(outcome, Rejected):
            self._deliver_fault(key, outcome)
        elif question is not None:
            if not question.answer.done():
                question.answer.set_result(outcome)
            await asyncio.sleep(0)  # whoever waits stores it now
        elif not self._ledger.has_since(key, batch.submitted_at):  # asked by a run that is no more
            latency = time.time() - batch.submitted_at
            if isinstance(outcome, Rejected):
                entry = Entry.of_failure(key, str(outcome), "rejected", latency, 1)
            else:
                entry = Entry.of_reply(key, outcome, latency, 1)
            await self._ledger.store(entry, batch.requests[key])

    def _deliver_fault(self, key, fault):
        question = self._waiting.get(key)
        if question and not question.answer.done():
            question.answer.set_exception(fault)

    def _end_failed(self, batch, state):
        self._give_up(batch)
        if not state.queue_full:
            raise Fatal(f"the provider refuses the batch {batch.id}: {state.fault}")
        logging.warning("batch %s: %s", batch.id, state.fault)
        if not self._followed:  # nothing else of ours waits there: this one alone is too much
            if len(batch.requests) == 1:
                raise Fatal(f"the provider's queue takes not even one question: {state.fault}")
            self._most = max(1, len(batch.requests) // 2)
        self._put_back(batch.requests, after_s=self.poll_s)

    def _ask_again(self, keys):
        """Put questions that a batch did not answer into a next one, or give them up."""
        for key in keys:
            question = self._waiting.get(key)
            if question:
                question.left -= 1
                if question.left <= 0:  # whoever asked decides what comes of it
                    self._deliver_fault(key, Transient(question.cause))
        self._put_back(keys)

    def _put_back(self, keys, after_s: float = 0):
        """Let questions that someone still waits for be submitted again."""
        for key in keys:
            question = self._waiting.get(key)
            if question and not question.answer.done():
                self._ready[key] = question
        asyncio.get_running_loop().call_later(after_s, self._news.set)

    async def _stored(self, batch, keys):
        """Until every answer of a batch is in the ledger, where those who asked put it."""
        deadline = time.monotonic() + STORED_WITHIN_S
        for key in keys:
            while not self._ledger.has_since(key, batch.submitted_at):
                if time.monotonic() > deadline:
                    raise Fatal(
                        f"answers of the batch {batch.id} could not be stored; run again to read them"
                    )
                await asyncio.sleep(0.02)

    # --- The ledger's record, and faults

    def _open_batches(self):
        """The recorded batches that still lack an answer; those that lack none are done, whether the run
        that read them came so far as to say so or not."""
        lacking = []
        for batch in self._ledger.batches("submitting", "submitted"):
            if all(self._ledger.has_since(key, batch.submitted_at) for key in batch.requests):
                self._ledger.record(replace(batch, state="done"))
            else:
                lacking.append(batch)
        return lacking

    def _record(self, batch):
        self._ledger.record(batch)
        if batch.state in ("submitting", "submitted"):
            self._recorded |= dict.fromkeys(batch.requests, batch)

    def _give_up(self, batch):
        self._end(replace(batch, state="lost"))

    def _end(self, batch):
        self._record(batch)
        self._followed.discard(batch.key)
        for key in batch.requests:
            self._recorded.pop(key, None)
            if self.budget:
                self.budget.release(key)
        self._news.set()  # there may be room in the budget or the provider's queue now

    def _known_ids(self):
        recorded = self._ledger.batches("submitted", "done")
        return {batch.id for batch in recorded if batch.id} | self._others

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
                        f"the batch's provider cannot be reached ({error}); the batch is recorded: run again "
                        "later, and its answers are taken in"
                    ) from None
                await asyncio.sleep(max(self.poll_s, error.wait or 0))

    def _run(self, work):
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task):
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self._fail(task.exception())

    def _fail(self, error):
        """No question can be answered: tell all who wait."""
        self._failed = error
        for question in self._waiting.values():
            if not question.answer.done():
                question.answer.set_exception(error)


def open_engine(model, path, budget: Budget | None = None) -> BatchEngine:
    """The engine of an entry with ``mode: batch``, over the ledger's file ``path``; not yet started."""
    provider = {"openai": OpenAIBatches, "anthropic": AnthropicBatches}[model.engine](model)
    return BatchEngine(provider, path, budget, rounds=model.attempts, poll_s=model.poll_s)


def _date(seconds):
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
