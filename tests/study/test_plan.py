"""The plan says what a run then does; prices, budgets and the usage table by hand-computed values."""

import argparse
import asyncio
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from sce.asking import conversations
from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.engines import Fatal
from sce.errors import InputError
from sce.grids.datasets import load_dataset
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money import prices, usage
from sce.money.prices import Budget, Price, load_prices, open_budget
from sce.study import plan, plan_command, plan_report
from sce.study.checks import check_budgets
from sce.study.study import load
from tests.asking.questions import entry
from tests.conftest import Project

PRICES = load_prices()


def study(folder, models, conditions=("unconstrained", "minimal"), datasets=("exam",), **experiment):
    content = {
        "ledger": str(folder),
        "models": models,
        "experiments": {
            "e": {
                "models": list(models), "datasets": list(datasets), "conditions": list(conditions),
                **experiment,
            }
        },
    }  # fmt: skip
    return load(content, "test")


def run_study(made, model, dataset="exam", points=None):
    """Run one job of a study; (asked, found). ``points``: stop after so many questions and a few more."""
    protocol = plan.protocol_asked(made, model, dataset)
    with open_asker(made.config.models[model], protocol.dataset, made.config.ledger) as asker:
        if points is None:
            elicit(protocol, asker, lambda status: None)
        else:

            class Enough(Exception):
                pass

            def stop(status):
                if asker.asked + asker.found >= points:
                    raise Enough

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(conversations, "BLOCK", 5)
                with pytest.raises(Enough):
                    elicit(protocol, asker, stop)
    return asker.asked, asker.found


def row(made, model, dataset="exam"):
    table = plan.plan(made, PRICES)
    return table[(table["model"] == model) & (table["dataset"] == dataset)].iloc[0]


# --- What would be asked


@pytest.mark.parametrize("policy", ["nearest", "malformed", "constant"])
def test_the_plan_is_what_the_run_then_does(tmp_path, policy):
    made = study(tmp_path, {"m": {"engine": "control", "policy": policy, "system": "Be brief."}})
    size = load_dataset("resources/datasets/exam.yaml").size
    before = row(made, "m")
    assert (before.questions, before.to_ask, before.at_most) == (3 * size, 3 * size, 2 * size)
    asked, found = run_study(made, "m")
    assert (asked, found) == (before.to_ask, 0)
    after = row(made, "m")
    assert (after.to_ask, after.questions, after.at_most) == (0, asked, 0)
    assert after.answered + after.refused + after.truncated + after.failed == asked
    assert (after.refused > 0) == (policy == "malformed")


def test_a_run_that_was_stopped_is_counted_exactly(tmp_path):
    made = study(tmp_path, {"m": {"engine": "control", "policy": "nearest"}})
    run_study(made, "m", points=50)
    here = row(made, "m")
    size = made.datasets["exam"].size
    assert 50 <= here.answered < 50 + 5 * 3
    assert here.answered + here.to_ask == 3 * size
    asked, found = run_study(made, "m")
    assert (asked, found) == (here.to_ask, here.answered)


def test_another_condition_asks_only_for_itself(tmp_path):
    run_study(study(tmp_path, {"m": {"engine": "control", "policy": "nearest"}}, ["minimal"]), "m")
    wider = study(tmp_path, {"m": {"engine": "control", "policy": "nearest"}})
    here = row(wider, "m")
    size = wider.datasets["exam"].size
    assert (here.answered, here.to_ask, here.at_most) == (2 * size, size, 0)
    assert run_study(wider, "m")[0] == size


def test_structured_output_and_verification_are_planned_too(tmp_path):
    model = {"engine": "control", "policy": "malformed", "decoding": "json_schema"}
    made = study(tmp_path, {"m": model}, verify_off_grid=True)
    size = made.datasets["exam"].size
    assert row(made, "m").to_ask == 5 * size
    asked, _ = run_study(made, "m")
    after = row(made, "m")
    assert after.to_ask == 0
    assert 3 * size < asked < 5 * size


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("points", [None, 1, 2, 50])
def test_samples_are_counted(tmp_path, points, once):
    """Three of the question and of each condition. What was asked once before is found, but of the SCEs only
    where the majority is the first answer, which no plan knows."""
    wavering = {"m": {"engine": "control", "policy": "nearest", "wavers": 0.3}}
    if once:
        run_study(study(tmp_path, wavering), "m")
    made = study(tmp_path, wavering, samples=3, questions=["question", "question_01"], several=["several"])
    most = plan.protocol_asked(made, "m", "exam").at_most
    size = made.datasets["exam"].size
    assert most == (3 + 1 + 3 * 2 + 1) * size
    before = row(made, "m")
    assert before.questions == most
    run_study(made, "m", points=points)
    here = row(made, "m")
    assert here.questions == most
    asked, found = run_study(made, "m")
    assert here.to_ask - here.at_most * once <= asked <= here.to_ask
    assert (here.to_ask == 0) == (points is None)
    assert asked + found == most


@pytest.mark.parametrize("policy", ["echo", "timid", "malformed", "random", "nearest"])
@pytest.mark.parametrize("points", [None, 30, 200])
def test_no_plan_is_above_the_most_that_the_protocol_can_ask(tmp_path, policy, points):
    """Feedback asks the main question at other points again, which the plan must count once."""
    asked = {"self_predictions": ["self_prediction"], "feedback": ["feedback"], "several": ["several"]}
    made = study(tmp_path, {"m": {"engine": "control", "policy": policy}}, verify_off_grid=True, **asked)
    most = plan.protocol_asked(made, "m", "exam").at_most
    assert row(made, "m").questions == most
    run_study(made, "m", points=points)
    here = row(made, "m")
    assert here.questions <= most
    assert (here.to_ask == 0) == (points is None)


def test_what_is_asked_again_is_planned(tmp_path):
    models = {"m": {"engine": "control", "policy": "malformed", "retry": ["truncated", "failed"]}}
    made = study(tmp_path, models)
    run_study(made, "m")
    here = row(made, "m")
    assert here.to_ask == here.truncated > 0
    assert here.questions == 3 * made.datasets["exam"].size


def test_nobody_is_called_and_no_engine_starts(tmp_path, monkeypatch):
    remote = {"engine": "openai", "model": "gpt-4.1", "base_url": "http://127.0.0.1:9/v1"}
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    made = study(tmp_path, {"m": remote, "c": {"engine": "anthropic", "model": "claude-opus-5"}})
    table = plan.plan(made, PRICES)
    assert list(table["to_ask"]) == [3 * made.datasets["exam"].size] * 2
    assert not tmp_path.exists() or list(tmp_path.iterdir()) == []


# --- Tokens, money and time


def test_estimates_without_any_answer_are_stated(tmp_path):
    made = study(tmp_path, {"m": {"engine": "openai", "model": "gpt-4.1", "max_tokens": 500}}, ["minimal"])
    here, size = row(made, "m"), made.datasets["exam"].size
    assert here.tokens_from == "characters/4, 20 out per question, 80 out per condition"
    assert here.tokens_out == size * (20 + 80)
    assert here.tokens_in > size * 200
    assert here.usd == pytest.approx((here.tokens_in * 2 + here.tokens_out * 8) / 1e6, rel=1e-4)
    assert here.usd_at_most == pytest.approx((here.tokens_in * 2 + 2 * size * 500 * 8) / 1e6, rel=1e-4)
    assert (here.price_from, here.minutes) == ("prices.yaml", None)
    sampled = here.tokens_in
    Ledger(ledger_file(tmp_path, "openai", "gpt-4.1")).close()  # an empty file: now every text is counted
    assert row(made, "m").tokens_in == pytest.approx(sampled, rel=0.02)


def test_estimates_come_from_the_answers_there_are(tmp_path):
    model = {"engine": "openai", "model": "gpt-4.1", "requests_per_minute": 10, "max_in_flight": 4}
    made = study(tmp_path, {"m": model}, ["minimal"])
    protocol = plan.protocol_asked(made, "m", "exam")
    size = protocol.dataset.size
    characters = []

    class Once:
        """Answers the first ten questions."""

        answered = 0

        async def look_up(self, questions):
            return [self.entry(*question) for question in questions]

        def entry(self, messages, about):
            from sce.engines import open_engine

            body = open_engine(made.config.models["m"], protocol.dataset).body(messages, about)
            reply = Reply("answered", "no answer", usage={"in": 1000, "out": 7})
            result = Entry.of_reply(digest(body), reply, 6.0, 1)
            if self.answered < 10:
                self.answered += 1
                characters.append(sum(len(m["content"]) for m in messages))
                ledger.put(result, body)
            return result

        async def close(self):
            pass

    with Ledger(ledger_file(tmp_path, "openai", "gpt-4.1")) as ledger:
        elicit(protocol, Once(), lambda status: None)
    here = row(made, "m")
    assert (here.answered, here.to_ask, here.at_most) == (10, 2 * size - 20, size - 10)
    assert here.tokens_from == "10 answers, 80 out per condition"
    assert here.tokens_out == (size - 10) * (7 + 80)
    assert here.tokens_in > 1000 * (size - 10)
    assert (here.minutes, here.time_from) == (here.to_ask / 10, "requests_per_minute")
    slow = study(tmp_path, {"m": model | {"requests_per_minute": None}}, ["minimal"])
    assert row(slow, "m").minutes == pytest.approx(here.to_ask * 6 / 4 / 60)
    found = {"requests_per_minute": None, "max_in_flight": "auto"}
    unknown = row(study(tmp_path, {"m": model | found}, ["minimal"]), "m")
    assert (unknown.minutes, unknown.time_from) == (None, "unknown: no limit set, max_in_flight is auto")


def test_a_batch_costs_half_and_takes_a_day(tmp_path):
    live = {"engine": "openai", "model": "gpt-4.1"}
    made = study(tmp_path, {"live": live, "batch": live | {"mode": "batch"}})
    one, half = row(made, "live"), row(made, "batch")
    assert half.usd == pytest.approx(one.usd / 2)
    assert "within a day" in half.time_from


def test_a_reasoning_model_is_expected_to_reason(tmp_path):
    base = {"engine": "openai", "model": "o3"}
    models = {"plain": base, "thinks": base | {"temperature": None, "token_field": "max_completion_tokens"}}
    made = study(tmp_path, models, [])
    assert row(made, "thinks").tokens_out - row(made, "plain").tokens_out == 1000 * made.datasets["exam"].size


def test_the_command_prints_totals_and_remarks(tmp_path, capsys):
    import yaml

    content = study(tmp_path, {
        "paid": {"engine": "openai", "model": "gpt-4.1", "budget_usd": 0.01},
        "own": {"engine": "openai", "model": "mine", "base_url": "http://127.0.0.1:9/v1"},
    })  # fmt: skip
    path = tmp_path / "config.yaml"
    raw = content.config.model_dump(mode="json", exclude={"figures", "scoring", "embeddings", "matrices"})
    path.write_text(yaml.safe_dump(raw))
    parser = argparse.ArgumentParser()
    plan_command.add_arguments(parser)
    assert (
        plan_command.run(parser.parse_args(["--configfile", str(path), "--csv", str(tmp_path / "p.csv")]))
        == 0
    )
    out = capsys.readouterr().out
    assert "total" in out
    assert "No price known for own" in out
    assert "budget_usd 0.01" in out
    assert "NOT ENOUGH" in out
    assert len(pd.read_csv(tmp_path / "p.csv")) == 2


# --- Prices


def test_cost_by_hand():
    price = Price(input=2, cached_input=0.5, cache_write=2.5, output=8, batch_discount=0.5)
    counts = {"in": 1000, "cached": 600, "written": 100, "out": 50, "reasoning": 30}
    by_hand = (300 * 2 + 600 * 0.5 + 100 * 2.5 + 50 * 8) / 1e6
    assert price.of(counts) == pytest.approx(by_hand)
    assert price.of(counts | {"batch": 1}) == pytest.approx(by_hand / 2)
    assert price.of({}) is None
    plain = Price(input=2, output=8)
    assert plain.of(counts) == pytest.approx((1000 * 2 + 50 * 8) / 1e6)


def test_no_answer_costs_more_than_its_bound():
    price, text = Price(input=3, cache_write=4, output=15), "日本" * 50
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 10}
    tokens_in = len(text.encode()) + 20  # a token a byte, and the chat format
    assert price.bound(body, False) >= price.of({"in": tokens_in, "written": tokens_in, "out": 10})
    with pytest.raises(InputError, match="limit of tokens"):
        price.bound({"messages": []}, False)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"model": "gpt-4.1-2025-04-14"}, (2, 8)),
        ({"model": "gpt-4o-2024-05-13"}, (5, 15)),
        ({"model": "gpt-4o-2024-11-20"}, (2.5, 10)),
        ({"model": "gpt-nine"}, None),
        ({"engine": "anthropic", "model": "claude-3-7-sonnet-20250219"}, (3, 15)),
        ({"engine": "anthropic", "model": "claude-3-5-haiku-latest"}, (0.8, 4)),
    ],
)
def test_a_model_is_found_by_its_name(fields, found):
    hosts = {"openai": "https://api.openai.com", "anthropic": "https://api.anthropic.com"}
    price = PRICES.of_entry(entry(url=hosts[fields.get("engine", "openai")], **fields))
    assert (price and (price.input, price.output)) == found
    assert PRICES.of_entry(entry(url="http://127.0.0.1:9", **fields)) is None  # another host, another price


def test_what_runs_here_is_free():
    for engine in ({"engine": "control", "policy": "nearest"}, {"engine": "vllm", "model": "a/b"}):
        experiments = {"e": {"models": ["m"], "datasets": ["exam"]}}
        made = load({"models": {"m": engine}, "experiments": experiments}, "test").config
        assert PRICES.of_entry(made.models["m"]) == prices.FREE


def test_prices_of_the_file_make_sense():
    for name, provider in PRICES.providers.items():
        for model, price in provider.models.items():
            where = f"{name}: {model}"
            assert 0 < price.input < price.output <= 100, where
            assert price.cached_input is None or price.cached_input < price.input, where
            assert price.cache_write is None or price.input < price.cache_write <= 2 * price.input, where
        assert provider.batch_discount == 0.5


def test_the_plan_says_when_prices_are_old(tmp_path):
    made = study(tmp_path, {"m": {"engine": "openai", "model": "gpt-5.5"}})
    table = plan.plan(made, PRICES)
    for days, told in ((90, False), (91, True)):
        text = plan_report.report(made, PRICES, table, PRICES.read_on + timedelta(days=days))
        assert (f"read {days} days ago, on {PRICES.read_on}: look them up again" in text) == told
    for days, told in ((1, False), (2, True)):
        text = plan_report.report(made, PRICES, table, PRICES.read_on - timedelta(days=days))
        assert (f"{PRICES.read_on}, a day to come" in text) == told
    unknown = PRICES.model_copy(update={"read_on": None})
    text = plan_report.report(made, unknown, table, PRICES.read_on)
    assert "config/prices.yaml does not say when its prices were read (read_on)" in text


# --- Budgets


def test_a_budget_stops_before_it_is_passed(tmp_path):
    path, price = tmp_path / "l.sqlite", Price(input=0, output=1000)
    budget, numbers = Budget(1.0, price, path), iter(range(100))

    def body(number):
        return {"n": number, "messages": [], "max_tokens": 200}  # 0.2 USD at most

    def ask_all(ledger):
        for number in numbers:
            if not budget.fits(body(number)):
                raise budget.exhausted()
            budget.settle(_put(ledger, body(number), 100))  # 0.1 USD in truth

    with Ledger(path) as ledger:
        with pytest.raises(Fatal, match=r"more than is left of 1 USD; .* have cost 0\.9"):
            ask_all(ledger)
        assert next(numbers) == 10
        assert budget.spent_usd == pytest.approx(0.9)
        # What is under way counts at its most; a question that failed gives its share back.
        wide = Budget(1.3, price, path)
        assert wide.fits(body(100))
        assert wide.fits(body(101))
        assert wide.waits
        assert not wide.fits(body(102))
        wide.settle(Entry.of_failure(digest(body(100)), "HTTP 500", None, 0, 1))
        assert wide.fits(body(102))
        # Another job's answers count once they are stored.
        _put(ledger, body(103), 100)
        assert wide.spent_usd == pytest.approx(1.0)


def _put(ledger, body, tokens_out):
    entry = Entry.of_reply(digest(body), Reply("answered", "a", usage={"in": 5, "out": tokens_out}), 0, 1)
    ledger.put(entry, body)
    return entry


def test_a_budget_needs_a_price(tmp_path):
    known = entry(url="https://api.openai.com", model="gpt-4.1", budget_usd=2)
    assert open_budget(known, PRICES, tmp_path).limit_usd == 2
    assert open_budget(entry(model="gpt-4.1"), PRICES, tmp_path) is None
    with pytest.raises(InputError, match=r"no price for gpt-4\.1 at 127\.0\.0\.1"):
        open_budget(entry(model="gpt-4.1", budget_usd=2), PRICES, tmp_path)


def test_a_budget_without_a_price_is_told_before_anything_is_asked():
    made = {"engine": "openai", "model": "none-such", "base_url": "https://example.org/v1", "budget_usd": 2}
    asked = {"main": {"models": ["m"], "datasets": ["exam"], "conditions": ["minimal"]}}
    read = load({"models": {"m": made}, "experiments": asked}, "some.yaml")
    with pytest.raises(InputError, match=r"some\.yaml: models\.m: budget_usd: .* none-such at example\.org"):
        check_budgets(read, PRICES)


def test_a_budget_stops_a_real_walk(tmp_path):
    """Through the asker and the SDK, against a provider on loopback."""
    from tests.asking.questions import walk
    from tests.faults import Provider, served

    provider, price = Provider(), Price(input=0, output=1000)
    with served(provider) as url:
        model = entry(url=url, max_tokens=50)  # 0.05 USD at most, 0.005 in truth
        budget = Budget(0.1, price, ledger_file(tmp_path, "openai", "tiny"))
        with (
            pytest.raises(Fatal, match="budget_usd"),
            open_asker(model, None, tmp_path, budget=budget) as asker,
        ):
            asyncio.run(walk(asker, range(100), workers=1))
        assert budget.spent_usd <= 0.1
        assert sum(provider.answered.values()) == asker.asked == 11  # 11 x 0.005 + 0.05 would pass 0.1


def test_the_workflow_has_a_target_for_it(tmp_path):
    project = Project(tmp_path / "project")
    models = {"gpt": {"from": "gpt41"}}
    experiment = {"models": ["gpt"], "datasets": ["exam"], "conditions": ["minimal"]}
    project.configure({"models": models, "experiments": {"main": experiment}})
    out = project.snakemake("plan")
    assert re.search(r"^gpt +exam +132 +0 ", out, re.MULTILINE)
    assert not (project.folder / "results").exists()
    assert not list(project.folder.glob("ledger/*"))


# --- Usage


def responses(**columns):
    base = {
        "kind": ["question"] * 3 + ["condition"] * 2,
        "status": ["answered", "answered", "failed", "truncated", "failed"],
        "error": [None, None, "HTTP 500: request req_1a2b failed", None, "HTTP 500: request req_9z failed"],
        "tokens_in": [100, 200, None, 300, None],
        "tokens_cached": [50, 0, None, None, None],
        "tokens_out": [10, 20, None, 1000, None],
        "tokens_written": [None] * 5,
        "tokens_reasoning": [None] * 5,
        "batch": [False] * 5,
        "latency_s": [1.0, 3.0, 60.0, 9.0, 60.0],
        "attempts": [1, 2, 6, 1, 6],
    }
    return pd.DataFrame(base | columns)


def test_usage_by_hand():
    price = Price(input=2, cached_input=1, output=10, batch_discount=0.5)
    table = usage.usage(responses(), price, "m", "d").set_index("kind")
    question, condition = table.loc["question"], table.loc["condition"]
    assert list(question[["model", "dataset", "questions", "answered", "failed"]]) == ["m", "d", 3, 2, 1]
    assert (question.tokens_in, question.tokens_cached, question.tokens_out) == (300, 50, 30)
    assert question.cost_usd == pytest.approx((250 * 2 + 50 * 1 + 30 * 10) / 1e6)
    assert (question.latency_p50_s, question.attempts) == (2.0, 9)
    assert condition.truncated == 1
    assert pd.isna(condition.tokens_cached)
    assert pd.isna(question.tokens_reasoning)
    assert condition.cost_usd == pytest.approx((300 * 2 + 1000 * 10) / 1e6)
    half = usage.usage(responses(batch=[True, False, False, True, False]), price, "m", "d")
    assert half["cost_usd"][1] == pytest.approx(condition.cost_usd / 2)
    unknown = usage.usage(responses(), None, "m", "d")
    assert unknown["cost_usd"].isna().all()


def test_an_answer_whose_tokens_nobody_told_is_not_free(tmp_path):
    price, path = Price(input=0, output=1000), tmp_path / "l.sqlite"
    assert price.of({"cached": 3}) is None
    table = usage.usage(responses(tokens_out=[10, None, None, 5, None]), price, "m", "d")
    assert pd.isna(table["cost_usd"][0])  # of the first kind, an answer without its tokens
    assert table["cost_usd"][1] > 0
    body = {"messages": [], "max_tokens": 200}
    with Ledger(path) as ledger:
        ledger.put(Entry.of_reply(digest(body), Reply("answered", "x"), 0, 1), body)
    assert Budget(1.0, price, path).spent_usd == pytest.approx(price.bound(body, False))


def test_what_was_spent_counts_as_in_a_budget(tmp_path):
    made = study(
        tmp_path,
        {"paid": {"engine": "openai", "model": "gpt-4.1"}, "free": {"engine": "control", "policy": "echo"}},
    )
    assert plan.spent(made, load_prices()) == {"paid": 0.0}
    path, price = (
        ledger_file(tmp_path, "openai", "gpt-4.1"),
        load_prices().of_entry(made.config.models["paid"]),
    )
    told, untold, failed = ({"messages": [{"content": text}], "max_tokens": 200} for text in "abc")
    with Ledger(path) as ledger:
        usage = {"in": 1000, "out": 10}
        ledger.put(Entry.of_reply(digest(told), Reply("answered", "x", usage=usage), 0, 1), told)
        ledger.put(Entry.of_reply(digest(untold), Reply("answered", "x"), 0, 1), untold)
        ledger.put(Entry.of_failure(digest(failed), "no", None, 0, 1), failed)
    expected = (1000 * price.input + 10 * price.output) / 1e6 + price.bound(untold, False)
    assert plan.spent(made, load_prices())["paid"] == pytest.approx(expected)
    assert Budget(1, price, path).spent_usd == pytest.approx(expected)


def test_usage_of_nothing_told():
    none = responses(tokens_in=[np.nan] * 5, tokens_cached=None, tokens_out=None, status=["failed"] * 5)
    table = usage.usage(none, prices.FREE, "m", "d")
    assert table["tokens_in"].isna().all()
    assert table["latency_p50_s"].isna().all()
    assert list(table["cost_usd"]) == [0, 0]


def test_failures_count_by_cause():
    table = usage.failures(responses(), "m", "d")
    assert table.to_dict("records") == [
        {"model": "m", "dataset": "d", "kind": kind, "cause": "HTTP 500: request # failed", "questions": 1}
        for kind in ("condition", "question")
    ]
    assert usage.failures(responses(status=["answered"] * 5), "m", "d").empty
    assert usage.cause("HTTP 429: wait 3.5 s (id 0x7ffe12)") == "HTTP 429: wait # s (id #)"


def test_the_plan_says_what_the_study_can_show(tmp_path):
    """Before anyone is asked for independent rows; after a pilot for rows as they are."""
    models = {"luck": {"engine": "control", "policy": "random"}}
    made = study(tmp_path, models, conditions=["minimal"], datasets=["weather"])
    before = plan_report.report(made, PRICES, plan.plan(made, PRICES), PRICES.read_on)
    assert "weather: 45 starts find a difference in validity of 0.295 (power 0.8)" in before
    assert "is worth" not in before
    run_study(made, "luck", "weather")
    table = plan.plan(made, PRICES)
    assert 0.1 < table["worth"].item() <= 1
    found = re.search(
        r"a row of luck is worth (\S+) independent", plan_report.report(made, PRICES, table, PRICES.read_on)
    )
    assert float(found[1]) == pytest.approx(table["worth"].item(), abs=0.006)
