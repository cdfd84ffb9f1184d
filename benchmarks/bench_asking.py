"""How near asking comes to the ideal when latencies have a heavy tail.

    python benchmarks/bench_asking.py            about a minute and a half on two cores

A loopback server answers 2000 questions, each after a latency drawn from a log-normal distribution; one in a
hundred takes 10 times as long. 32 may be under way at once. Compared are

- the ideal: the sum of all latencies / 32, which no order of asking can beat;
- the window: a server asked by someone who costs no time, who sends the next question whenever one returns.
  It knows no latency beforehand, so a slow question that happens to come last is waited for alone;
- ours: the openai engine behind an Asker, every answer committed to a ledger on disk;
- the published strategy without its sleep: send 32, wait for all of them, send the next 32. Measured over
  the first 320 questions; over all of them it takes at least the sum of every batch's slowest.
"""

import asyncio
import heapq
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

QUESTIONS, IN_FLIGHT = 2000, 32
MEDIAN_S, SIGMA, SLOW_SHARE, SLOW_FACTOR = 0.45, 0.6, 0.01, 10
PUBLISHED_MEASURED = 320


def latencies(seed: int) -> list[float]:
    draw = random.Random(seed)
    slow = set(draw.sample(range(QUESTIONS), int(QUESTIONS * SLOW_SHARE)))
    return [
        MEDIAN_S * draw.lognormvariate(0, SIGMA) * (SLOW_FACTOR if i in slow else 1) for i in range(QUESTIONS)
    ]


def ideal(times):
    return sum(times) / IN_FLIGHT


def window(times):
    """The time a perfect window takes over the questions in this order."""
    free_at = [0.0] * IN_FLIGHT
    for seconds in times:
        heapq.heapreplace(free_at, free_at[0] + seconds)
    return max(free_at)


def batches(times):
    """The least time that batches take which wait for their slowest."""
    return sum(max(times[i : i + IN_FLIGHT]) for i in range(0, len(times), IN_FLIGHT))


# --- the server, in a process of its own


async def serve(times):
    reply = {
        "id": "1", "object": "chat.completion", "created": 1, "model": "tiny",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": '{"answer": "Below $50,000"}'},
        }],
        "usage": {"prompt_tokens": 150, "completion_tokens": 9, "total_tokens": 159},
    }  # fmt: skip
    listing = {"object": "list", "data": [{"id": "tiny"}]}

    async def converse(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = [
                    line.split(":")[1] for line in head.lower().split("\r\n") if "content-length" in line
                ]
                body = await reader.readexactly(int(length[0])) if length else b""
                payload = listing
                if head.startswith("POST"):
                    number = int(json.loads(body)["messages"][0]["content"].split()[-1])
                    await asyncio.sleep(times[number])
                    payload = reply
                text = json.dumps(payload).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(text), text)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# --- the two strategies


def entry(port=9):
    from sce.models.openai import OpenAI

    return OpenAI(
        engine="openai", model="tiny", base_url=f"http://127.0.0.1:{port}/v1", api_key_env=None,
        max_in_flight=IN_FLIGHT,
    )  # fmt: skip


def question(number):
    return [{"role": "user", "content": f"A question of about the usual length. {'word ' * 100} {number}"}]


async def ask_in_window(asker, numbers):
    from sce.engines import About

    rest, about = iter(numbers), About("question", "question", {})

    async def work():
        for number in rest:
            await asker.ask(question(number), about)

    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


async def ask_in_batches(asker, numbers):
    from sce.engines import About

    about = About("question", "question", {})
    for i in range(0, len(numbers), IN_FLIGHT):
        await asyncio.gather(*(asker.ask(question(n), about) for n in numbers[i : i + IN_FLIGHT]))


def timed(strategy, port, numbers):
    """Seconds from the first question to the last answer on disk; the engine was started before."""
    from sce.asking.asker import open_asker

    async def run(asker):
        await asker._begin()
        begin = time.perf_counter()
        await strategy(asker, numbers)
        seconds = time.perf_counter() - begin
        await asker.close()
        return seconds

    with tempfile.TemporaryDirectory() as folder, open_asker(entry(port), None, folder) as asker:
        seconds = asyncio.run(run(asker))
        assert asker.asked == len(numbers)
    return seconds


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    times = latencies(seed)
    load = os.getloadavg()[0]
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(seed)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(server.stdout.readline())
        ours = timed(ask_in_window, port, range(QUESTIONS))
        first = list(range(PUBLISHED_MEASURED))
        published = timed(ask_in_batches, port, first)
    finally:
        server.kill()
        server.wait()
    print(f"load average at the start {load:.1f} on {os.cpu_count()} cores; seed {seed}")
    print(f"{QUESTIONS} questions, {IN_FLIGHT} in flight, {sum(times) / QUESTIONS:.3f} s each on average")
    print(f"ideal (sum / {IN_FLIGHT})   {ideal(times):7.2f} s")
    print(f"window              {window(times):7.2f} s  {ideal(times) / window(times):6.1%} of the ideal")
    print(
        f"ours                {ours:7.2f} s  {ideal(times) / ours:6.1%} of the ideal, "
        f"{window(times) / ours:.1%} of the window"
    )
    print(f"published, at least {batches(times):7.2f} s  {batches(times) / ours:.2f} times ours")
    some = times[:PUBLISHED_MEASURED]
    print(
        f"  its first {PUBLISHED_MEASURED} questions took {published:.2f} s (at least {batches(some):.2f} s)"
    )
    draws = [latencies(n) for n in range(200)]
    of_ideal = [ideal(d) / window(d) for d in draws]
    print(
        f"window over 200 draws: {statistics.median(of_ideal):.1%} of the ideal "
        f"({min(of_ideal):.1%} to {max(of_ideal):.1%})"
    )


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve(latencies(int(sys.argv[2]))))
    else:
        main()
