"""``max_in_flight: auto``: how the window of requests under way is found, and that no question suffers by it.

Latencies are all alike where values are computed by hand, so a round's mean is that of each.
"""

import asyncio
import json
import threading
import time

import pytest

from benchmarks.bench_window import ASecond, AtMost, Crowd, Knee, Scenario, simulate
from sce.asking import tries
from sce.asking.asker import open_asker
from sce.asking.window import Slots, Window
from sce.engines import Transient
from tests.asking.questions import entry, question, rows, walk
from tests.faults import Answer, Provider, fingerprint, served


def go_on(window, seconds, rounds=1):
    """Rounds whose answers all took so long."""
    for _ in range(rounds):
        begun = window.rounds
        while window.rounds == begun:
            window.answered(window.sent(window.size), seconds)


# --- the decisions


def test_it_doubles_while_latencies_stay_as_they_are():
    window, sizes = Window(), []
    for _ in range(7):
        sizes.append(window.size)
        go_on(window, 1.0)
    assert sizes == [16, 32, 64, 128, 256, 512, 512]


def test_it_stops_where_answers_only_wait_longer():
    window = Window()
    go_on(window, 1.0)
    go_on(window, 2.0)  # 32 took twice as long as 16: nothing was gained
    assert window.size == 24  # 32 / 2^0.4: 1.5 times what the provider takes at once
    go_on(window, 1.5, rounds=2)
    assert window.size == 12  # half, to compare
    go_on(window, 1.0)
    assert window.size == 24  # 1.5 times the latency for twice as many is what is aimed at
    go_on(window, 1.5, rounds=4)
    assert window.size == 12  # twice as long until the next comparison
    go_on(window, 0.75)
    assert window.size == 18  # half of them gave as many answers: 24 / 2^0.4


def test_it_grows_again_where_the_other_half_is_worth_it():
    window = Window()
    go_on(window, 1.0)
    go_on(window, 2.0)
    go_on(window, 1.5, rounds=3)
    assert window.size == 33  # 24 times the root of 2
    go_on(window, 1.5, rounds=3)
    assert window.size == 66  # twice, the second time
    go_on(window, 1.5)
    assert window.size == 132


def test_one_at_a_time_is_not_for_ever():
    window = Window(start=1)
    go_on(window, 1.0)
    go_on(window, 2.0)  # two at once take twice as long
    assert window.size == 1
    go_on(window, 1.0, rounds=2)
    assert window.size == 2
    go_on(window, 1.0)
    assert window.size == 4


def test_latencies_that_change_twice_are_looked_into_at_once():
    window = Window()
    go_on(window, 1.0)
    go_on(window, 2.0)
    go_on(window, 1.5, rounds=2)
    go_on(window, 1.0)
    go_on(window, 1.5)
    go_on(window, 3.0)
    assert window.size == 24
    go_on(window, 3.0)
    assert window.size == 12


def test_a_slow_outlier_is_no_growing_latency():
    window = Window()
    go_on(window, 1.0)
    window.answered(window.sent(32), 100.0)
    go_on(window, 1.0)
    assert window.size == 64


def test_answers_to_requests_of_an_earlier_round_tell_nothing():
    window = Window()
    go_on(window, 1.0)
    for _ in range(100):
        window.answered(1, 50.0)
    assert (window.size, window.rounds) == (32, 1)


def test_it_does_not_grow_where_no_more_are_wanted():
    window = Window()
    for _ in range(200):
        window.answered(window.sent(3), 1.0)
    assert window.size == 16


def test_refusals_cut_to_what_was_taken_on_and_the_way_back_is_by_halves():
    window = Window()
    go_on(window, 1.0, rounds=2)
    assert window.size == 64
    assert [window.refused(n) for n in (63, 62, 40)] == [True, True, True]
    assert window.size == 40
    assert window.refused(3)
    assert window.size == 32  # half of 64, and no less in this round
    assert not window.refused(3)
    sizes = []
    for _ in range(12):
        sizes.append(window.size)
        go_on(window, 1.0)
    assert sizes == [32, 32, 48, 56, 60, 62, 63, 64, 64, 64, 65, 67]


def test_refusals_alone_end_a_round_too():
    window, sizes = Window(), []
    for _ in range(99):
        window.refused(0)
        sizes.append(window.size)
    assert [sizes[0], sizes[15], sizes[16], sizes[24]] == [8, 8, 7, 6]  # a tenth less each round
    assert window.size == 1
    go_on(window, 1.0)
    assert window.size == 8  # half way back


def test_a_fault_counts_as_the_providers_load_only_after_very_long():
    window = Window()
    go_on(window, 1.0)
    assert not window.failed(3.0, 3)
    assert window.failed(30.0, 20)
    assert window.size == 20


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
        go_on(slots.window, 0.001)  # what was refused rests for as long as an answer takes
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


# --- beside fixed numbers, in virtual time


@pytest.mark.parametrize(
    ("scenario", "best"),
    [(Scenario(Knee, 32), 32), (Scenario(AtMost, 24, 12), 24), (Scenario(ASecond, 20), 32)],
    ids=lambda value: getattr(value, "name", value),
)
def test_it_is_no_more_than_a_tenth_behind_the_best_fixed_number(scenario, best):
    found, fixed = (simulate(scenario, in_flight, questions=1000) for in_flight in (None, best))
    assert found.failed == 0
    assert fixed.seconds / found.seconds > 0.9


def test_it_keeps_away_from_numbers_that_cost_time():
    scenario = Scenario(Crowd, 16)
    found, crowded = (simulate(scenario, in_flight, questions=500) for in_flight in (None, 64))
    assert crowded.seconds > 2 * found.seconds
    assert crowded.latency_s > 4 * found.latency_s


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
    assert asker.window.size < 16  # as many as at first
    assert seen[0] < len(numbers) / 2
