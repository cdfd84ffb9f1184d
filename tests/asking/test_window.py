"""``max_in_flight: auto``: how the number of requests under way is found; no question suffers by it."""

import asyncio
import json
import math
import threading
import time

import pytest

from benchmarks.bench_window import ASecond, AtMost, Crowd, Knee, Scenario, simulate
from sce.asking import tries
from sce.asking.asker import Asker, open_asker
from sce.asking.slowdown import Rounds, quantiles
from sce.asking.window import START, Slots, Window
from sce.engines import Transient
from sce.ledger.ledger import Ledger
from tests.asking.questions import entry, question, rows, walk
from tests.asking.test_asker import Scripted
from tests.faults import Answer, Provider, fingerprint, served


class Clock:
    """A window whose requests take as long as ``latency`` says of its size, all the same."""

    def __init__(self, window, latency=lambda size: 1.0):
        self.window, self.latency, self.now = window, latency, 0.0

    def go_on(self, rounds=1):
        """The sizes at the beginning of so many rounds."""
        sizes = []
        for _ in range(rounds):
            window, begun = self.window, self.window.rounds
            sizes.append(window.size)
            seconds = self.latency(window.size)
            for _ in range(5_000):
                if window.rounds > begun:
                    break
                number = window.sent(window.size, self.now)
                self.now += seconds
                window.answered(number, self.now)
            assert window.rounds > begun, "the round has no end"
        return sizes


def crowd(most):
    return lambda size: max(1.0, size / most) ** 2


def knee(most):
    return lambda size: max(1.0, size / most)


# --- the decisions


def test_it_doubles_while_latencies_stay_as_they_are():
    sizes = Clock(Window()).go_on(9)
    assert sizes[:7] == [4, 8, 16, 32, 64, 128, 256]
    assert 256 < sizes[7] <= sizes[8] == 512


@pytest.mark.parametrize("most", [3, 20, 150])
def test_where_more_cost_time_it_stays_at_the_bend(most):
    sizes = Clock(Window(), crowd(most)).go_on(35)
    assert all(0.9 * most <= size <= 1.3 * most for size in sizes[7:20])  # the next round tries more
    assert all(0.9 * most <= size <= 1.1 * most for size in sizes[22:])


@pytest.mark.parametrize("most", [3, 20, 150])
def test_where_answers_only_wait_longer_it_is_not_below_the_bend(most):
    sizes = Clock(Window(), knee(most)).go_on(20)
    assert all(0.95 * most <= size <= 50 + 6 * most for size in sizes[10:])


def test_it_grows_as_long_as_more_are_worth_it():
    # With 16 in flight it gives half of the answers that it can give, with 208 thirteen fourteenths.
    assert Clock(Window(), lambda size: 1 + size / 16).go_on(12)[-1] >= 208


def test_what_was_learnt_of_other_limits_is_forgotten():
    clock = Clock(Window(), crowd(64))
    assert 58 <= clock.go_on(12)[-1] <= 70
    clock.latency = crowd(16)
    sizes = clock.go_on(10)
    assert 14 <= sizes[-1] <= 18
    assert max(sizes[1:]) <= sizes[0] / 2 + 1  # down at once


def test_limits_that_have_risen_are_found():
    clock = Clock(Window(), knee(16))
    clock.go_on(12)
    clock.latency = knee(64)
    assert clock.go_on(40)[-1] >= 60


def test_more_are_tried_now_and_then():
    sizes = Clock(Window(), crowd(20)).go_on(61)
    assert [sizes[40], sizes[60]] == [26, 26]  # 1.3 times 20
    assert max(sizes[21:40] + sizes[41:60]) <= 21


def test_one_at_a_time_is_not_for_ever():
    clock = Clock(Window(start=1), lambda size: float(size) ** 2)
    assert clock.go_on(10)[-1] == 1
    clock.latency = lambda size: 1.0
    assert clock.go_on(80)[-1] >= 64


def test_a_slow_outlier_is_no_growing_latency():
    clock = Clock(Window())
    clock.go_on()
    number = clock.window.sent(8, clock.now)
    clock.window.answered(number, clock.now + 100.0)
    assert clock.go_on(2) == [8, 16]  # as without it


def test_answers_to_requests_of_an_earlier_round_tell_nothing():
    clock = Clock(Window())
    clock.go_on()
    for _ in range(100):
        clock.window.answered(1, 50.0)
    assert (clock.window.size, clock.window.rounds) == (8, 1)


@pytest.mark.parametrize(("lost", "answers"), [(0, 3), (2, 3), (3, 2), (4, 2), (8, 2), (100, 2)])
def test_a_round_ends_without_what_was_lost(lost, answers):
    """35% of the 8 requests of a round are answered, or of those that were not lost; at least 2."""
    window = Window()
    for _ in range(lost):
        window.lost(window.sent(4, 0.0))
    numbers = [window.sent(4, 0.0) for _ in range(8)]
    for number in numbers[: answers - 1]:
        window.answered(number, 1.0)
    assert window.rounds == 0
    window.answered(numbers[answers - 1], 1.0)
    assert window.rounds == 1


def test_it_does_not_grow_where_no_more_are_wanted():
    window = Window()
    for second in range(200):
        window.answered(window.sent(2, second), second + 1)
    assert window.size == 4


def test_refusals_cut_to_what_was_taken_on_and_the_way_back_is_by_halves():
    clock = Clock(Window(start=7))
    window = clock.window
    clock.go_on(1)
    assert window.size == 14
    assert [window.refused(n, clock.now) for n in (13, 12, 10)] == [True, True, True]
    assert window.size == 10
    assert window.refused(3, clock.now)
    assert window.size == 7  # the round before took on as many, and no less is left by this one
    assert not window.refused(3, clock.now)
    assert clock.go_on(12) == [7, 7, 10, 12, 13, 14, 14, 14, 15, 17, 21, 29]


def test_refusals_alone_end_a_round_too():
    window, sizes = Window(start=8), []
    for _ in range(99):
        window.refused(0, 0.0)
        sizes.append(window.size)
    assert [sizes[0], sizes[7], sizes[8], sizes[12]] == [4, 4, 3, 3]  # a tenth less each round
    assert window.size == 1
    clock = Clock(window)
    clock.go_on()
    assert window.size == 4  # half way back


def test_a_fault_counts_as_the_providers_load_only_after_very_long():
    clock = Clock(Window())
    clock.go_on(2)
    assert not clock.window.failed(3.0, 3, clock.now)
    assert clock.window.failed(30.0, 12, clock.now)
    assert clock.window.size == 12


@pytest.mark.parametrize("answered", [0, 10])
def test_after_many_faults_it_goes_on(answered):
    clock = Clock(Window())
    clock.go_on(4)
    window = clock.window
    size, numbers = window.size, [window.sent(window.size, clock.now) for _ in range(window.size)]
    for number in numbers[:answered]:
        window.answered(number, clock.now + 1)
        numbers.append(window.sent(window.size, clock.now + 1))
    for number in numbers[answered:]:  # the server starts again, say
        window.lost(number)
        assert not window.failed(0.01, 5, clock.now + 1)
    assert window.size == size
    assert clock.go_on(2)[1] > 1.7 * size


# --- what latencies tell


def test_a_quantile_where_some_still_wait():
    # Of five 1/5 are answered after 1 s (more than 1/8) and 2/5 after 2 s (more than 1/4).
    assert quantiles([4.0, 1.0, 2.0], [3.0, 5.0]) == (1.0, 2.0)
    # Who has waited for 0.5 s and 2 s tells nothing of later: 1/5 after 1 s, 1 - 4/5 * 2/3 = 7/15 after 3 s.
    assert quantiles([3.0, 1.0, 4.0, 6.0], [0.5, 2.0]) == (1.0, 3.0)
    assert quantiles([1.0], [2.0] * 9) == (1.0, 1.0)  # not known yet


def test_the_size_follows_from_how_latencies_grew():
    square, free = Rounds(), Rounds()
    for size, slower in ((4, 0.0), (8, 0.0), (16, 2 * math.log(2)), (32, 4 * math.log(2))):
        assert square.note(size, 48, -0.3, slower) == 0
        assert free.note(size, 48, -0.3, 0.0) == 0
    sizes = {4, 6, 8, 10, 12, 16, 32, 64}
    assert square.best(sizes) == 8
    assert free.best(sizes) == 64
    assert free.note(8, 48, 0.7, 1.0) > 0.5  # with fewer in flight e times as long: the provider has changed
    assert free.note(16, 48, 0.7, 1.0) == 0  # and nothing earlier is held against it


def test_what_came_last_counts_most():
    def best(*latencies):
        known = Rounds()
        for size, latency in ((8, 0.0), (16, 0.0), *((32, latency) for latency in latencies)):
            assert known.note(size, 48, latency - 0.3, latency) == 0
        return known.best(set(range(4, 129, 2)))

    assert best(*[0.7] * 12, *[0.4] * 12) > best(*[0.4] * 12, *[0.7] * 12)


# --- the places


def test_who_was_refused_comes_back_before_those_never_sent():
    order = []

    async def ask(slots, name, endings):
        async with slots.place() as place:
            for ending in endings:
                await place.take()
                order.append(name)
                try:
                    with place.sending():
                        await asyncio.sleep(0.02)
                        if ending:
                            raise ending
                except Transient:
                    await asyncio.sleep(0.005)

    async def main():
        slots = Slots(Window(start=1, most=1))
        # What was refused rests for as long as an answer takes.
        Clock(slots.window, lambda size: 0.001).go_on()
        tasks = [ask(slots, "first", [Transient("busy", 0.0), None])]
        await asyncio.gather(*tasks, *(ask(slots, n, [None]) for n in ("second", "third")))
        return slots

    slots = asyncio.run(main())
    assert order == ["first", "second", "first", "third"]
    assert slots.in_flight == 0


def test_who_stops_waiting_takes_no_place():
    async def main():
        slots = Slots(Window(start=1))
        async with slots.place():
            waiting = [asyncio.create_task(slots.place().take()) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
        waiting[1].cancel()  # it has been given the place in this moment
        await asyncio.wait_for(waiting[2], 1)

    asyncio.run(main())


def test_who_waits_for_the_budget_keeps_no_place_from_who_was_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(tries, "JITTER_S", 0)

    class Budget:
        """One question at a time."""

        waits = False

        def fits(self, body):
            fits, self.waits = not self.waits, True
            return fits

        def settle(self, entry):
            self.waits = False

    engine = Scripted({"question 0": [Transient("busy", 0.0)]})
    with Ledger(tmp_path / "scripted.sqlite") as ledger:
        asker = Asker(engine, ledger, max_in_flight=9, window=Window(), budget=Budget())
        found = asyncio.run(asyncio.wait_for(walk(asker, range(9)), 10))
    assert [e.status for e in found.values()] == ["answered"] * 9
    assert asker.window.size < START  # it was refused


# --- beside fixed numbers, in virtual time


@pytest.mark.parametrize(
    ("scenario", "best", "questions"),
    [
        (Scenario(Knee, 32), 32, 1000),
        (Scenario(Crowd, 16), 16, 4000),  # of 1,000 it has 89%: too few to learn from
        (Scenario(AtMost, 24, 12), 24, 1000),
        (Scenario(ASecond, 20), 32, 1000),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_it_is_no_more_than_a_tenth_behind_the_best_fixed_number(scenario, best, questions):
    found, fixed = (simulate(scenario, in_flight, questions) for in_flight in (None, best))
    assert found.failed == 0
    assert fixed.seconds / found.seconds > 0.9


# --- a real server


def test_a_server_that_limits_how_many_it_takes_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(tries, "LONGEST_WAIT_S", 0.05)
    most, busy, seen, lock = 4, [0], [0, 0], threading.Lock()

    def reply(request):
        with lock:
            if busy[0] == most:
                seen[0] += 1
                return Answer.of({"error": {"message": "slow down"}}, 429)
            busy[0] += 1
            seen[1] = max(seen[1], busy[0])
        time.sleep(0.02)
        with lock:
            busy[0] -= 1
        return json.dumps({"answer": fingerprint(request)})

    numbers = range(80)
    with served(Provider(reply=reply)) as url:
        with open_asker(entry(url=url, max_in_flight="auto", attempts=1), None, tmp_path) as asker:
            found = asyncio.run(walk(asker, numbers, workers=asker.max_in_flight))
        # The number under way is no part of a question: another one finds everything answered.
        with open_asker(entry(url=url, max_in_flight=3), None, tmp_path) as again:
            assert asyncio.run(walk(again, numbers)) == found
    for number, e in found.items():
        assert json.loads(e.response) == {"answer": fingerprint({"messages": question(number)})}
    assert list(rows(tmp_path).values()) == [["answered"]] * len(numbers)
    assert (asker.asked, again.asked) == (len(numbers), 0)
    assert seen[1] == most
    assert asker.window.size < 2 * most  # without refusals it would be far above
    assert seen[0] < len(numbers) / 2
