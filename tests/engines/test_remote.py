"""The openai and anthropic engines: what is sent, how replies are read, what an endpoint is asked before the
first question."""

import asyncio

import pytest

from sce.engines import About, Fatal, Rejected, Transient, anthropic, open_engine
from sce.engines import chat as chat_format
from sce.engines.faults import fault_of, wait_of
from tests.asking.questions import ask_all, entry, question
from tests.faults import Answer, Provider, refusing, served

QUESTION = About("question", "question", {})
SCHEMA = {"type": "object", "properties": {"answer": {"enum": ["A", "B"]}}, "required": ["answer"]}


def body_of(model, messages=None, about=QUESTION):
    return open_engine(model, None).body(messages or question(0), about)


# --- what is sent


def test_only_what_the_record_names_is_sent_to_a_chat_endpoint():
    plain = entry(temperature=None, seed=None, max_tokens=50)
    assert chat_format.request_of(body_of(plain)) == {
        "model": "tiny",
        "messages": question(0),
        "max_tokens": 50,
    }
    full = entry(
        temperature=0.5, seed=7, token_field="max_completion_tokens", max_tokens=50, effort="low",
        logprobs=5, thinking={"form": "enabled", "budget": 99},
        extra_body={"top_k": 1, "chat_template_kwargs": {"language": "en"}},
    )  # fmt: skip
    about = About("condition", "minimal", {}, schema=SCHEMA)
    assert chat_format.request_of(body_of(full, about=about)) == {
        "model": "tiny", "messages": question(0), "max_completion_tokens": 50, "temperature": 0.5, "seed": 7,
        "reasoning_effort": "low", "logprobs": True, "top_logprobs": 5, "top_k": 1,
        "chat_template_kwargs": {"enable_thinking": True, "language": "en"}, "thinking_token_budget": 99,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "condition", "schema": SCHEMA, "strict": True},
        },
    }  # fmt: skip
    field = entry(thinking={"form": "disabled", "route": "field"})
    assert chat_format.request_of(body_of(field))["thinking"] == {"type": "disabled"}


def test_only_what_the_record_names_is_sent_to_a_messages_endpoint():
    messages = [{"role": "system", "content": "Be brief."}, *question(0)]
    plain = entry("anthropic", max_tokens=50)
    assert anthropic.request_of(body_of(plain, messages)) == {
        "model": "tiny", "messages": question(0), "max_tokens": 50, "system": "Be brief.",
    }  # fmt: skip
    full = entry(
        "anthropic", max_tokens=5000, temperature=0, effort="low", extra_body={"top_k": 1},
        thinking={"form": "enabled", "budget": 2000, "display": "summarized"}, cache_system=True,
    )  # fmt: skip
    body = body_of(full, messages, About("question", "q", {}, schema=SCHEMA))
    assert anthropic.request_of(body, cache_system=True) == {
        "model": "tiny", "messages": question(0), "max_tokens": 5000, "temperature": 0, "top_k": 1,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "summarized"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    }  # fmt: skip
    assert body["system"] == "Be brief."  # the mark for the cache shapes no answer and is in no digest


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_the_endpoint_gets_the_request_and_nothing_else(engine, tmp_path):
    provider = Provider()
    with served(provider) as url:
        model = entry(engine, url, headers={"X-Study": "sce"}, extra_body={"unheard_of": [1]})
        ask_all(model, tmp_path, range(1))
    request, headers = provider.seen[0]
    module = {"openai": chat_format, "anthropic": anthropic}[engine]
    assert request == module.request_of(body_of(model))
    assert headers["x-study"] == "sce"


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"base_url": "http://127.0.0.1:10/v1"}, True),
        ({"api_key_env": "OTHER_KEY"}, True),
        ({"max_in_flight": 99, "attempts": 2, "patience_s": 5, "timeout_s": 5}, True),
        ({"max_in_flight": "auto"}, True),
        ({"requests_per_minute": 5, "tokens_per_minute": 5, "budget_usd": 1, "mode": "batch"}, True),
        ({"headers": {"X-Gateway": "$GATEWAY_KEY"}}, True),
        ({"headers": {"anthropic-beta": "thing"}}, False),
        ({"model": "other"}, False),
        ({"revision": "second weights"}, False),
        ({"temperature": 1}, False),
        ({"seed": None}, False),
        ({"max_tokens": 999}, False),
        ({"effort": "high"}, False),
        ({"extra_body": {"top_p": 0.5}}, False),
    ],
)
def test_what_shapes_no_answer_is_in_no_digest(fields, same):
    base, other = entry(), entry(**fields)
    assert (body_of(base) == body_of(other)) is same
    assert (base.shape() == other.shape()) is same


# --- how replies are read


def chat(message, finish="stop", **rest):
    return {
        "choices": [
            {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **rest}
        ]
    }


@pytest.mark.parametrize(
    ("response", "status", "text", "reasoning"),
    [
        (chat({"content": "Yes"}), "answered", "Yes", None),
        (chat({"content": "Yes", "reasoning": "hm"}), "answered", "Yes", "hm"),
        (chat({"content": "Yes", "reasoning_content": "hm"}), "answered", "Yes", "hm"),
        (chat({"content": [{"text": "Y"}, {"text": "es"}]}), "answered", "Yes", None),
        (chat({"content": "Ye"}, "length"), "truncated", "Ye", None),
        (chat({"content": None, "reasoning": "hm"}, "length"), "truncated", "", "hm"),
        (chat({"content": None, "reasoning": "hm"}), "answered", "", "hm"),  # ended inside its reasoning
        (chat({"content": "", "refusal": "No."}), "refused", "No.", None),
        (chat({"content": ""}, "content_filter"), "refused", "", None),
    ],
)  # fmt: skip
def test_a_chat_reply_is_read(response, status, text, reasoning):
    reply = chat_format.reply_of(response)
    assert (reply.status, reply.response, reply.reasoning) == (status, text, reasoning)
    assert reply.turn is None  # OpenAI's format takes back the text alone


@pytest.mark.parametrize(
    "response",
    [{}, {"choices": []}, chat({"content": ""}), chat({"content": None}), chat({"content": "x"}, "error")],
)
def test_a_chat_reply_that_is_none_is_tried_again(response):
    with pytest.raises(Transient):
        chat_format.reply_of(response)


def test_usage_and_logprobs_of_a_chat_reply():
    response = chat({"content": "A"}, logprobs={"content": [
        {"token": "A", "logprob": -0.1, "bytes": [65], "top_logprobs": [
            {"token": "A", "logprob": -0.1, "bytes": [65]}, {"token": "B", "logprob": -2.5, "bytes": None},
        ]},
    ]})  # fmt: skip
    response["usage"] = {
        "prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39,
        "prompt_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 6},
    }  # fmt: skip
    reply = chat_format.reply_of(response)
    assert reply.usage == {"in": 30, "cached": 16, "written": 4, "out": 9, "reasoning": 6}
    assert reply.logprobs == [{"token": "A", "logprob": -0.1, "top": [["A", -0.1], ["B", -2.5]]}]
    assert chat_format.reply_of(chat({"content": "A"})).usage == {}


def test_thinking_goes_back_as_it_came_and_signed():
    thinking = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    redacted = {"type": "redacted_thinking", "data": "eA=="}
    text = {"type": "text", "text": '{"answer": "A"}', "citations": None}
    reply = anthropic.reply_of({
        "content": [thinking, redacted, text], "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 10, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 3,
            "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 5},
        },
    })  # fmt: skip
    assert (reply.response, reply.reasoning) == ('{"answer": "A"}', "hm")
    assert reply.turn == {
        "role": "assistant",
        "content": [thinking, redacted, {"type": "text", "text": '{"answer": "A"}'}],
    }
    assert reply.usage == {"in": 33, "cached": 20, "written": 3, "out": 9, "reasoning": 5}
    follow_up = [*question(0), reply.turn, {"role": "user", "content": "And now?"}]
    assert anthropic.request_of(body_of(entry("anthropic"), follow_up))["messages"] == follow_up


@pytest.mark.parametrize(
    ("blocks", "stop", "status"),
    [
        ([{"type": "text", "text": "A"}], "end_turn", "answered"),
        ([{"type": "text", "text": "A"}], "max_tokens", "truncated"),
        ([{"type": "text", "text": "A"}], "model_context_window_exceeded", "truncated"),
        ([{"type": "thinking", "thinking": "", "signature": "s"}], "max_tokens", "truncated"),
        ([], "refusal", "refused"),
        ([{"type": "thinking", "thinking": "", "signature": "s"}], "end_turn", "answered"),
        ([], "end_turn", None),
        ([{"type": "text", "text": "A"}], "pause_turn", None),
    ],
)
def test_a_message_is_read(blocks, stop, status):
    response = {"content": blocks, "stop_reason": stop}
    if status is None:
        with pytest.raises(Transient):
            anthropic.reply_of(response)
    else:
        assert anthropic.reply_of(response).status == status


def test_a_message_without_thinking_goes_back_as_its_text():
    response = {"content": [{"type": "text", "text": "A"}], "stop_reason": "end_turn"}
    assert anthropic.reply_of(response).turn is None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, 0),
    ],
)
def test_retry_after_in_all_its_forms(headers, wait):
    assert wait_of(headers) == wait


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (429, {"error": {"message": "x"}}, Transient),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Transient),
        (200, {"error": {"code": 502, "message": "upstream"}}, Transient),
        (200, {"error": {"code": 403, "message": "no"}}, Fatal),
        (200, {"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}, Transient),
        (400, [{"error": {"code": 400, "message": "not valid", "status": "INVALID_ARGUMENT"}}], Fatal),
        (422, {"detail": "temperature must be 1"}, Fatal),
        (500, "<html>oops</html>", Transient),
        (501, {"error": "not implemented"}, Fatal),
        (400, {"error": {"message": "messages.1: Invalid `signature` in `thinking` block"}}, Rejected),
    ],
)  # fmt: skip
def test_errors_in_the_forms_that_providers_give_them(status, payload, kind):
    assert type(fault_of(status, payload)) is kind


# --- the endpoint, before the first question


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_a_model_that_is_not_served_is_told_with_those_that_are(engine, tmp_path):
    provider = Provider(models=["tiny-2026", "huge"])
    with served(provider) as url, pytest.raises(Fatal) as fatal:
        ask_all(entry(engine, url), tmp_path, range(3))
    assert "does not serve tiny; it serves tiny-2026, huge" in str(fatal.value)
    assert provider.seen == []  # told before any question


def test_an_alias_that_is_served_without_being_listed_passes(tmp_path):
    provider = Provider(models=["tiny"])
    listed = provider.models[:]

    def handler(method, path, headers, body):
        if path == "/v1/models":
            return Answer.of({"data": [{"id": "tiny-20260101"}]})
        return provider(method, path, headers, body)

    with served(handler) as url:
        found, _ = ask_all(entry(url=url), tmp_path, range(1))
    assert found[0].status == "answered"
    assert listed == ["tiny"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"effort": "xhigh"}, "does not take effort: xhigh"),
        ({"thinking": {"form": "disabled"}}, "does not take thinking: disabled"),
        ({"decoding": "json_schema"}, "does not take decoding: json_schema"),
        ({"effort": "low", "thinking": {"form": "adaptive"}}, None),
        ({"effort": "xhigh", "check_model": False}, None),
    ],
)
def test_what_an_endpoint_tells_of_a_model_is_heeded(fields, told, tmp_path):
    provider = Provider()
    capabilities = {
        "effort": {"supported": True, "low": {"supported": True}, "xhigh": {"supported": False}},
        "thinking": {"types": {"adaptive": {"supported": True}, "disabled": {"supported": False}}},
        "structured_outputs": {"supported": False},
    }

    def handler(method, path, headers, body):
        if path.startswith("/v1/models"):
            return Answer.of({"data": [{"id": "tiny", "capabilities": capabilities}]})
        return provider(method, path, headers, body)

    with served(handler) as url:
        model = entry("anthropic", url, **fields)
        if told is None:
            assert ask_all(model, tmp_path, range(1))[0][0].status == "answered"
        else:
            with pytest.raises(Fatal, match=told):
                ask_all(model, tmp_path, range(1))


def test_a_fault_on_the_way_is_no_unknown_model(tmp_path):
    provider = Provider()

    def handler(method, path, headers, body):
        if path == "/v1/models":
            return Answer.of({"data": [{"id": "another"}]})
        return Answer(503) if method == "GET" else provider(method, path, headers, body)

    with served(handler) as url:
        assert ask_all(entry(url=url), tmp_path, range(1))[0][0].status == "answered"


@pytest.mark.parametrize(
    "listing", [Answer(404, b"{}"), Answer(200, b"<html>", "text/html"), Answer(500, b"")]
)
def test_an_endpoint_without_a_list_of_models_is_asked_all_the_same(listing, tmp_path):
    provider = Provider()

    def handler(method, path, headers, body):
        return listing if path == "/v1/models" else provider(method, path, headers, body)

    with served(handler) as url:
        found, _ = ask_all(entry(url=url), tmp_path, range(1))
    assert found[0].status == "answered"


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_an_endpoint_that_is_down_is_told_soon(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.engines.remote.DOWN_S", 0.6)
    with refusing() as url, pytest.raises(Fatal, match="nothing answers at http://127"):
        ask_all(entry(engine, url), tmp_path, range(3))


def test_a_server_that_goes_away_later_is_a_passing_fault(tmp_path, monkeypatch):
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.02)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.05)
    breaks = iter([True] * 3)

    def reply(request):
        return Answer(sent=0) if next(breaks, False) else "fine"

    with served(Provider(reply=reply)) as url:
        found, asker = ask_all(entry(url=url, max_in_flight=1), tmp_path, range(2))
    assert {e.status for e in found.values()} == {"answered"}
    assert asker.faults.total() == 3


def test_closing_without_starting_is_safe():
    asyncio.run(open_engine(entry(), None).close())
