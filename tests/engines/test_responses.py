"""OpenAI's Responses API: what is sent, and how a response is read."""

import pytest

from sce.engines import About, Rejected, Transient, open_engine, without_identity
from sce.engines.faults import fault_of
from sce.engines.responses import reply_of
from sce.errors import InputError
from sce.files.contracts import check
from sce.models.job_needs import pool
from tests.asking.questions import Entries, entry_of, question

SCHEMA = {"type": "object", "properties": {"answer": {"enum": ["A", "B"]}}, "required": ["answer"]}


def entry(**fields):
    return entry_of({"engine": "responses", "model": "tiny"} | fields)


def request(model, messages=None, **about):
    about = About("question", "question", {}, **about)
    return without_identity(open_engine(model, None).body(messages or question(0), about))


def message(text="A", **more):
    part = {"type": "output_text", "text": text, "annotations": []}
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    } | more


def thought(**more):
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "eA=="} | more


def response(*output, **more):
    return {"status": "completed", "output": list(output)} | more


def test_only_what_the_record_names_is_sent():
    assert request(entry(max_tokens=50)) == {
        "model": "tiny", "input": question(0), "max_output_tokens": 50, "store": False,
    }  # fmt: skip
    full = entry(
        max_tokens=50, temperature=0.5, effort="low", summary="auto", logprobs=3, decoding="json_schema",
        extra_body={"top_p": 0.5, "text": {"verbosity": "low"}, "reasoning": {"context": "all_turns"}},
    )  # fmt: skip
    assert request(full, schema=SCHEMA) == {
        "model": "tiny", "input": question(0), "max_output_tokens": 50, "store": False, "temperature": 0.5,
        "reasoning": {"effort": "low", "summary": "auto", "context": "all_turns"}, "top_p": 0.5,
        "text": {
            "format": {"type": "json_schema", "name": "question", "schema": SCHEMA, "strict": True},
            "verbosity": "low",
        },
        "top_logprobs": 3, "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    }  # fmt: skip


def test_reasoning_goes_back_as_it_came_and_log_probabilities_stay():
    told = {
        "token": "A",
        "logprob": -0.5,
        "bytes": [65],
        "top_logprobs": [{"token": "B", "logprob": -1, "bytes": []}],
    }
    said = message()
    said["content"][0]["logprobs"] = [told]
    reply = reply_of(response(thought(), said))
    assert reply.logprobs == [{"token": "A", "logprob": -0.5, "top": [["B", -1]]}]
    kept = message()
    kept["content"][0]["logprobs"] = []
    assert reply.turn == {"role": "assistant", "content": [thought(), kept]}
    talk = [*question(0), reply.turn, {"role": "user", "content": "And now?"}]
    assert request(entry(), talk)["input"] == [
        *question(0), thought(), kept, {"role": "user", "content": "And now?"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    "output",
    [
        [message()],
        # It was kept nowhere, so it cannot be sent back.
        [thought(encrypted_content=None), message()],
    ],
)
def test_without_reasoning_the_text_goes_back(output):
    assert reply_of(response(*output)).turn is None


def test_a_phase_goes_back_and_comments_are_no_answer():
    comment, answer = message("Let me see.", phase="commentary"), message(phase="final_answer")
    reply = reply_of(response(comment, answer))
    assert reply.response == "A"
    assert reply.turn == {"role": "assistant", "content": [comment, answer]}


@pytest.mark.parametrize(
    ("told", "status", "text", "reasoning"),
    [
        (response(message()), "answered", "A", None),
        (
            response(thought(summary=[{"type": "summary_text", "text": "hm"}]), message()),
            "answered", "A", "hm",
        ),
        (
            response(thought(content=[{"type": "reasoning_text", "text": "long"}]), message()),
            "answered", "A", "long",
        ),
        (response(thought()), "answered", "", None),  # ended inside its reasoning
        (
            response(thought(), status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "truncated", "", None,
        ),
        (
            response(message("x"), status="incomplete", incomplete_details={"reason": "content_filter"}),
            "refused", "x", None,
        ),
        (response(message(content=[{"type": "refusal", "refusal": "No."}])), "refused", "No.", None),
        (response({"type": "web_search_call", "id": "ws_1"}, message()), "answered", "A", None),
    ],
)  # fmt: skip
def test_a_response_is_read(told, status, text, reasoning):
    reply = reply_of(told)
    assert (reply.status, reply.response, reply.reasoning) == (status, text, reasoning)


@pytest.mark.parametrize(
    "told",
    [
        response(),
        response(message("")),
        response(message(), status="in_progress"),
        response(message(), status="incomplete", incomplete_details={"reason": "steered"}),
    ],
)
def test_a_response_that_is_none_is_tried_again(told):
    with pytest.raises(Transient):
        reply_of(told)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("server_error", Transient), ("rate_limit_exceeded", Transient), ("invalid_prompt", Rejected),
     ("bio_policy", Rejected)],
)  # fmt: skip
def test_a_response_that_failed_says_why(code, kind):
    failed = response(status="failed", error={"code": code, "message": "words"})
    fault = fault_of(200, failed)
    assert type(fault) is kind
    assert "words" in str(fault)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"seed": 1}, "no other key"),
        ({"mode": "batch"}, "'live'"),
        ({"extra_body": {"previous_response_id": "x"}}, "extra_body may not hold previous_response_id"),
        ({"logprobs": 21}, "20"),
        ({"decoding": "json_schema", "structured": "none"}, "structured"),
    ],
)
def test_what_the_protocol_does_not_have_is_refused(fields, told):
    with pytest.raises(InputError, match=told):
        check(Entries, {"models": {"mine": {"engine": "responses", "model": "tiny"} | fields}}, "models.yaml")


def test_its_jobs_share_the_limits_of_openai():
    assert pool(entry()) == "openai"
    assert pool(entry(base_url="http://127.0.0.1:9/v1")) == "api_127_0_0_1_9"
