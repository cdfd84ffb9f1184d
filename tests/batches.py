"""Stubs of the batch endpoints of OpenAI and Anthropic, written from their documentation.

Each keeps its batches for inspection. ``endings`` says what becomes of a question: a function of (number of
the batch, request) that returns None for an answer, "expired", "missing" (no line at all), or (status, error
object). ``looks``: how often a batch is looked at before it is over; ``hold`` keeps batches from being over.
"""

import email
import email.policy
import json
import re
import threading
import time
from collections import Counter
from datetime import UTC, datetime

from tests.faults import Answer, _chat, _message, fingerprint

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Batches:
    """What the two stubs share."""

    def __init__(self, endings=None, looks=1):
        self.endings, self.looks = endings or (lambda number, request: None), looks
        self.hold = threading.Event()
        self.hold.set()
        self.batches: dict[str, dict] = {}
        self.answered = Counter()  # by question: what would have to be paid
        self.before_reply = lambda: None  # called when a batch is made, before its maker is told
        self.spoil_results = 0  # so many times the results break off in the middle
        self._lock = threading.Lock()

    def __call__(self, method, path, headers, body) -> Answer:
        path, _, query = path.partition("?")
        with self._lock:
            answer = self.answer(method, path, query, headers, body)
        if isinstance(answer, tuple):  # made, and told afterwards
            self.before_reply()
            return answer[0]
        return answer or Answer.of({"error": {"message": f"no {method} {path} here"}}, 404)

    def ending(self, batch, request):
        ending = self.endings(batch["number"], request)
        if ending is None:
            self.answered[fingerprint(request)] += 1
        return ending

    def results(self, lines):
        body = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
        answer = Answer(200, body, "application/octet-stream")
        if self.spoil_results:
            self.spoil_results -= 1
            answer.sent = len(body) // 2
        return answer

    def text(self, request):
        return json.dumps({"answer": request["messages"][-1]["content"] + "\u2028"}, ensure_ascii=False)


class OpenAIStub(Batches):
    """/v1/files and /v1/batches. ``queue``: questions that may wait at a time."""

    queue = 10**9

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.files: dict[str, bytes] = {}

    def answer(self, method, path, query, headers, body):
        if path == "/v1/models":
            return Answer.of({"object": "list", "data": [{"id": "tiny"}]})
        if (method, path) == ("POST", "/v1/files"):
            return self._upload(headers, body)
        if (method, path) == ("POST", "/v1/batches"):
            return (Answer.of(self._create(json.loads(body))),)
        if (method, path) == ("GET", "/v1/batches"):
            newest_first = list(reversed(self.batches.values()))
            return Answer.of(
                {"object": "list", "data": [b["shown"] for b in newest_first], "has_more": False}
            )
        if found := re.fullmatch(r"/v1/batches/(\w+)", path):
            return self._retrieve(found[1])
        if found := re.fullmatch(r"/v1/files/([\w-]+)/content", path):
            return self.results(map(json.loads, self.files[found[1]].splitlines()))
        return None

    def _upload(self, headers, body):
        kind = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        message = email.message_from_bytes(kind + body, policy=email.policy.HTTP)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        assert parts["purpose"].get_content().strip() == "batch"
        name = f"file-{len(self.files)}"
        self.files[name] = parts["file"].get_payload(decode=True)
        return Answer.of({"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "q.jsonl",
                          "purpose": "batch", "status": "processed"})  # fmt: skip

    def _create(self, asked):
        assert (asked["endpoint"], asked["completion_window"]) == ("/v1/chat/completions", "24h")
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].split(b"\n") if line]
        batch_id = f"batch_{len(self.batches)}"
        shown = {
            "id": batch_id, "object": "batch", "endpoint": asked["endpoint"], "errors": None,
            "input_file_id": asked["input_file_id"], "completion_window": "24h", "status": "validating",
            "created_at": int(time.time()), "metadata": asked.get("metadata"),
            "output_file_id": None, "error_file_id": None,
        }  # fmt: skip
        self.batches[batch_id] = {
            "shown": shown, "lines": lines, "looks": 0, "number": len(self.batches),
        }  # fmt: skip
        return shown

    def _retrieve(self, batch_id):
        if batch_id not in self.batches:
            return Answer.of({"error": {"message": f"No batch found with id '{batch_id}'."}}, 404)
        batch = self.batches[batch_id]
        shown = batch["shown"]
        batch["looks"] += 1
        if shown["status"] in ("validating", "in_progress"):
            if problem := self._invalid(batch):
                shown |= {"status": "failed", "errors": {"object": "list", "data": [problem]}}
            elif batch["looks"] <= self.looks or not self.hold.is_set():
                shown["status"] = "in_progress"
            else:
                self._complete(batch)
        return Answer.of(shown)

    def _invalid(self, batch):
        names = [line["custom_id"] for line in batch["lines"]]
        for number, line in enumerate(batch["lines"], 1):
            if line["method"] != "POST" or line["url"] != "/v1/chat/completions" or len(names[0]) > 64:
                return {"code": "invalid_line", "message": "This line is not valid.", "line": number}
        if len(set(names)) < len(names):
            return {"code": "duplicate_custom_id", "message": "Each custom_id once.", "line": None}
        waiting = sum(
            len(b["lines"]) for b in self.batches.values() if b["shown"]["status"] in ("in_progress",)
        )
        in_queue = 0 if batch["shown"]["status"] == "in_progress" else len(names)
        if waiting + in_queue > self.queue:
            message = "Enqueued token limit reached for tiny. Please try again once some are completed."
            return {"code": "token_limit_exceeded", "message": message, "line": None}
        return None

    def _complete(self, batch):
        good, bad = [], []
        for line in batch["lines"]:
            name, request = line["custom_id"], line["body"]
            ending = self.ending(batch, request)
            if ending is None:
                body = _chat("tiny", self.text(request))
                response = {"status_code": 200, "request_id": "r", "body": body}
                good.append({"id": "b", "custom_id": name, "response": response, "error": None})
            elif ending == "expired":
                batch["shown"]["status"] = "expired"
                error = {"code": "batch_expired", "message": "This request could not be executed in time."}
                bad.append({"id": "b", "custom_id": name, "response": None, "error": error})
            elif ending != "missing":
                response = {"status_code": ending[0], "request_id": "r", "body": {"error": ending[1]}}
                bad.append({"id": "b", "custom_id": name, "response": response, "error": None})
        for field, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                name = f"file-{len(self.files)}"
                content = [json.dumps(line, ensure_ascii=True).encode() for line in lines]
                self.files[name] = b"\n".join(reversed(content))  # in another order, without a last line feed
                batch["shown"][field] = name
        if batch["shown"]["status"] != "expired":
            batch["shown"]["status"] = "completed"


class AnthropicStub(Batches):
    """/v1/messages/batches."""

    url = ""

    def answer(self, method, path, query, headers, body):
        if path == "/v1/models":
            return Answer.of({"data": [{"id": "tiny", "type": "model"}], "has_more": False})
        if (method, path) == ("POST", "/v1/messages/batches"):
            return (self._create(json.loads(body)),)
        if (method, path) == ("GET", "/v1/messages/batches"):
            shown = [batch["shown"] for batch in reversed(self.batches.values())]
            return Answer.of({"data": shown, "has_more": False, "first_id": None, "last_id": None})
        if found := re.fullmatch(r"/v1/messages/batches/(\w+)", path):
            return self._retrieve(found[1])
        if found := re.fullmatch(r"/v1/messages/batches/(\w+)/results", path):
            return self.results(self.batches[found[1]]["results"])
        return None

    def _create(self, asked):
        names = [request["custom_id"] for request in asked["requests"]]
        if len(set(names)) < len(names) or not all(map(NAME.fullmatch, names)):
            error = {"type": "invalid_request_error", "message": "custom_id: unique, of 64 characters"}
            return Answer.of({"type": "error", "error": error}, 400)
        batch_id = f"msgbatch_{len(self.batches)}"
        now = datetime.now(UTC).isoformat()
        shown = {
            "id": batch_id, "type": "message_batch", "processing_status": "in_progress",
            "request_counts": self._counts(processing=len(names)), "created_at": now, "expires_at": now,
            "ended_at": None, "results_url": None,
        }  # fmt: skip
        self.batches[batch_id] = {
            "shown": shown, "lines": asked["requests"], "looks": 0, "number": len(self.batches),
        }  # fmt: skip
        return Answer.of(shown)

    def _retrieve(self, batch_id):
        if batch_id not in self.batches:
            return Answer.of({"type": "error", "error": {"type": "not_found_error", "message": "none"}}, 404)
        batch = self.batches[batch_id]
        batch["looks"] += 1
        ended = batch["shown"]["processing_status"] == "ended"
        if not ended and batch["looks"] > self.looks and self.hold.is_set():
            self._end(batch)
        return Answer.of(batch["shown"])

    def _end(self, batch):
        results, counts = [], Counter()
        for line in batch["lines"]:
            request = line["params"]
            ending = self.ending(batch, request)
            if ending is None:
                result = {"type": "succeeded", "message": _message("tiny", self.text(request))}
            elif ending == "expired":
                result = {"type": "expired"}
            elif ending == "missing":
                continue
            else:
                result = {"type": "errored", "error": {"type": "error", "error": ending[1]}}
            counts[result["type"]] += 1
            results.append({"custom_id": line["custom_id"], "result": result})
        batch["results"] = results[::-1]
        batch["shown"] |= {
            "processing_status": "ended", "request_counts": self._counts(**counts),
            "results_url": f"{self.url}/v1/messages/batches/{batch['shown']['id']}/results",
        }  # fmt: skip

    def _counts(self, **counts):
        return dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0) | counts
