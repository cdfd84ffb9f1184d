"""Batches that were submitted or not when a job was killed, a submission failed or a provider went down."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from sce.asking import batches
from sce.asking.batches import following
from sce.engines import Fatal
from sce.ledger import clock
from sce.ledger.entries import Batch, digest
from sce.ledger.ledger import Ledger, ledger_file
from tests.asking.questions import ABOUT, entry
from tests.asking.test_batches import ENGINES, ask, once, right, stub_of, texts
from tests.conftest import ROOT
from tests.faults import Answer, served

# --- Killed, and continued

CHILD = """
import asyncio, sys
from pydantic import TypeAdapter
from sce.models.catalogue import entry_type
from sce.asking import batches
from sce.asking.asker import open_asker
from sce.engines import About
from sce.ledger.ledger import ledger_file

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


@contextmanager
def one_question(engine, folder):
    """(stub, model's entry, ledger file, body of one question)."""
    stub, path = stub_of(engine), ledger_file(folder, engine, "tiny")
    with served(stub) as url:
        stub.url = url
        model = entry(engine, url, mode="batch", poll_s=0.05)
        body = batches.open_engine(model, path).body([{"role": "user", "content": "question 1"}], ABOUT)
        yield stub, model, path, body


@pytest.mark.parametrize("engine", ENGINES)
def test_a_batch_that_never_arrived_is_submitted(engine, tmp_path):
    with one_question(engine, tmp_path) as (_, model, path, body):
        with Ledger(path) as ledger:
            ledger.record(Batch("k", engine, {digest(body): body}, time.time() - 9))
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
    with one_question(engine, tmp_path) as (stub, model, path, body):
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
