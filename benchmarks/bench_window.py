"""How near ``max_in_flight: auto`` comes to the best fixed number, at providers whose limits nobody knows.

    python benchmarks/bench_window.py [QUESTIONS [SEED]]

The tries, pauses and places of a job (``sce.asking``) run in virtual time: the clock jumps to whatever
happens next, so that hours take seconds. Only the provider is simulated. Latencies are log-normal (median
1 s, sigma 0.6), one in a hundred 10 times as long. Providers:

- knee K: latencies stay as they are with up to K requests in flight and grow in proportion beyond;
- crowd K: they grow with the square, so that too many in flight cost time;
- at most C: what comes while C are in flight is refused at once (429);
- R a second: what exceeds the rate, saved up for a second at most, is refused at once;
- R a minute: what exceeds the number is refused, with Retry-After until the next minute begins.

With "then", the limit changes when half of the questions are answered.
"""

import asyncio
import random
import selectors
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent))

from sce.asking import pacing, tries
from sce.asking.window import MOST, Slots, Window
from sce.engines.faults import fault_of
from sce.ledger.entries import Reply

QUESTIONS = 4000
FIXED = [2**n for n in range(10)]
MEDIAN_S, SIGMA, SLOW_SHARE, SLOW_FACTOR = 1.0, 0.6, 0.01, 10
REFUSAL_S = 0.05
ATTEMPTS, PATIENCE_S = 6, 600  # the defaults of an entry


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next thing that is due."""

    def __init__(self):
        self.now = 0.0
        super().__init__(selectors.SelectSelector())
        self._selector.select = self._jump

    def time(self):
        return self.now

    def _jump(self, timeout=None):
        if timeout is None:
            raise RuntimeError("everything waits, and nothing is due")
        self.now += timeout
        return []


@dataclass
class Run:
    """How a run went. ``seconds`` of virtual time; ``latency_s``: the mean of an answer."""

    seconds: float
    failed: int
    refusals: int
    latency_s: float
    attempts: int


class Provider:
    """An engine that answers after a latency, or refuses. ``limits``: before and after half of the
    ``questions`` are answered; ``judge(provider, latency)``: the latency in the present state, or None and
    perhaps the seconds to wait."""

    def __init__(self, judge, limits, questions, seed):
        self.judge, self.limits, self.questions = judge, limits, questions
        self.draw = random.Random(seed)
        self.in_flight = self.answered = self.refusals = 0
        self.seconds = 0.0
        self.tokens, self.since = 0.0, 0.0

    @property
    def limit(self):
        return self.limits[self.answered >= self.questions / 2]

    async def ask(self, body):
        now = asyncio.get_running_loop().time()
        slow = SLOW_FACTOR if self.draw.random() < SLOW_SHARE else 1
        latency = self.judge(self, MEDIAN_S * self.draw.lognormvariate(0, SIGMA) * slow, now)
        if not isinstance(latency, float):
            await asyncio.sleep(REFUSAL_S)
            self.refusals += 1
            raise fault_of(429, {"error": {"message": "slow down"}}, latency)
        self.in_flight += 1
        await asyncio.sleep(latency)
        self.in_flight -= 1
        self.answered += 1
        self.seconds += latency
        return Reply("answered", "yes", finish_reason="stop")


def knee(provider, latency, now):
    return latency * max(1.0, (provider.in_flight + 1) / provider.limit)


def crowd(provider, latency, now):
    return latency * max(1.0, (provider.in_flight + 1) / provider.limit) ** 2


def at_most(provider, latency, now):
    return latency if provider.in_flight < provider.limit else {}


def a_second(provider, latency, now):
    provider.tokens += (now - provider.since) * provider.limit
    provider.tokens, provider.since = min(provider.tokens, provider.limit), now
    if provider.tokens < 1:
        return {}
    provider.tokens -= 1
    return latency


def a_minute(provider, latency, now):
    if now // 60 != provider.since:
        provider.tokens, provider.since = 0, now // 60
    if provider.tokens >= provider.limit:
        return {"retry-after": str(60 - now % 60)}
    provider.tokens += 1
    return latency


@dataclass(frozen=True)
class Scenario:
    """A kind of provider and its limit, before and after half of the questions."""

    judge: Callable
    before: float
    after: float | None = None

    @property
    def name(self):
        kind = self.judge.__name__.replace("_", " ")
        name = f"{self.before} {kind}" if kind.startswith("a ") else f"{kind} {self.before}"
        return name if self.after is None else f"{name}, then {self.after}"


SCENARIOS = [
    Scenario(knee, 4), Scenario(knee, 16), Scenario(knee, 64), Scenario(knee, 64, 32),
    Scenario(knee, 32, 64), Scenario(crowd, 8), Scenario(crowd, 64), Scenario(at_most, 1),
    Scenario(at_most, 4), Scenario(at_most, 24), Scenario(at_most, 64), Scenario(at_most, 64, 32),
    Scenario(at_most, 32, 64), Scenario(a_second, 5), Scenario(a_second, 40), Scenario(a_second, 40, 20),
    Scenario(a_second, 20, 40), Scenario(a_minute, 600), Scenario(a_minute, 600, 1200),
]  # fmt: skip


def simulate(scenario: Scenario, in_flight: int | None, questions: int = QUESTIONS, seed: int = 1) -> Run:
    """A run with a fixed number in flight, or the one that is found (None)."""
    loop = VirtualLoop()
    limits = (scenario.before, scenario.before if scenario.after is None else scenario.after)
    provider = Provider(scenario.judge, limits, questions, seed)
    random.seed(seed)  # of the waits between tries
    clock = SimpleNamespace(monotonic=loop.time)
    with mock.patch.object(tries, "time", clock), mock.patch.object(pacing, "time", clock):
        entries = loop.run_until_complete(_ask_all(provider, in_flight, questions))
    loop.close()
    failed = sum(entry.status != "answered" for entry in entries)
    most = max(entry.attempts for entry in entries)
    return Run(loop.now, failed, provider.refusals, provider.seconds / max(1, provider.answered), most)


async def _ask_all(provider, in_flight, questions):
    trying = tries.Tries(provider, pacing.Pace(), ATTEMPTS, PATIENCE_S)
    slots, limit = Slots(Window()), asyncio.Semaphore(in_flight or MOST)
    rest, entries = iter(range(questions)), []

    async def work():
        for _ in rest:
            async with slots.place() if in_flight is None else limit as place:
                entries.append(await trying.entry("", {}, place))

    await asyncio.gather(*(work() for _ in range(in_flight or MOST)))
    return entries


def main():
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print(
        "| provider | best fixed | it takes | auto | of the best | failed | refused | latency, best, auto |"
    )
    print("|---|---|---|---|---|---|---|---|")
    begin = time.process_time()
    for scenario in SCENARIOS:
        runs = {size: simulate(scenario, size, questions, seed) for size in FIXED}
        best = min(runs, key=lambda size: runs[size].seconds)
        auto = simulate(scenario, None, questions, seed)
        fixed = runs[best]
        print(
            f"| {scenario.name} | {best} | {fixed.seconds:.0f} s | {auto.seconds:.0f} s | "
            f"{fixed.seconds / auto.seconds:.1%} | {auto.failed} ({fixed.failed}) | "
            f"{auto.refusals} ({fixed.refusals}) | {fixed.latency_s:.2f} s, {auto.latency_s:.2f} s |",
            flush=True,
        )
    print(f"{time.process_time() - begin:.0f} s of processor time")


if __name__ == "__main__":
    main()
