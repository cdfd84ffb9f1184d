"""The plan says what a run then does."""

import argparse
import re

import pandas as pd
import pytest

from sce.asking import conversations
from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.grids.datasets import load_dataset
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money.prices import load_prices
from sce.study import plan, plan_command
from sce.study.study import load
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


def test_the_workflow_has_a_target_for_it(tmp_path):
    project = Project(tmp_path / "project")
    models = {"gpt": {"from": "gpt41"}}
    experiment = {"models": ["gpt"], "datasets": ["exam"], "conditions": ["minimal"]}
    project.configure({"models": models, "experiments": {"main": experiment}})
    out = project.snakemake("plan")
    assert re.search(r"^gpt +exam +132 +0 ", out, re.MULTILINE)
    assert not (project.folder / "results").exists()
    assert not list(project.folder.glob("ledger/*"))
