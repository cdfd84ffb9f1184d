"""Batch mode: stubs of the batch endpoints on loopback, driven through the real SDKs.

What counts is that no question is paid twice: ``stub.answered`` says how often each was answered.
"""

import asyncio
import json

import pytest

from sce.asking import batches
from sce.asking.asker import open_asker
from sce.asking.batches.providers import AnthropicBatches, OpenAIBatches
from sce.asking.conversations import elicit
from sce.engines import Fatal
from sce.ledger.entries import digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money.prices import Budget, Price
from sce.study import plan
from tests.asking.questions import entry, rows, walk
from tests.batches import AnthropicStub, OpenAIStub
from tests.faults import served
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
