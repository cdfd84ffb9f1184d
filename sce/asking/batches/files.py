"""The lines of batch files: requests as they are sent, and the outcome of each. Pure functions."""

import json
from dataclasses import replace

from sce.engines import Fatal, Rejected, Transient, anthropic, chat
from sce.engines.checked import Checker, known_form, note
from sce.engines.faults import fault_of, is_error, short
from sce.ledger.entries import Reply

CHAT_URL = "/v1/chat/completions"

Outcome = Reply | Transient | Rejected | Fatal


def batch_line(key: str, request: dict) -> bytes:
    """A line of an OpenAI batch file: one request under a name of at most 64 characters."""
    line = {"custom_id": key, "method": "POST", "url": CHAT_URL, "body": request}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def outcome_of(read, line: dict, checker: Checker) -> tuple[str, Outcome] | None:
    """(custom_id, what became of it) as ``read`` finds it in a line of a batch's results; None for a line
    that does not say whose it is. A line in an unknown form is a question that was not answered."""
    key = line.get("custom_id")
    if not isinstance(key, str):
        note("a line of a batch's results names no question: left out")
        return None
    try:
        with known_form():
            return key, read(line, checker)
    except Transient as error:
        return key, error


def chat_outcome(line: dict, checker: Checker) -> Outcome:
    """What became of a question, from a line of a batch's output or error file."""
    response, error = line.get("response"), line.get("error")
    if not response:
        error = error or {}
        cause = f"{error.get('code') or 'failed in its batch'}: {error.get('message') or 'no reason given'}"
        return Transient(short(cause))
    body, status = response.get("body"), response.get("status_code", 200)
    if status != 200 or is_error(body):
        return fault_of(status, body)
    return _reply(checker, chat.reply_of, body)


def message_outcome(line: dict, checker: Checker) -> Outcome:
    """What became of a question, from a line of an Anthropic batch's results."""
    result = line["result"]
    if result["type"] == "succeeded":
        return _reply(checker, anthropic.reply_of, result["message"])
    if result["type"] == "errored":
        return fault_of(200, result["error"])
    return Transient(f"{str(result['type'])[:60]} in its batch")


def _reply(checker, reply_of, payload) -> Reply:
    reply = checker.reply(reply_of, payload)
    return replace(reply, usage={**reply.usage, "batch": 1})
