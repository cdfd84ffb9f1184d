"""Asking: every question answered once through faults of every kind, at the pace allowed, and what stops a
job stops it at once and loses nothing.

The provider of most tests is the tiny loopback one of tests/faults.py, which counts what it really answered;
tests/engines/test_real.py asks real engines.
"""

import asyncio
import json
import logging
import threading
import time
from collections import Counter

import pytest

from sce.asking import tries
from sce.asking.asker import Asker
from sce.asking.pacing import Meter, Pace
from sce.engines import Fatal, Rejected, Transient
from sce.ledger.entries import Reply
from sce.ledger.ledger import Ledger
from tests.asking.questions import ABOUT, ask_all, entry, question, rows, walk
from tests.faults import Answer, FaultProxy, Provider, fingerprint, served


@pytest.fixture
def hasty(monkeypatch):
    """Retries wait a moment instead of seconds."""
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(tries, "LONGEST_WAIT_S", 0.05)


class Scripted:
    """An engine that ends attempts as told: ``script`` maps a question's text to its endings in turn."""

    free = False

    def __init__(self, script=None, otherwise=None, start=None):
        self.script, self.otherwise, self.start_error = script or {}, otherwise, start
        self.asked, self.started, self.closed = [], 0, 0

    def body(self, messages, about):
        return {"engine": "scripted", "messages": messages}

    async def start(self):
        self.started += 1
        await asyncio.sleep(0)
        if self.start_error:
            raise self.start_error

    async def close(self):
        self.closed += 1

    async def ask(self, body):
        text = body["messages"][0]["content"]
        self.asked.append(text)
        endings = self.script.get(text, [])
        ending = endings.pop(0) if endings else self.otherwise
        if callable(ending):
            ending = await ending()
        if isinstance(ending, Exception):
            raise ending
        return ending or Reply("answered", f"answer to {text}", finish_reason="stop")


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "scripted.sqlite") as ledger:
        yield ledger


# --- faults on the way


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_at_a_fifth_of_faults_every_question_is_answered_once(engine, tmp_path, hasty):
    provider = Provider()
    proxy = FaultProxy(provider, share=0.2, seed=3, hang_s=1.5)
    with served(proxy) as url:
        model = entry(engine, url, timeout_s=1, attempts=10, max_in_flight=16)
        found, asker = ask_all(model, tmp_path, range(150))
        again, second = ask_all(model, tmp_path, range(150))
    assert {e.status for e in found.values()} == {"answered"}
    assert len(found) == 150
    assert asker.asked == 150
    # Every fault took part, and the right answer came to the right question.
    assert set(proxy.drawn) == {None, *proxy.faults}
    for number, e in found.items():
        assert json.loads(e.response) == {"answer": fingerprint({"messages": question(number)})}
    # One row each; the provider answered once, and once more for each answer lost on the way back.
    assert all(statuses == ["answered"] for statuses in rows(tmp_path).values())
    assert len(rows(tmp_path)) == 150
    for number in range(150):
        key = fingerprint({"messages": question(number)})
        assert provider.answered[key] == 1 + proxy.lost[key]
    # The second run finds everything and asks nobody.
    assert (second.asked, second.found) == (0, 150)
    assert again == found


def test_a_question_that_keeps_failing_is_failed_with_its_cause_and_asked_again_later(tmp_path, hasty):
    broken = threading.Event()
    broken.set()

    def reply(request):
        bad = broken.is_set() and request["messages"][0]["content"] == "question 1"
        return Answer.of({"error": {"message": "overheated"}}, 500) if bad else "fine"

    with served(Provider(reply=reply)) as url:
        model = entry(url=url, attempts=3)
        found, _ = ask_all(model, tmp_path, range(3))
        assert [found[n].status for n in range(3)] == ["answered", "failed", "answered"]
        assert found[1].error == "HTTP 500: overheated"
        assert found[1].attempts == 3
        broken.clear()
        found, asker = ask_all(model, tmp_path, range(3))
    assert found[1].status == "answered"
    assert (asker.asked, asker.found) == (1, 2)
    assert sorted(map(sorted, rows(tmp_path).values())) == [
        ["answered"],
        ["answered"],
        ["answered", "failed"],
    ]


def test_truncated_and_refused_are_asked_again_only_when_wanted(ledger, tmp_path):
    script = {
        "question 0": [Reply("truncated", "Bel", finish_reason="length"), Reply("answered", "Below")],
        "question 1": [Reply("refused", "I can't", finish_reason="content_filter"), Reply("answered", "Yes")],
    }
    engine = Scripted(script)
    first = asyncio.run(walk(Asker(engine, ledger), range(2)))
    assert [first[n].status for n in range(2)] == ["truncated", "refused"]
    second = asyncio.run(walk(Asker(engine, ledger), range(2)))
    assert second == first
    third = asyncio.run(walk(Asker(engine, ledger, retry=frozenset({"truncated"})), range(2)))
    assert [third[n].status for n in range(2)] == ["answered", "refused"]


def test_a_rejected_question_is_not_tried_twice_and_the_others_go_on(ledger):
    engine = Scripted({"question 0": [Rejected("too long")]})
    found = asyncio.run(walk(Asker(engine, ledger), range(3)))
    assert [found[n].status for n in range(3)] == ["failed", "answered", "answered"]
    assert (found[0].error, found[0].finish_reason, found[0].attempts) == ("too long", "rejected", 1)
    asyncio.run(walk(Asker(engine, ledger), range(3)))
    assert len(engine.asked) == 3  # nor in a later run


def test_two_who_ask_the_same_at_once_share_one_request(ledger):
    async def slow():
        await asyncio.sleep(0.05)
        return Reply("answered", "one")

    engine = Scripted(otherwise=slow)

    async def both():
        asker = Asker(engine, ledger)
        entries = await asyncio.gather(*(asker.ask(question(0), ABOUT) for _ in range(5)))
        await asker.close()
        return entries

    assert len(set(map(id, asyncio.run(both())))) == 1
    assert len(engine.asked) == 1


# --- pace


def test_retry_after_holds_all_requests_back(tmp_path):
    times, lock = [], threading.Lock()

    def reply(request):
        with lock:
            times.append(time.monotonic())
            if len(times) == 1:
                return Answer.of({"error": {"message": "slow down"}}, 429, headers={"Retry-After": "1"})
        time.sleep(0.02)
        return "fine"

    with served(Provider(reply=reply)) as url:
        found, asker = ask_all(entry(url=url, max_in_flight=4, attempts=1), tmp_path, range(40))
    assert {e.status for e in found.values()} == {"answered"}  # being asked to wait is no fault
    waited = [t - times[0] for t in times]
    assert sum(t < 1 for t in waited) <= 16  # those already under way
    assert sum(0.2 < t < 0.99 for t in waited) == 0
    assert asker.faults == Counter({"HTTP 429: slow down": 1})


def test_a_wait_beyond_patience_stops_the_job(ledger):
    engine = Scripted({"question 0": [Transient("daily limit", wait=7200)]})
    with pytest.raises(Fatal, match="asks us to wait 120 min"):
        asyncio.run(walk(Asker(engine, ledger, patience_s=60), range(1)))
    assert list(ledger.entries()) == []


def test_patience_bounds_the_tries(ledger, hasty):
    engine = Scripted(otherwise=Transient("slow down", wait=0.0))
    found = asyncio.run(walk(Asker(engine, ledger, attempts=2, patience_s=0.3), range(1)))
    assert found[0].status == "failed"
    assert found[0].attempts > 3  # a provider that only slows us down does not use up attempts


def test_no_minute_holds_more_than_the_limit():
    meter = Meter(60)
    starts = [meter.take(1, now=100.0) for _ in range(120)]
    assert starts[0] == 100
    assert max(sum(begin <= s < begin + 60 for s in starts) for begin in starts) == 60
    assert meter.take(1, now=500.0) == 500  # time not used is not saved up


def test_requests_per_minute_are_kept(tmp_path):
    with served(Provider()) as url:
        model = entry(url=url, requests_per_minute=600)
        begin = time.monotonic()
        ask_all(model, tmp_path, range(16))
    assert time.monotonic() - begin >= 1.5  # 15 intervals of 0.1 s


def test_tokens_are_estimated_then_counted():
    pace = Pace(tokens_per_minute=6000)
    body = {"messages": [{"role": "user", "content": "x" * 396}], "max_tokens": 1000}
    assert pace.estimate(body) == 100 + 200  # characters of "user" and the text, over 4
    assert pace.estimate({"input": body["messages"]}) == 100 + 200
    assert pace.estimate({"contents": [{"role": "user", "parts": [{"text": "x" * 396}]}]}) == 100 + 200
    assert pace.estimate(body | {"system": "y" * 40}) == 110 + 200
    pace.settle(300, {"in": 120, "out": 10})
    assert pace.estimate(body) == 100 + 10
    assert Pace().estimate(body) == 0  # no limit, no work


# --- what stops a job


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        (400, {"message": "Unsupported parameter: 'temperature'", "param": "temperature"}, "send less"),
        (401, {"message": "Incorrect API key"}, "api_key_env"),
        (402, {"message": "Payment required"}, "no credit"),
        (403, {"message": "Project has no access"}, "may not use"),
        (404, {"message": "The model `tiny` does not exist"}, "base_url"),
        (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}, "no credit"),
        (400, {"message": "Your credit balance is too low to access the API"}, "no credit"),
        (200, {"message": "invalid key", "type": "authentication_error"}, "invalid key"),
    ],
)
@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_a_fatal_fault_stops_the_job_at_once_and_says_what_to_do(engine, status, error, told, tmp_path):
    provider = Provider(reply=lambda _: Answer.of({"error": error}, status))
    with served(provider) as url, pytest.raises(Fatal) as fatal:
        ask_all(entry(engine, url, check_model=False), tmp_path, range(500))
    assert told in str(fatal.value)
    assert error["message"] in str(fatal.value)
    assert len(provider.seen) <= 32
    assert rows(tmp_path) == {}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"message": "too many", "code": "context_length_exceeded"}),
        (400, {"message": "This model's maximum context length is 8192 tokens. However, you requested 9000"}),
        (400, {"message": "prompt is too long: 250000 tokens > 200000 maximum"}),
        (400, {"message": "request (3031 tokens) exceeds", "type": "exceed_context_size_error"}),
        (413, {"message": "Request too large", "type": "request_too_large"}),
        (400, {"message": "Output blocked by content filtering policy"}),
        (
            400,
            {"message": "Invalid prompt: flagged as violating our usage policies", "code": "invalid_prompt"},
        ),
    ],
)
def test_what_concerns_one_question_stops_only_that(status, error, tmp_path):
    def reply(request):
        first = request["messages"][0]["content"] == "question 0"
        return Answer.of({"error": error}, status) if first else "fine"

    provider = Provider(reply=reply)
    with served(provider) as url:
        found, _ = ask_all(entry(url=url), tmp_path, range(3))
    assert [found[n].status for n in range(3)] == ["failed", "answered", "answered"]
    assert found[0].finish_reason == "rejected"
    assert error["message"][:20] in found[0].error
    assert len(provider.seen) == 3


def test_an_engine_that_does_not_start_tells_all_who_wait_the_same(ledger):
    engine = Scripted(start=Fatal("no key"))
    with pytest.raises(Fatal, match="no key"):
        asyncio.run(walk(Asker(engine, ledger), range(50)))
    assert (engine.started, engine.closed, engine.asked) == (1, 1, [])


def test_a_job_that_finds_everything_answered_starts_nothing(ledger):
    asyncio.run(walk(Asker(Scripted(), ledger), range(5)))
    engine = Scripted(start=AssertionError("started"))
    found = asyncio.run(walk(Asker(engine, ledger), range(5)))
    assert len(found) == 5
    assert (engine.started, engine.closed) == (0, 0)


def test_what_this_run_asked_it_does_not_ask_again(ledger):
    """A boundary question is looked up anew at every SCE that lands there."""
    engine = Scripted(otherwise=Reply("truncated", "I thi"))
    for _ in range(2):
        asker = Asker(engine, ledger, retry=frozenset({"truncated"}))
        found = asyncio.run(walk(asker, [1, 2, 1, 2], workers=1))
        assert found[1].status == "truncated"
    assert sorted(engine.asked) == ["question 1"] * 2 + ["question 2"] * 2  # once in either run


def test_answers_under_way_when_the_job_stops_are_kept(ledger):
    """They were paid for: one question's fatal fault drops neither them nor what came before."""

    async def slow():
        await asyncio.sleep(0.2)
        return Reply("answered", "paid for")

    async def fatal():
        await asyncio.sleep(0.05)
        return Fatal("no credit")

    engine = Scripted({"question 3": [fatal]}, otherwise=slow)
    with pytest.raises(Fatal):
        asyncio.run(walk(Asker(engine, ledger, max_in_flight=8), range(100), workers=8))
    assert {e.response for e, _ in ledger.entries()} == {"paid for"}
    assert len(list(ledger.entries())) == 7
    assert len(engine.asked) == 8  # nothing new was sent meanwhile


def test_a_cancelled_job_keeps_what_it_was_waiting_for_and_tries_nothing_again(ledger, hasty):
    async def slow():
        await asyncio.sleep(0.2)
        return Reply("answered", "came in")

    async def drop():
        await asyncio.sleep(0.2)
        return Transient("dropped")

    engine = Scripted({"question 1": [drop] * 9}, otherwise=slow)

    async def main():
        task = asyncio.create_task(walk(Asker(engine, ledger, max_in_flight=4), range(100), workers=4))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert sorted(body["messages"][0]["content"] for _, body in ledger.entries()) == [
        "question 0", "question 2", "question 3",
    ]  # fmt: skip
    assert len(engine.asked) == 4


def test_a_budget_is_asked_before_and_told_after(ledger):
    class Budget:
        """Each question costs 1 and could cost 2, of 6 in all."""

        spent, told, under_way = 0, (), 0
        waits = property(lambda self: self.under_way > 0)

        def fits(self, body):
            room = self.spent + 2 * self.under_way + 2 <= 6
            self.under_way += room
            return room

        def settle(self, entry):
            self.told, self.under_way = (*self.told, entry.response), self.under_way - 1
            self.spent += 1

        def exhausted(self):
            return Fatal("budget_usd: 6 could be passed")

    async def slow():
        await asyncio.sleep(0.01)

    budget = Budget()
    with pytest.raises(Fatal, match="budget_usd"):
        asyncio.run(walk(Asker(Scripted(otherwise=slow), ledger, max_in_flight=9, budget=budget), range(9)))
    # Not all nine at once: three, and as many more as those left room for.
    assert sorted(budget.told) == [f"answer to question {number}" for number in range(5)]
    assert len(list(ledger.entries())) == 5


def test_faults_are_counted_in_the_log(ledger, hasty, caplog):
    engine = Scripted({"question 0": [Transient("HTTP 503: busy")] * 2})
    with caplog.at_level(logging.INFO):
        asyncio.run(walk(Asker(engine, ledger), range(2)))
    assert "2 failed tries: HTTP 503: busy" in caplog.text
    assert len([r for r in caplog.records if "503" in r.getMessage()]) == 1
