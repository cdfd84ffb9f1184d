"""Loopback servers for the tests of asking: a tiny provider and a proxy that puts faults before any provider.

The provider answers at once and always the same, in the forms that OpenAI (/v1/chat/completions) and
Anthropic (/v1/messages) document; it is written for speed and for counting, where an engine that generates
would take minutes. The proxy works in front of it, or of a real engine's HTTP server, alike.
"""

import hashlib
import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

# Before the provider sees the request; and after, on the way back, when it has answered and counted it.
BEFORE = ("429", "500", "503", "529", "408", "html", "error200", "refuse", "hang")
AFTER = ("drop", "cut", "empty")


@dataclass
class Answer:
    """An HTTP answer. ``sent``: bytes after which the connection breaks; ``hang_s``: silence first."""

    status: int = 200
    body: bytes = b"{}"
    kind: str = "application/json"
    headers: dict = field(default_factory=dict)
    sent: int | None = None
    hang_s: float = 0

    @classmethod
    def of(cls, payload, status=200, **rest):
        return cls(status, json.dumps(payload).encode(), **rest)


class Provider:
    """Answers every question at once. ``answered`` counts the answers by question, ``seen`` keeps every
    request with its headers. ``reply`` makes the answer's text, or an Answer, from the request; ``key`` is
    the one it wants."""

    def __init__(self, models=("tiny",), reply=None, key=None):
        self.models, self.key = list(models), key
        self.reply = reply or (lambda request: json.dumps({"answer": fingerprint(request)}))
        self.answered, self.seen, self._lock = Counter(), [], threading.Lock()

    def __call__(self, method, path, headers, body) -> Answer:
        if self.key and headers.get("Authorization") != f"Bearer {self.key}":
            echo = f"Incorrect API key provided: {headers.get('Authorization')}"
            return Answer.of(
                {"error": {"message": echo, "type": "invalid_request_error", "code": "invalid_api_key"}}, 401
            )
        if method == "GET" and path.startswith("/v1/models"):
            wanted = path.removeprefix("/v1/models").split("?")[0].strip("/")
            if wanted:
                known = wanted in self.models
                return Answer.of({"id": wanted} if known else _not_found(wanted), 200 if known else 404)
            return Answer.of({"object": "list", "data": [{"id": name} for name in self.models]})
        if method != "POST" or path not in ("/v1/chat/completions", "/v1/messages"):
            return Answer.of({"error": {"message": f"no {path} here", "type": "not_found_error"}}, 404)
        request = json.loads(body)
        with self._lock:
            self.seen.append((request, {name.lower(): value for name, value in headers.items()}))
            self.answered[fingerprint(request)] += 1
        if request["model"] not in self.models:
            return Answer.of(_not_found(request["model"]), 404)
        text = self.reply(request)
        if isinstance(text, Answer):
            return text
        return Answer.of((_chat if path.endswith("completions") else _message)(request["model"], text))


class Upstream:
    """A real server at ``url``, asked as it is."""

    def __init__(self, url):
        self.address = urlsplit(url)

    def __call__(self, method, path, headers, body) -> Answer:
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=120)
        try:
            kept = {
                n: v for n, v in headers.items() if n.lower() not in ("host", "connection", "accept-encoding")
            }
            connection.request(method, path, body or None, kept)
            response = connection.getresponse()
            return Answer(response.status, response.read(), response.getheader("content-type") or "")
        finally:
            connection.close()


class FaultProxy:
    """Lets a ``share`` of all attempts fail, in ways drawn from a seed. ``drawn`` counts them by kind and
    ``lost`` the answers that the provider gave and that did not get through, by question."""

    def __init__(self, upstream, share=0.2, faults=BEFORE + AFTER, seed=1, hang_s=2.0):
        self.upstream, self.share, self.faults, self.hang_s = upstream, share, faults, hang_s
        self.drawn, self.lost = Counter(), Counter()
        self._draw, self._lock = random.Random(seed), threading.Lock()

    def __call__(self, method, path, headers, body) -> Answer:
        with self._lock:
            fault = self._draw.choice(self.faults) if self._draw.random() < self.share else None
            self.drawn[fault] += 1
        if method == "GET":
            fault = None
        if fault in BEFORE:
            return self._instead(fault)
        answer = self.upstream(method, path, headers, body)
        if fault in AFTER and answer.status == 200:
            with self._lock:
                self.lost[fingerprint(json.loads(body))] += 1
            answer = self._spoiled(fault, answer, path)
        return answer

    def _instead(self, fault):
        error = {"error": {"message": f"fault {fault}", "type": "server_error", "code": None}}
        if fault == "429":
            limit = {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}
            return Answer.of(limit, 429, headers={"Retry-After": "0.2"})
        if fault == "html":
            return Answer(200, HTML, "text/html")
        if fault == "error200":
            return Answer.of(error)
        if fault == "refuse":
            return Answer(sent=0)
        if fault == "hang":
            return Answer.of(error, 500, hang_s=self.hang_s)
        return Answer.of(error, int(fault))

    def _spoiled(self, fault, answer, path):
        if fault == "drop":
            answer.sent = len(answer.body) // 2
        elif fault == "cut":
            answer.body = answer.body[: len(answer.body) // 2]
        else:
            payload = json.loads(answer.body)
            if path.endswith("completions"):
                payload["choices"][0]["message"]["content"] = ""
                payload["choices"][0]["finish_reason"] = "stop"
            else:
                payload |= {"content": [], "stop_reason": "end_turn"}
            answer.body = json.dumps(payload).encode()
        return answer


def fingerprint(request: dict) -> str:
    """What a question asks, whatever else its request says."""
    return hashlib.sha256(json.dumps(request["messages"], sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def served(handler, tls=None):
    """The URL of a loopback server that answers with ``handler(method, path, headers, body)``; under ``tls``,
    an SSLContext with its certificate, where there is one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = handler(self.command, self.path, self.headers, body)
            if answer.hang_s:
                time.sleep(answer.hang_s)
            if answer.sent == 0:
                self._break()
                return
            try:
                self.send_response(answer.status)
                headers = {"Content-Type": answer.kind, "Content-Length": len(answer.body), **answer.headers}
                for name, value in headers.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(answer.body[: answer.sent])
                if answer.sent is not None:
                    self._break()
            except OSError:  # the client gave up, as in a hang
                self.close_connection = True

        def _break(self):
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_POST = _any

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, request, address):
            pass  # clients that hang up are what these tests are about

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _chat(model, text):
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text, "refusal": None}, "logprobs": None,
        }],
        "usage": {
            "prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35,
            "prompt_tokens_details": {"cached_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }  # fmt: skip


def _message(model, text):
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {
            "input_tokens": 22, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 0,
            "output_tokens": 5,
        },
    }  # fmt: skip


def _not_found(model):
    message = f"The model `{model}` does not exist"
    return {"error": {"message": message, "type": "invalid_request_error", "code": "model_not_found"}}


@contextmanager
def refusing():
    """The address of a port where every connection is refused: it is bound, and nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"
