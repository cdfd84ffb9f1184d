"""Batch mode: stubs of the batch endpoints on loopback, driven through the real SDKs.

What counts is that no question is paid twice: ``stub.answered`` says how often each was answered.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sce.asking import batches
from sce.asking.asker import open_asker
from sce.asking.batches import following
from sce.asking.batches.providers import AnthropicBatches, OpenAIBatches
from sce.asking.conversations import elicit
from sce.engines import Fatal
from sce.ledger import clock
from sce.ledger.entries import Batch, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money.prices import Budget, Price
from sce.study import plan
from tests.asking.questions import ABOUT, entry, rows, walk
from tests.batches import AnthropicStub, OpenAIStub
from tests.conftest import ROOT
from tests.faults import Answer, served
from tests.study.test_plan import study

ENGINES = ["openai", "anthropic"]


def stub_of(engine, **options):
    return {"openai": OpenAIStub, "anthropic": AnthropicStub}[engine](**options)


def ask(model, folder, numbers, budget=None):
    """(number -> entry, engine) of one run in batch mode."""
    path = ledger_file(folder, model.engine, model.provider_model)
    engine = batches.open_engine(model, path, budget)
    engine.quiet_s = 0.1
    model = model.model_copy(update={"max_in_flight": len(numbers)})
    with open_asker(model, None, folder, engine=engine) as asker:
        return asyncio.run(walk(asker, numbers, workers=len(numbers))), engine


@pytest.fixture(params=ENGINES)
def provider(request):
    """(stub, model's entry) of both providers."""
    stub = stub_of(request.param)
    with served(stub) as url:
        stub.url = url
        yield stub, entry(request.param, url, mode="batch", poll_s=0.05)


def texts(found):
    return {number: json.loads(entry.response)["answer"] for number, entry in found.items()}


def right(numbers):
    return {number: f"question {number}\u2028" for number in numbers}


def once(stub, number):
    """Whether so many questions were answered, none twice."""
    return len(stub.answered) == number and set(stub.answered.values()) == {1}


def test_all_questions_go_in_one_batch(provider, tmp_path):
    stub, model = provider
    found, engine = ask(model, tmp_path, range(50))
    assert texts(found) == right(range(50))
    assert engine.submitted == len(stub.batches) == 1
    assert once(stub, 50)
    assert found[0].usage == {"in": 30, "cached": 8, "out": 5, "batch": 1} | {
        key: 0 for key in ("reasoning", "written") if key in found[0].usage
    }
    path = ledger_file(tmp_path, model.engine, model.provider_model)
    with Ledger(path) as ledger:
        (done,) = ledger.batches("submitting", "submitted", "done", "lost")
    assert (done.state, done.id) == ("done", next(iter(stub.batches)))

    again, engine = ask(model, tmp_path, range(50))  # nothing is asked, nothing is started
    assert texts(again) == texts(found)
    assert engine.submitted == 0
    assert len(stub.batches) == 1
    assert all(statuses == ["answered"] for statuses in rows(tmp_path).values())


def test_questions_that_follow_go_into_a_next_batch(provider, tmp_path):
    stub, model = provider
    ask(model, tmp_path, range(3))
    ask(model, tmp_path, range(6))
    assert [len(each["lines"]) for each in stub.batches.values()] == [3, 3]
    assert once(stub, 6)


def test_expired_missing_and_failed_lines_are_asked_again(provider, tmp_path):
    stub, model = provider
    overloaded = {"type": "overloaded_error", "message": "Overloaded"}
    first = {0: "expired", 1: "missing", 2: (529, overloaded)}

    def endings(number, request):
        question = int(request["messages"][-1]["content"].split()[-1])
        return first.get(question) if number == 0 else None

    stub.endings = endings
    found, engine = ask(model, tmp_path, range(10))
    assert texts(found) == right(range(10))
    assert [len(each["lines"]) for each in stub.batches.values()] == [10, 3]
    assert once(stub, 10)
    assert engine.submitted == 2


def test_a_question_that_never_comes_back_ends_as_failed(provider, tmp_path):
    stub, model = provider
    stub.endings = lambda number, request: "expired" if "question 1" in str(request) else None
    model = model.model_copy(update={"attempts": 2, "patience_s": 0.1})
    found, _ = ask(model, tmp_path, [0, 1])
    assert (found[0].status, found[1].status) == ("answered", "failed")
    assert "expired" in found[1].error
    assert len(stub.batches) == 2


def test_a_rejected_line_is_not_asked_again(provider, tmp_path):
    stub, model = provider
    long = {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8", "code": None}
    stub.endings = lambda number, request: (400, long) if "question 1" in str(request) else None
    found, _ = ask(model, tmp_path, [0, 1])
    assert (found[1].status, found[1].finish_reason) == ("failed", "rejected")
    ask(model, tmp_path, [0, 1])
    assert len(stub.batches) == 1


def test_a_fatal_line_stops_the_job_and_keeps_the_answers(provider, tmp_path):
    stub, model = provider
    bad = {"type": "invalid_request_error", "message": "temperature is not supported", "code": None}
    stub.endings = lambda number, request: (400, bad) if "question 1" in str(request) else None
    with pytest.raises(Fatal, match="temperature is not supported"):
        ask(model, tmp_path, [0, 1, 2])
    assert sorted(rows(tmp_path).values()) == [["answered"], ["answered"]]


def test_results_that_break_off_are_read_again(provider, tmp_path):
    stub, model = provider
    stub.spoil_results = 2
    found, _ = ask(model, tmp_path, range(20))
    assert texts(found) == right(range(20))
    assert once(stub, 20)
    assert all(statuses == ["answered"] for statuses in rows(tmp_path).values())


def test_large_batches_are_split(provider, tmp_path, monkeypatch):
    stub, model = provider
    for kind in (OpenAIBatches, AnthropicBatches):
        monkeypatch.setattr(kind, "most", 20)
    ask(model, tmp_path, range(50))
    assert sorted(len(each["lines"]) for each in stub.batches.values()) == [10, 20, 20]
    for kind in (OpenAIBatches, AnthropicBatches):
        monkeypatch.setattr(kind, "largest", 1000)
    ask(model, tmp_path, range(100, 120))
    assert len(stub.batches) > 5
    assert once(stub, 70)


def test_the_limits_are_the_providers():
    assert (OpenAIBatches.most, AnthropicBatches.most) == (50_000, 100_000)
    assert OpenAIBatches.largest < 200e6
    assert AnthropicBatches.largest < 256e6
    assert len(digest({})) == 64  # what both take for a name


def test_a_full_queue_makes_batches_smaller(tmp_path):
    stub = OpenAIStub()
    stub.queue = 15
    with served(stub) as url:
        found, _ = ask(entry("openai", url, mode="batch", poll_s=0.05), tmp_path, range(40))
    assert texts(found) == right(range(40))
    assert once(stub, 40)


def test_a_batch_that_is_refused_whole_stops_the_job(tmp_path, monkeypatch):
    stub = OpenAIStub()
    monkeypatch.setattr(OpenAIStub, "_invalid", lambda self, batch: {
        "code": "model_not_found", "message": "The model does not support batches", "line": 1,
    })  # fmt: skip
    with served(stub) as url, pytest.raises(Fatal, match=r"does not support batches \(line 1\)"):
        ask(entry("openai", url, mode="batch", poll_s=0.05), tmp_path, range(3))


def test_a_budget_sends_what_is_safe_first(tmp_path):
    """At most 100 tokens out at 1000 USD a million: 0.1 USD a question at most, 0.005 in truth."""
    stub = OpenAIStub()
    price = Price(input=0, output=1000)
    with served(stub) as url:
        model = entry("openai", url, mode="batch", poll_s=0.05, max_tokens=100)
        path = ledger_file(tmp_path, "openai", "tiny")
        found, _ = ask(model, tmp_path, range(30), Budget(1.05, price, path, batch=True))
        assert texts(found) == right(range(30))
        sizes = [len(each["lines"]) for each in stub.batches.values()]
        assert sizes[0] == 10
        assert sum(sizes) == 30
        budget = Budget(0.25, price, path, batch=True)  # 0.15 are spent: one more fits at a time
        assert budget.spent_usd == pytest.approx(0.15)
        with pytest.raises(Fatal, match=r"budget_usd: .* left of 0\.25 USD"):
            ask(model, tmp_path, range(30, 60), budget)
    spent = budget.spent_usd
    assert 0.15 < spent <= 0.25
    assert spent + 0.1 > 0.25


def test_a_study_goes_in_few_batches(tmp_path):
    """The walk of a study, everything at once: a batch of all questions, then one of all conditions."""
    made = study(tmp_path, {"m": {"engine": "openai", "model": "tiny", "mode": "batch", "poll_s": 0.05}})
    protocol = plan.protocol_asked(made, "m", "exam")
    stub, size = OpenAIStub(), protocol.dataset.size
    stub.text = lambda request: json.dumps({"answer": "Fail"} if len(request["messages"]) == 1 else {})
    with served(stub) as url:
        model = entry("openai", url, mode="batch", poll_s=0.05, max_in_flight=3 * size)
        engine = batches.open_engine(model, ledger_file(tmp_path, "openai", "tiny"))
        engine.quiet_s = 0.5
        with open_asker(model, protocol.dataset, tmp_path, engine=engine) as asker:
            responses = elicit(protocol, asker, lambda status: None)
    assert list(responses["status"]) == ["answered"] * 3 * size
    assert [len(each["lines"]) for each in stub.batches.values()] == [size, 2 * size]
    assert once(stub, 3 * size)


# --- Killed, and continued

CHILD = """
import asyncio, sys
from pydantic import TypeAdapter
from sce.models.catalogue import entry_type
from sce.asking import batches
from sce.asking.asker import open_asker
from sce.engines import About
from sce.ledger.ledger import ledger_file
from sce.models.catalogue import entry_type

model, folder = TypeAdapter(entry_type()).validate_json(sys.argv[1]), sys.argv[2]
engine = batches.open_engine(model, ledger_file(folder, model.engine, model.provider_model))
engine.quiet_s = 0.1

async def walk(asker):
    about = About("question", "question", {})
    messages = ([{"role": "user", "content": f"question {number}"}] for number in range(30))
    try:
        await asyncio.gather(*(asker.ask(each, about) for each in messages))
    finally:
        await asker.close()

with open_asker(model, None, folder, engine=engine) as asker:
    asyncio.run(walk(asker))
"""


def child(model, folder):
    """A run of 30 questions in a process of its own."""
    command = [sys.executable, "-c", CHILD, model.model_dump_json(), str(folder)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("moment", ["before it is told", "while it waits"])
def test_kill_9_after_the_submission_submits_nothing_twice(engine, moment, tmp_path):
    stub = stub_of(engine)
    stub.hold.clear()
    with served(stub) as url:
        stub.url = url
        model = entry(engine, url, mode="batch", poll_s=0.05, max_in_flight=1000)
        if moment == "before it is told":
            stub.before_reply = lambda: time.sleep(0.5)
        process = child(model, tmp_path)
        wait_for(lambda: stub.batches)
        if moment == "while it waits":
            wait_for(lambda: next(iter(stub.batches.values()))["looks"] > 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        stub.before_reply = lambda: None
        (state,) = {"before it is told": ["submitting"], "while it waits": ["submitted"]}[moment]
        path = ledger_file(tmp_path, engine, "tiny")
        with Ledger(path) as ledger:
            assert [batch.state for batch in ledger.batches("submitting", "submitted")] == [state]
        stub.hold.set()
        # Of the 30 submitted, only 10 are still wanted, and 5 new ones: all answers are kept all the same.
        found, again = ask(model, tmp_path, [*range(10), *range(100, 105)])
        assert texts(found) == right([*range(10), *range(100, 105)])
        assert again.submitted == 1
        assert [len(each["lines"]) for each in stub.batches.values()] == [30, 5]
        assert once(stub, 35)
        found, last = ask(model, tmp_path, range(30))
        assert texts(found) == right(range(30))
        assert last.submitted == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_batch_that_never_arrived_is_submitted(engine, tmp_path):
    stub = stub_of(engine)
    path = ledger_file(tmp_path, engine, "tiny")
    with served(stub) as url:
        stub.url = url
        model = entry(engine, url, mode="batch", poll_s=0.05)
        bodies = [batches.open_engine(model, path).body([{"role": "user", "content": "question 1"}], ABOUT)]
        with Ledger(path) as ledger:
            ledger.record(Batch("k", engine, {digest(body): body for body in bodies}, time.time() - 9))
        found, engine = ask(model, tmp_path, [1])
    assert texts(found) == right([1])
    assert engine.submitted == 1
    with Ledger(path) as ledger:
        assert {b.state for b in ledger.batches("lost", "done")} == {"lost", "done"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_clock_set_back_since_the_submission_loses_no_answer(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "_latest", 0.0)
    stub, path = stub_of(engine), ledger_file(tmp_path, engine, "tiny")

    async def submitted(provider, bodies):
        await provider.start()
        lines = [provider.line(key, body) for key, body in bodies.items()]
        batch_id = await provider.submit("k", lines)
        await provider.close()
        return Batch("k", engine, bodies, time.time() + 3600, batch_id, "submitted")

    with served(stub) as url:
        stub.url = url
        model = entry(engine, url, mode="batch", poll_s=0.05)
        opened = batches.open_engine(model, path)
        bodies = [opened.body([{"role": "user", "content": f"question {n}"}], ABOUT) for n in range(4)]
        with Ledger(path) as ledger:
            ledger.record(asyncio.run(submitted(opened.provider, {digest(body): body for body in bodies})))
        found, again = ask(model, tmp_path, range(2))
    assert texts(found) == right(range(2))
    assert again.submitted == 0
    assert once(stub, 4)
    with Ledger(path) as ledger:
        assert [batch.state for batch in ledger.batches("submitted", "done")] == ["done"]
        assert len(ledger.digests()) == 4


def with_faulty_submission(stub, faults):
    """A stub whose submissions fail in the given ways: "lost" on the way back, "busy" before they arrive."""

    def handler(method, path, headers, body):
        fault = next(faults) if method == "POST" and path.endswith("batches") else None
        if fault == "busy":
            return Answer.of({"error": {"message": "busy"}}, 503)
        answer = stub(method, path, headers, body)
        return Answer.of({"error": {"message": "oops"}}, 500) if fault == "lost" else answer

    return handler


@pytest.mark.parametrize("engine", ENGINES)
def test_a_submission_that_fails_is_made_again_unless_it_was_taken(engine, tmp_path):
    stub = stub_of(engine)
    with served(with_faulty_submission(stub, iter(["lost", "lost", "busy", "busy", None]))) as url:
        stub.url = url
        model = entry(engine, url, mode="batch", poll_s=0.05)
        found = {}
        for numbers in (range(5), range(5, 10), range(10, 15)):
            found |= ask(model, tmp_path, numbers)[0]
    assert texts(found) == right(range(15))
    assert once(stub, 15)
    assert len(stub.batches) == 3


def test_another_jobs_batch_of_the_same_size_is_not_taken_for_ours(tmp_path):
    """Anthropic keeps no name of ours with a batch: one that was searched for is known by its results."""
    stub = stub_of("anthropic")
    with served(stub) as url:
        stub.url = url
        model = entry("anthropic", url, mode="batch", poll_s=0.05)
        ask(model, tmp_path / "other", range(10, 13))
        path = ledger_file(tmp_path, "anthropic", "tiny")
        bodies = [
            batches.open_engine(model, path).body([{"role": "user", "content": f"question {n}"}], ABOUT)
            for n in range(3)
        ]
        with Ledger(path) as ledger:
            ledger.record(Batch("k", "anthropic", {digest(b): b for b in bodies}, time.time() - 9))
        found, _ = ask(model, tmp_path, range(3))
    assert texts(found) == right(range(3))
    assert once(stub, 6)
    with Ledger(path) as ledger:
        (lost,) = ledger.batches("lost")
    assert lost.key == "k"


@pytest.mark.parametrize(
    ("down", "told"), [("submission", "refuses the batch"), ("all", "cannot be reached")]
)
def test_a_provider_that_stays_down_is_told(down, told, tmp_path, monkeypatch):
    monkeypatch.setattr(following, "MOST_POLLS_LOST", 3)
    stub = stub_of("openai")
    if down == "all":
        monkeypatch.setattr(stub, "answer", lambda *request: Answer.of({"error": {"message": "busy"}}, 503))
    with (
        served(with_faulty_submission(stub, iter(["busy"] * 99))) as url,
        pytest.raises(Fatal, match=told),
    ):
        ask(entry("openai", url, mode="batch", poll_s=0.05, attempts=2), tmp_path, [99])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_batch_the_provider_does_not_know_is_told(engine, tmp_path):
    stub = stub_of(engine)
    path = ledger_file(tmp_path, engine, "tiny")
    with served(stub) as url:
        stub.url = url
        model = entry(engine, url, mode="batch", poll_s=0.05)
        body = batches.open_engine(model, path).body([{"role": "user", "content": "question 1"}], ABOUT)
        with Ledger(path) as ledger:
            recorded = Batch("k9", engine, {digest(body): body}, time.time(), "gone_1", "submitted")
            ledger.record(recorded)
        with pytest.raises(Fatal, match="batches --forget k9"):
            ask(model, tmp_path, [1])
    assert stub.batches == {}


def test_the_results_of_a_batch_are_not_fetched_from_another_origin(tmp_path):
    """Anthropic's SDK asks the address that the batch names, with the key."""
    stub, asked = stub_of("anthropic"), []
    with served(lambda *request: asked.append(request) or Answer()) as other, served(stub) as url:
        stub.url = other
        with pytest.raises(Fatal, match=f"sends its requests on to {other}, where nothing is sent"):
            ask(entry("anthropic", url, mode="batch", poll_s=0.05), tmp_path, [1])
    assert asked == []


# --- The batch file
