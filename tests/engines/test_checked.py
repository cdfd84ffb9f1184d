"""Whatever an endpoint sends: an answer that is what it sent, or one failed question with its reason, and
never a key in what is kept."""

import json
import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sce.asking.batches.files import chat_outcome, message_outcome, outcome_of
from sce.engines import Fatal, Rejected, Transient, anthropic, chat, checked
from sce.engines.checked import Checker, decoded
from sce.engines.faults import fault_of, is_error, wait_of
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger
from sce.ledger.rows import as_json, entry_of, row_of
from tests.asking.questions import ask_all, entry
from tests.engines.test_keys import CANARY
from tests.faults import Answer, Provider, served

PLAIN = Checker(str)
HIDING = Checker(lambda text: text.replace(CANARY, "[hidden]"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def chat_body(message=None, finish="stop", **rest):
    choice = {"message": {"content": "yes"} | (message or {}), "finish_reason": finish}
    return {"choices": [choice | {n: rest.pop(n) for n in ("logprobs",) if n in rest}], **rest}


def message_body(blocks=None, stop="end_turn", **rest):
    return {"content": blocks or [{"type": "text", "text": "yes"}], "stop_reason": stop, **rest}


def spoiled(body):
    """Strategies for a body of which any one part, at any depth, is something else."""

    def places(value, path=()):
        yield path
        if isinstance(value, dict | list):
            for name, part in value.items() if isinstance(value, dict) else enumerate(value):
                yield from places(part, (*path, name))

    def put(path, other):
        copy = json.loads(json.dumps(body))
        if not path:
            return other
        holder = copy
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = other
        return copy

    return st.builds(put, st.sampled_from(list(places(body))), JSON)


FULL_CHAT = chat_body(
    {"reasoning": "hm", "refusal": None},
    logprobs={
        "content": [{"token": "yes", "logprob": -0.1, "top_logprobs": [{"token": "no", "logprob": -3}]}]
    },
    usage={
        "prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
)  # fmt: skip
FULL_MESSAGE = message_body(
    [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "yes"}],
    usage={
        "input_tokens": 9, "output_tokens": 3, "cache_read_input_tokens": 1, "cache_creation_input_tokens": 1,
        "output_tokens_details": {"thinking_tokens": 2},
    },
)  # fmt: skip


def is_kept_whole(reply):
    """A reply that a ledger row gives back as it was, with nothing in it that later steps cannot bear."""
    assert reply.status in ("answered", "refused", "truncated")
    assert isinstance(reply.response, str)
    assert isinstance(reply.reasoning, str | None)
    assert reply.finish_reason is None or len(reply.finish_reason) < 64
    assert all(type(count) is int and 0 <= count < 10**12 for count in reply.usage.values())
    for token in reply.logprobs or ():
        assert math.isfinite(token["logprob"])
    json.dumps(reply.turn)
    body = {"x": 1}
    stored = Entry.of_reply(digest(body), reply, 0.5, 1)
    assert entry_of(row_of(stored, as_json(body))[:-1]) == stored


def answer_in(body, reply_of):
    """The reply, or None where there is a short reason why it is none."""
    try:
        return PLAIN.reply(reply_of, decoded(json.dumps(body)))
    except Transient as error:
        reason = str(error)
    assert len(reason) < 500
    return None


@given(body=st.one_of(JSON, spoiled(FULL_CHAT)))
def test_any_body_of_a_chat_endpoint_is_an_answer_or_a_reason(body):
    reply = answer_in(body, chat.reply_of)
    if reply is None:
        return
    is_kept_whole(reply)
    content = body["choices"][0]["message"].get("content")
    if isinstance(content, str) and content:
        assert reply.response == content  # nothing made up


@given(body=st.one_of(JSON, spoiled(FULL_MESSAGE)))
def test_any_body_of_a_messages_endpoint_is_an_answer_or_a_reason(body):
    reply = answer_in(body, anthropic.reply_of)
    if reply is None:
        return
    is_kept_whole(reply)
    assert all(isinstance(block, dict) for block in body["content"])


@given(
    line=st.one_of(
        st.dictionaries(st.sampled_from(["custom_id", "response", "error", "result"]), JSON),
        spoiled({"custom_id": "k", "response": {"status_code": 200, "body": FULL_CHAT}, "error": None}),
        spoiled({"custom_id": "k", "result": {"type": "succeeded", "message": FULL_MESSAGE}}),
        spoiled({"custom_id": "k", "result": {"type": "errored", "error": {"error": {"type": "x"}}}}),
    )
)
@pytest.mark.parametrize("read", [chat_outcome, message_outcome])
def test_any_line_of_a_batch_is_an_outcome_or_left_out(read, line):
    if not isinstance(line, dict):
        return
    found = outcome_of(read, line, PLAIN)
    if found is None:
        assert not isinstance(line.get("custom_id"), str)
    else:
        assert isinstance(found[1], Reply | Transient | Rejected | Fatal)


@given(
    status=st.sampled_from([200, 400, 401, 404, 408, 429, 500, 529]),
    payload=st.one_of(JSON, spoiled({"error": {"message": "m", "code": "c", "type": "t", "status": 400}})),
    headers=st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()),
)
def test_any_error_is_one_of_three(status, payload, headers):
    is_error(payload)
    assert isinstance(fault_of(status, payload, headers), Transient | Rejected | Fatal)
    wait = wait_of(headers)
    assert wait is None or wait >= 0


# --- Each class, by hand


@pytest.mark.parametrize(
    ("usage", "kept"),
    [
        ('{"prompt_tokens": 1e999, "completion_tokens": 3}', {"out": 3}),
        (f'{{"prompt_tokens": {"9" * 30}, "completion_tokens": 3}}', {"out": 3}),
        ('{"prompt_tokens": "many", "completion_tokens": 3}', {"out": 3}),
        ('{"prompt_tokens": -1, "completion_tokens": true}', {}),
        ('{"prompt_tokens": 5, "prompt_tokens_details": "x"}', {"in": 5}),
        ('"none"', {}),
        ("[1, 2]", {}),
    ],
)
def test_counts_that_are_none_cost_no_answer_and_are_said(usage, kept, caplog):
    checked.note.cache_clear()
    text = '{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], "usage": ' + usage + "}"
    with caplog.at_level(logging.WARNING):
        reply = PLAIN.reply(chat.reply_of, decoded(text))
    assert (reply.response, reply.usage) == ("yes", kept)
    assert ("left out" in caplog.text) == ("prompt_tokens" in usage and "details" not in usage)


@pytest.mark.parametrize(
    "message",
    [{"content": 5}, {"content": {"a": 1}}, {"refusal": 5}, {"refusal": ["no"]}, {"reasoning": {"x": 1}},
     {"content": [{"text": 7}]}, {"content": True}],
)  # fmt: skip
def test_what_is_no_text_is_one_failure_with_its_reason(message, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.02)
    provider = Provider(reply=lambda request: Answer.of(chat_body(message)))
    with served(provider) as url:
        found, _ = ask_all(entry(url=url, attempts=2), tmp_path, [1])
    assert found[1].status == "failed"
    assert "text" in found[1].error or "unknown form" in found[1].error
    assert provider.answered.total() == 2


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
@pytest.mark.parametrize(("opening", "depth"), [("[", 10_000), ('{"a":', 10_000), ("[", 500)])
def test_a_body_nested_deeply_does_not_kill_the_job(engine, opening, depth, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.02)
    closing = {"[": "]", '{"a":': "}"}[opening]
    nested = opening * depth + "1" + closing * depth
    bodies = [nested, '{"choices": ' + nested + ', "content": ' + nested + "}", '{"error": ' + nested + "}"]

    def reply(request):
        number = int(request["messages"][0]["content"].split()[1])
        return Answer(body=bodies[number].encode()) if number < len(bodies) else "fine"

    with served(Provider(reply=reply)) as url:
        found, _ = ask_all(entry(engine, url, attempts=1), tmp_path, range(4))
    assert [found[n].status for n in range(4)] == ["failed"] * 3 + ["answered"]


def test_what_is_nested_as_deep_as_allowed_is_read():
    assert decoded("[" * 99 + "]" * 99) != "[" * 99 + "]" * 99
    assert decoded("[" * 102 + "]" * 102) == "[" * 102 + "]" * 102


@pytest.mark.parametrize(
    "logprobs",
    [5, "x", [1], {"content": 5}, {"content": [{"token": 1, "logprob": -1}]}, {"content": [{"token": "a"}]},
     {"content": [{"token": "a", "logprob": None}]},
     {"content": [{"token": "a", "logprob": -1, "top_logprobs": [{"token": "b", "logprob": "x"}]}]}],
)  # fmt: skip
def test_logprobs_in_another_form_cost_no_answer(logprobs):
    reply = PLAIN.reply(chat.reply_of, chat_body(logprobs=logprobs))
    assert (reply.response, reply.logprobs) == ("yes", None)


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize(
    "place",
    [
        "content",
        "reasoning",
        "refusal",
        "finish",
        "parts",
        "tokens",
        "usage",
        "error",
        "name",
        "signature",
    ],
)
def test_a_key_that_is_repeated_is_kept_nowhere(place, escaped, tmp_path, monkeypatch, caplog):
    """The Authorization header repeated in any part of a reply, plain or in JSON's escapes."""
    monkeypatch.setenv("SOME_KEY", CANARY)
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.02)
    header, half = f"Bearer {CANARY}", len(CANARY) // 2
    token = {"logprob": -0.1, "top_logprobs": []}
    body = {
        "content": chat_body({"content": header}),
        "reasoning": chat_body({"reasoning": header}),
        "refusal": chat_body({"refusal": header}),
        "finish": chat_body(finish=header),
        "parts": chat_body({"content": [{"text": CANARY[:half]}, {"text": CANARY[half:]}]}),
        "tokens": chat_body(
            logprobs={"content": [{"token": CANARY[:half]} | token, {"token": CANARY[half:]} | token]}
        ),
        "usage": chat_body(usage={"prompt_tokens": header}),
        "error": {"error": {"message": header, "code": 500}},
        "name": {"error": {CANARY: 1, "code": 500}},
        "signature": message_body([{"type": "thinking", "thinking": header, "signature": header}]),
    }[place]
    text = json.dumps(body)
    if escaped:
        text = text.replace(CANARY, "".join(f"\\u{ord(letter):04x}" for letter in CANARY))
    engine = "anthropic" if place == "signature" else "openai"
    provider = Provider(reply=lambda request: Answer(body=text.encode()))
    with served(provider) as url, caplog.at_level(logging.DEBUG):
        found, asker = ask_all(entry(engine, url, api_key_env="SOME_KEY", attempts=1), tmp_path, [1])
    shown = caplog.text + str(found) + str(asker.faults)
    assert CANARY not in shown
    if place == "finish":
        assert "[a key, hidden]" in found[1].error
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert CANARY.encode() not in kept
    assert place == "parts" or CANARY[half:].encode() not in kept


def test_a_short_key_is_no_secret_and_changes_no_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "none")
    with served(Provider(reply=lambda request: '{"answer": "none"}')) as url:
        found, _ = ask_all(entry(url=url, api_key_env="SOME_KEY"), tmp_path, [1])
    assert found[1].response == '{"answer": "none"}'


@given(text=st.text(), reasoning=st.none() | st.text(), finish=st.none() | st.text(), error=st.text())
def test_any_text_is_stored_and_given_back(tmp_path_factory, text, reasoning, finish, error):
    """Half characters come back as "?", all others as they were."""
    body = {"text": "x"}
    path = tmp_path_factory.mktemp("l") / "l.sqlite"
    reply = Reply("answered", text, reasoning, finish, turn={"role": "assistant", "content": [text]})
    stored = Entry.of_reply(digest(body), reply, 0.25, 1)
    with Ledger(path) as ledger:
        ledger.put(stored, body)
        assert ledger.get(digest(body)) == stored
        ledger.put(Entry.of_failure(digest({}), error, None, 0.25, 1), {})
        assert ledger.get(digest({})).error is not None
    assert stored.response == text.encode(errors="replace").decode()
