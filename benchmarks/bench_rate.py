"""How many questions a second one job asks where the provider answers at once, and what several jobs reach.

    python benchmarks/bench_rate.py [RUNS] [--beside FOLDER]      minutes

The job is ``elicit`` on income under two conditions: 5,760 questions in conversations, 32 at once, every
answer committed to a ledger on disk. The server, a process of its own, finds the end of a request and sends a
reply that it made beforehand. Ways to ask, each in a new process, RUNS times (3) in turns:

- the SDK: requests through its client, as it is by default (httpx2);
- its aiohttp: through its client with aiohttp below, which the SDK offers as faster;
- ours: the engine as it is;
- ours, uvloop: on that event loop, where it is installed;
- no HTTP: the reply is handed to the engine, so this is what all the rest of a question takes;
- beside: the package in the checkout FOLDER, as it is.

Processor time is the job's own, from the first question to the last row; the server's is not in it. On a
machine with other work only ratios say something. Then 1, 2 and 4 jobs at once, each with its share of the
points, ask into one ledger: the time from the first question of the first to the last answer of the last.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SDK, AIOHTTP, OURS, UVLOOP, NO_HTTP, BESIDE = (
    "the SDK", "its aiohttp", "ours", "ours, uvloop", "no HTTP", "beside",
)  # fmt: skip
AT_ONCE = (1, 2, 4)
IN_FLIGHT = 32


# --- the server


def _http(payload: dict) -> bytes:
    text = json.dumps(payload).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


def _chat(content: dict) -> dict:
    message = {"role": "assistant", "content": json.dumps(content)}
    return {
        "id": "1", "object": "chat.completion", "created": 1, "model": "tiny",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 150, "completion_tokens": 9, "total_tokens": 159},
    }  # fmt: skip


ANSWER = _chat({"answer": "Below $50,000"})
SCE = _chat({"age": 40, "education": "Bachelor's degree", "hours_per_week": 40, "sex": "Female"})
REPLIES = {b"GET": _http({"data": [{"id": "tiny"}]}), b"first": _http(ANSWER), b"then": _http(SCE)}


class Canned(asyncio.Protocol):
    """Replies as soon as a request is whole: with an answer, and with an SCE where a conversation goes on."""

    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n") + 4) > 3:
            head = self.rest[:end].lower()
            place = head.find(b"content-length:")
            whole = end + (int(head[place + 15 :].split(b"\r\n")[0]) if place > 0 else 0)
            if len(self.rest) < whole:
                return
            asked, self.rest = self.rest[:whole], self.rest[whole:]
            kind = b"GET" if asked.startswith(b"GET") else b"then" if b'"assistant"' in asked else b"first"
            self.transport.write(REPLIES[kind])


async def serve():
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def served():
    """The port of a server."""
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.wait()


# --- one job


def job(way: str, port: int, folder: str, share: str) -> dict:
    """The figures of a job that asks every n-th of the points, ``share`` being "first:n"."""
    from sce.asking.asker import open_asker
    from sce.asking.conversations import elicit
    from sce.asking.protocol import Protocol
    from sce.grids.datasets import load_dataset
    from sce.models.openai import OpenAI
    from sce.wordings.prompts import load_prompt, prompt_file

    first, step = map(int, share.split(":"))
    dataset = load_dataset(ROOT / "resources/datasets/income.yaml")

    class Share(Protocol):
        points = range(first, dataset.size, step)

    conditions = [load_prompt(prompt_file(name)) for name in ("unconstrained", "minimal")]
    protocol = Share(dataset, [load_prompt(prompt_file("question"))], conditions)
    entry = OpenAI(
        engine="openai", model="tiny", base_url=f"http://127.0.0.1:{port}/v1", api_key_env=None,
        max_in_flight=IN_FLIGHT,
    )  # fmt: skip
    prepare(way)
    with open_asker(entry, dataset, folder) as asker:
        begin, busy = time.time(), time.process_time()
        table = elicit(protocol, asker, lambda status: None)
        end, busy = time.time(), time.process_time() - busy
    assert (table["status"] == "answered").all()
    return {"asked": asker.asked, "begin": begin, "end": end, "busy": busy}


def prepare(way):
    """Let the engine ask in this way."""
    import openai

    from sce.engines.openai import ChatEngine

    if way in (SDK, AIOHTTP):
        ChatEngine._post = _post_through_the_sdk
    if way == AIOHTTP:
        kept = openai.AsyncOpenAI
        openai.AsyncOpenAI = lambda **options: kept(**options, http_client=openai.DefaultAioHttpClient())
    if way == UVLOOP:
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if way == NO_HTTP:
        reply = json.dumps(ANSWER)

        async def exchange(engine, send):
            return engine.checker.decoded(reply)

        ChatEngine._exchange = exchange


async def _post_through_the_sdk(engine, request):
    from httpx2 import Response

    return await engine._client.post(engine.PATH, cast_to=Response, body=request)


def start(way, port, folder, share="0:1", package=ROOT):
    line = [sys.executable, __file__, "--job", way, str(port), str(folder), share]
    environment = os.environ | {"PYTHONPATH": str(package)}
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment, cwd=package)


def figures(process) -> dict:
    said = process.communicate()[0]
    if process.returncode:
        sys.exit(f"a job failed with {process.returncode}")
    return json.loads(said)


# --- the comparisons


def compare(ways, runs, beside):
    found = {way: [] for way in ways}
    with served() as port:
        for _ in range(runs):
            for way in ways:
                with tempfile.TemporaryDirectory() as folder:
                    package = beside if way == BESIDE else ROOT
                    found[way].append(figures(start(way, port, folder, package=package)))
    base = None
    print(f"{'':14}{'ms of processor a question':>28}{'a processor second':>20}{'a second':>10}{'ratio':>7}")
    for way, jobs in found.items():
        busy = statistics.median(one["busy"] / one["asked"] for one in jobs)
        rate = max(one["asked"] / (one["end"] - one["begin"]) for one in jobs)
        base = base or busy
        print(f"{way:14}{busy * 1e3:28.3f}{1 / busy:20.0f}{rate:10.0f}{base / busy:7.2f}")


def together(runs):
    for number in AT_ONCE:
        rates = []
        for _ in range(runs):
            with served() as port, tempfile.TemporaryDirectory() as folder:
                jobs = [start(OURS, port, folder, f"{first}:{number}") for first in range(number)]
                done = [figures(one) for one in jobs]
            seconds = max(one["end"] for one in done) - min(one["begin"] for one in done)
            rates.append(sum(one["asked"] for one in done) / seconds)
        print(f"{number} at once into one ledger: {max(rates):.0f} questions a second")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="?", type=int, default=3)
    parser.add_argument("--beside", type=Path)
    options = parser.parse_args()
    ways = [SDK, AIOHTTP, OURS, NO_HTTP]
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: F401

        ways.insert(3, UVLOOP)
    if options.beside:
        ways.insert(0, BESIDE)
    print(f"load average at the start {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    compare(ways, options.runs, options.beside)
    together(options.runs)


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve())
    elif "--job" in sys.argv:
        print(json.dumps(job(*sys.argv[2:4], *sys.argv[4:])))
    else:
        main()
