"""Google's Gemini API: what is sent, and how a response is read."""

import asyncio
import base64
import sys

import pytest

from sce.engines import About, Fatal, Transient, open_engine, without_identity
from sce.engines.faults import fault_of
from sce.engines.gemini import reply_of
from sce.errors import InputError
from sce.files.contracts import check
from sce.money.prices import Price
from tests.asking.questions import ABOUT, Entries, ask_all, entry_of, question
from tests.doors import KEY, GeminiDoor, require_sdk
from tests.faults import served

SCHEMA = {"type": "object", "properties": {"answer": {"enum": ["A", "B"]}}, "required": ["answer"]}


def entry(**fields):
    return entry_of({"engine": "gemini", "model": "tiny"} | fields)


def request(model, messages=None, **about):
    about = About("question", "question", {}, **about)
    return without_identity(open_engine(model, None).body(messages or question(0), about))


def response(*parts, finish="STOP", **more):
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": finish} | more]
    }


ASKED = [{"role": "user", "parts": [{"text": "question 0"}]}]


def test_only_what_the_record_names_is_sent():
    plain = entry(max_tokens=50, temperature=None, seed=None)
    assert request(plain) == {
        "model": "tiny", "contents": ASKED, "generationConfig": {"maxOutputTokens": 50}
    }  # fmt: skip
    full = entry(
        max_tokens=50, temperature=0.5, seed=7, logprobs=3, effort="low", decoding="json_schema",
        thinking={"form": "adaptive", "display": "summarized"},
        extra_body={"safetySettings": [], "generationConfig": {"topP": 0.5}},
    )  # fmt: skip
    messages = [{"role": "system", "content": "Be brief."}, *question(0)]
    assert request(full, messages, schema=SCHEMA) == {
        "model": "tiny", "contents": ASKED, "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {
            "maxOutputTokens": 50, "temperature": 0.5, "seed": 7, "responseLogprobs": True, "logprobs": 3,
            "responseMimeType": "application/json", "responseJsonSchema": SCHEMA, "topP": 0.5,
            "thinkingConfig": {"thinkingLevel": "low", "includeThoughts": True},
        },
        "safetySettings": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("thinking", "sent"),
    [
        ({"form": "adaptive"}, {"thinkingBudget": -1}),
        ({"form": "enabled", "budget": 2000}, {"thinkingBudget": 2000}),
        ({"form": "disabled"}, {"thinkingBudget": 0}),
        (
            {"form": "enabled", "budget": 9, "display": "summarized"},
            {"thinkingBudget": 9, "includeThoughts": True},
        ),
    ],
)
def test_thinking_in_all_its_forms(thinking, sent):
    assert request(entry(thinking=thinking))["generationConfig"]["thinkingConfig"] == sent


def test_the_endpoint_gets_the_request_and_nothing_else(tmp_path, monkeypatch):
    require_sdk(GeminiDoor)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    door = GeminiDoor()
    with served(door) as url:
        model = entry(
            base_url=url, system="Be brief.", headers={"X-Study": "sce"}, decoding="json_schema", logprobs=2,
            thinking={"form": "disabled"}, extra_body={"unheardOf": [1], "generationConfig": {"topQ": 1}},
        )  # fmt: skip
        engine = open_engine(model, None)
        body = engine.body([{"role": "system", "content": "Be brief."}, *question(0)], ABOUT)

        async def ask():
            await engine.start()
            try:
                return await engine.ask(body)
            finally:
                await engine.close()

        reply = asyncio.run(ask())
    path, headers, sent = door.seen[0]
    assert path == "/v1/models/tiny:generateContent"
    assert {"model": "tiny", **sent} == without_identity(body)
    assert headers["x-study"] == "sce"
    assert headers["x-goog-api-key"] == KEY
    assert reply.reasoning == "hm"


def test_signed_thoughts_go_back_as_they_came(tmp_path, monkeypatch):
    require_sdk(GeminiDoor)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    turn = reply_of(GeminiDoor().payload("A")).turn
    door = GeminiDoor()
    talk = [*question(0), turn, {"role": "user", "content": "And now?"}]
    with served(door) as url:
        engine = open_engine(entry(base_url=url), None)

        async def ask():
            await engine.start()
            try:
                await engine.ask(engine.body(talk, ABOUT))
            finally:
                await engine.close()

        asyncio.run(ask())
    contents = door.seen[0][2]["contents"]
    assert [content["role"] for content in contents] == ["user", "model", "user"]
    thought, said = contents[1]["parts"]
    assert thought == {"text": "hm", "thought": True}
    assert said["text"] == "A"
    assert base64.b64decode(said["thoughtSignature"], altchars=b"-_") == base64.b64decode("c2lnbmVk+/8=")


@pytest.mark.parametrize(
    ("told", "status", "text", "finish"),
    [
        (response({"text": "A"}), "answered", "A", "STOP"),
        (response({"text": "A"}, {"text": "B"}), "answered", "AB", "STOP"),
        (response({"text": "hm", "thought": True}, {"text": "A"}), "answered", "A", "STOP"),
        (response({"text": "A"}, finish="MAX_TOKENS"), "truncated", "A", "MAX_TOKENS"),
        ({"candidates": [{"finishReason": "MAX_TOKENS"}]}, "truncated", "", "MAX_TOKENS"),
        ({"candidates": [{"content": {}, "finishReason": "SAFETY"}]}, "refused", "", "SAFETY"),
        (response(finish="PROHIBITED_CONTENT"), "refused", "", "PROHIBITED_CONTENT"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "refused", "", "prompt blocked: SAFETY"),
    ],
)
def test_a_response_is_read(told, status, text, finish):
    reply = reply_of(told)
    assert (reply.status, reply.response, reply.finish_reason) == (status, text, finish)
    assert reply.turn is None


@pytest.mark.parametrize(
    "told",
    [{}, {"candidates": []}, response(), response({"text": "A"}, finish="OTHER"), {"candidates": [{}]}],
)
def test_a_response_that_is_none_is_tried_again(told):
    with pytest.raises(Transient):
        reply_of(told)


def test_usage_and_log_probabilities():
    told = response({"text": "A"}, logprobsResult={
        "chosenCandidates": [{"token": "A", "tokenId": 1, "logProbability": -0.1}],
        "topCandidates": [{"candidates": [
            {"token": "A", "logProbability": -0.1}, {"token": "B", "logProbability": -2.5},
        ]}],
    })  # fmt: skip
    assert reply_of(told).logprobs == [{"token": "A", "logprob": -0.1, "top": [["A", -0.1], ["B", -2.5]]}]
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 5}
    assert reply_of(told | {"usageMetadata": usage}).usage == {"in": 9, "out": 5}
    usage = {"promptTokenCount": 9, "thoughtsTokenCount": 7}
    assert reply_of(told | {"usageMetadata": usage}).usage == {"in": 9, "out": 7, "reasoning": 7}
    assert reply_of(told).usage == {}


def test_errors_as_google_gives_them():
    quota = {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure"},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"},
    ]}}  # fmt: skip
    assert fault_of(429, quota).wait == 34.5
    assert fault_of(429, quota, {"retry-after": "2"}).wait == 2
    key = {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}
    fault = fault_of(400, key)
    assert (type(fault), fault.status) == (Fatal, 401)


def test_a_model_that_is_not_served_is_told_with_those_that_are(tmp_path, monkeypatch):
    require_sdk(GeminiDoor)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    door = GeminiDoor()
    listed = door.listing
    door.listing = lambda path: listed(path) if "?" in path else door.fault(404, "no such model")
    with served(door) as url, pytest.raises(Fatal, match="does not serve other; it serves tiny"):
        ask_all(entry(base_url=url, model="other"), tmp_path, range(1))
    assert door.seen == []


def test_a_budget_knows_its_limit():
    price = Price(input=0, output=1000)
    assert price.bound(open_engine(entry(max_tokens=50), None).body(question(0), ABOUT), False) == 0.05


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"mode": "batch"}, "'live'"),
        ({"token_field": "max_tokens"}, "no other key"),
        ({"seed": 2**31}, "2147483648"),
        ({"model": "../tiny"}, "the name of a model, without"),
        ({"model": "tiny?alt=sse"}, "the name of a model, without"),
        ({"effort": "low", "thinking": {"form": "disabled"}}, "a level or a budget"),
        ({"thinking": {"form": "enabled"}}, "budget with form: enabled"),
        ({"extra_body": {"generationConfig": {"seed": 1}}}, "extra_body may not hold seed"),
        ({"extra_body": {"contents": []}}, "extra_body may not hold contents"),
    ],
)
def test_what_the_protocol_does_not_have_is_refused(fields, told):
    with pytest.raises(InputError, match=told):
        check(Entries, {"models": {"mine": {"engine": "gemini", "model": "tiny"} | fields}}, "models.yaml")


def test_a_missing_sdk_is_told_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.genai", None)
    with pytest.raises(
        Fatal, match=r"the engine gemini needs the package google-genai \(pip install google-g"
    ):
        ask_all(entry(api_key_env=None), tmp_path, range(1))
