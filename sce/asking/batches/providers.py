"""The providers of batches: how each takes one, finds one again, and hands out its results."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sce.asking.batches.files import CHAT_URL, Outcome, batch_line, chat_outcome, message_outcome, outcome_of
from sce.engines import Transient, anthropic, chat, openai
from sce.engines.checked import known_form
from sce.engines.faults import fault_of, short
from sce.ledger.entries import Batch

UPLOAD_S = 3600  # for sending a whole batch
CLOCKS_DIFFER_S = 30  # ours and the provider's
KEEP_LOOKING_S = 3600


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
                if found := outcome_of(self.read, line, self.checker):
                    yield found

    async def _lines(self, file):
        """The JSON lines of a file, read as they come. Cut at line feeds alone: other separators of lines
        may stand inside an answer."""
        rest = b""
        try:
            async with self._content(file) as response:
                async for chunk in response.iter_bytes():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        if isinstance(found := self.checker.decoded(line), dict):
                            yield found
        except self._sdk.APIStatusError as error:
            payload = self.checker.decoded(error.response.text)
            raise fault_of(error.status_code, payload, error.response.headers) from None
        except Exception as error:  # of whatever HTTP library the SDK uses
            self._stop_elsewhere(error)
            raise Transient(self._hidden(f"reading a batch's results broke off ({error})")) from None
        if isinstance(found := self.checker.decoded(rest), dict):
            yield found


class OpenAIBatches(_Provider, openai.OpenAIEngine):
    """Batches at /v1/batches: a file of requests is uploaded, files of results are read."""

    name, most, largest = "openai", 50_000, 190_000_000
    read = staticmethod(chat_outcome)

    def line(self, key, body) -> bytes:
        return batch_line(key, chat.request_of(body))

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Hand a batch over; the provider's id of it."""
        content = ("questions.jsonl", b"".join(lines), "application/jsonl")
        create = self._client.files.with_raw_response.create
        file = await self._exchange(lambda: create(file=content, purpose="batch"))
        submit = self._client.batches.with_raw_response.create
        options = {"endpoint": CHAT_URL, "completion_window": "24h", "metadata": {"sce": key}}
        with known_form():
            uploaded = str(file["id"])
        batch = await self._exchange(lambda: submit(input_file_id=uploaded, **options))
        with known_form():
            return str(batch["id"])

    async def find(self, batch: Batch, known: set[str]) -> str | None:
        """The provider's id of a batch whose submission was not answered; None where it never arrived."""
        list_page, after = self._client.batches.with_raw_response.list, {}
        while True:
            page = await self._exchange(lambda after=after: list_page(limit=100, **after))
            with known_form():
                for item in page["data"]:
                    if (item.get("metadata") or {}).get("sce") == batch.key:
                        return str(item["id"])
                    if item["created_at"] < batch.submitted_at - KEEP_LOOKING_S:  # the newest come first
                        return None
                if not page.get("has_more") or not page["data"]:
                    return None
                before, after = after, {"after": page["data"][-1]["id"]}
                if after == before:  # a list that does not end
                    return None

    async def look(self, batch_id: str) -> State:
        found = await self._exchange(lambda: self._client.batches.with_raw_response.retrieve(batch_id))
        with known_form():
            return self._state(found)

    def _state(self, found):
        status = found["status"]
        files = tuple(filter(None, (found.get("output_file_id"), found.get("error_file_id"))))
        if status != "failed":
            return State(status in ("completed", "expired", "cancelled"), files)
        errors = (found.get("errors") or {}).get("data") or [{}]
        code, message = errors[0].get("code"), errors[0].get("message") or "no reason given"
        line = errors[0].get("line")
        fault = f"{code}: {message}" + (f" (line {line})" if line is not None else "")
        return State(True, files, short(fault), code == "token_limit_exceeded")

    def _content(self, file):
        return self._client.files.with_streaming_response.content(file)


class AnthropicBatches(_Provider, anthropic.AnthropicEngine):
    """Batches at /v1/messages/batches: the requests go in one piece, the results are streamed."""

    name, most, largest = "anthropic", 100_000, 240_000_000
    read = staticmethod(message_outcome)

    def line(self, key, body) -> bytes:
        request = anthropic.request_of(body, self.model.cache_system)
        return json.dumps({"custom_id": key, "params": request}, ensure_ascii=False).encode()

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Hand a batch over; the provider's id of it."""
        requests = [json.loads(line) for line in lines]
        create = self._client.messages.batches.with_raw_response.create
        batch = await self._exchange(lambda: create(requests=requests))
        with known_form():
            return str(batch["id"])

    async def find(self, batch: Batch, known: set[str]) -> str | None:
        """The provider's id of a batch whose submission was not answered; None where it never arrived.

        The provider keeps no name of ours with a batch, so it is known by its time and its number of
        requests; the results, which do carry our names, are checked when they are read.
        """
        list_page, after = self._client.messages.batches.with_raw_response.list, {}
        while True:
            page = await self._exchange(lambda after=after: list_page(limit=100, **after))
            with known_form():
                for item in page["data"]:
                    created = datetime.fromisoformat(item["created_at"]).timestamp()
                    if created < batch.submitted_at - KEEP_LOOKING_S:
                        return None
                    same = sum(item["request_counts"].values()) == len(batch.requests)
                    if same and item["id"] not in known and created > batch.submitted_at - CLOCKS_DIFFER_S:
                        return str(item["id"])
                if not page.get("has_more") or not page["data"]:
                    return None
                before, after = after, {"after_id": page["last_id"]}
                if after == before:  # a list that does not end
                    return None

    async def look(self, batch_id: str) -> State:
        found = await self._exchange(
            lambda: self._client.messages.batches.with_raw_response.retrieve(batch_id)
        )
        with known_form():
            over = found["processing_status"] == "ended"
        if over and not found.get("results_url"):
            return State(True, (), "its results are no longer kept by the provider")
        return State(over, (batch_id,) if over else ())

    def _content(self, file):
        return self._client.messages.batches.with_streaming_response.results(file)
