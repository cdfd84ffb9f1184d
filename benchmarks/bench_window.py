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
import heapq
import random
import selectors
import sys
import time
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
    """An engine that answers a question after its own latency, slowed by what else is in flight, or refuses
    it. ``limits``: before and after half of the ``questions`` are answered."""

    def __init__(self, limits, questions, seed):
        draw = random.Random(seed)
        slow = set(draw.sample(range(questions), int(questions * SLOW_SHARE)))
        self.latencies = [
            MEDIAN_S * draw.lognormvariate(0, SIGMA) * (SLOW_FACTOR if i in slow else 1)
            for i in range(questions)
        ]
        self.limits = limits
        self.answered = self.refusals = 0
        self.seconds = 0.0
        # Work is shared alike: each request ends when as much has been done for it as it needs.
        self.done, self.at, self.timer = 0.0, 0.0, None
        self.working: list[tuple[float, int, asyncio.Future]] = []
        self.tokens, self.since = float(limits[0]), 0.0  # nobody asked before

    @property
    def limit(self):
        return self.limits[self.answered >= len(self.latencies) / 2]

    @property
    def in_flight(self):
        return len(self.working)

    def speed(self) -> float:
        """Of every request, 1 where nobody waits."""
        return 1.0

    def refusal(self, now) -> dict | None:
        """The headers of a refusal; None where the request is taken on."""
        return None

    async def ask(self, body):
        loop = asyncio.get_running_loop()
        begin, refusal = loop.time(), self.refusal(loop.time())
        if refusal is not None:
            await asyncio.sleep(REFUSAL_S)
            self.refusals += 1
            raise fault_of(429, {"error": {"message": "slow down"}}, refusal)
        self.go_on()
        ended = loop.create_future()
        heapq.heappush(self.working, (self.done + self.latencies[body["number"]], body["number"], ended))
        self.wake()
        await ended
        self.seconds += loop.time() - begin
        return Reply("answered", "yes", finish_reason="stop")

    def go_on(self):
        """Do what was to be done until now."""
        now = asyncio.get_running_loop().time()
        if self.working:
            self.done += (now - self.at) * self.speed()
        self.at = now
        while self.working and self.working[0][0] <= self.done + 1e-9:
            heapq.heappop(self.working)[2].set_result(None)
            self.answered += 1

    def wake(self):
        """Be there when the next request ends."""
        if self.timer is not None:
            self.timer.cancel()
        if self.working:
            wait = (self.working[0][0] - self.done) / self.speed()
            self.timer = asyncio.get_running_loop().call_later(max(wait, 1e-9), self.work)

    def work(self):
        self.go_on()
        self.wake()


class Knee(Provider):
    def speed(self):
        return min(1.0, self.limit / self.in_flight)


class Crowd(Provider):
    def speed(self):
        return min(1.0, self.limit / self.in_flight) ** 2


class AtMost(Provider):
    def refusal(self, now):
        return None if self.in_flight < self.limit else {}


class ASecond(Provider):
    def refusal(self, now):
        self.tokens = min(self.tokens + (now - self.since) * self.limit, self.limit)
        self.since = now
        if self.tokens < 1:
            return {}
        self.tokens -= 1
        return None


class AMinute(Provider):
    def refusal(self, now):
        if now // 60 != self.since:
            self.tokens, self.since = self.limit, now // 60
        if self.tokens < 1:
            return {"retry-after": str(60 - now % 60)}
        self.tokens -= 1
        return None


@dataclass(frozen=True)
class Scenario:
    """A kind of provider and its limit, before and after half of the questions."""

    kind: type[Provider]
    before: float
    after: float | None = None

    @property
    def name(self):
        name = NAMES[self.kind].format(self.before)
        return name if self.after is None else f"{name}, then {self.after}"


NAMES = {
    Knee: "knee {}", Crowd: "crowd {}", AtMost: "at most {}", ASecond: "{} a second", AMinute: "{} a minute",
}  # fmt: skip
SCENARIOS = [
    Scenario(Knee, 4), Scenario(Knee, 16), Scenario(Knee, 64), Scenario(Knee, 64, 32),
    Scenario(Knee, 32, 64), Scenario(Crowd, 8), Scenario(Crowd, 64),
    Scenario(Crowd, 64, 16), Scenario(Crowd, 16, 64), Scenario(AtMost, 1),
    Scenario(AtMost, 4), Scenario(AtMost, 24), Scenario(AtMost, 64), Scenario(AtMost, 64, 32),
    Scenario(AtMost, 32, 64), Scenario(ASecond, 5), Scenario(ASecond, 40), Scenario(ASecond, 40, 20),
    Scenario(ASecond, 20, 40), Scenario(AMinute, 600), Scenario(AMinute, 600, 1200),
]  # fmt: skip


def simulate(scenario: Scenario, in_flight: int | None, questions: int = QUESTIONS, seed: int = 1) -> Run:
    """A run with a fixed number in flight, or the one that is found (None)."""
    loop = VirtualLoop()
    limits = (scenario.before, scenario.before if scenario.after is None else scenario.after)
    provider = scenario.kind(limits, questions, seed)
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
        for number in rest:
            async with slots.place() if in_flight is None else limit as place:
                entries.append(await trying.entry("", {"number": number}, place))

    await asyncio.gather(*(work() for _ in range(in_flight or MOST)))
    return entries


def main():
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print("| provider | best | takes | auto takes | best / auto | failed | refused, best | latency, best |")
    print("|---|---|---|---|---|---|---|---|")
    begin = time.process_time()
    for scenario in SCENARIOS:
        runs = {size: simulate(scenario, size, questions, seed) for size in FIXED}
        sound = [size for size in FIXED if not runs[size].failed]  # what fails questions is no rival
        best = min(sound, key=lambda size: runs[size].seconds)
        auto, fixed = simulate(scenario, None, questions, seed), runs[best]
        print(
            f"| {scenario.name} | {best} | {fixed.seconds:.0f} s | {auto.seconds:.0f} s | "
            f"{fixed.seconds / auto.seconds:.0%} | {auto.failed} | {auto.refusals}, {fixed.refusals} | "
            f"{auto.latency_s:.1f} s, {fixed.latency_s:.1f} s |",
            flush=True,
        )
    print(f"{time.process_time() - begin:.0f} s of processor time")


if __name__ == "__main__":
    main()
