"""What the plan says below its table."""

import re
from datetime import timedelta

import pytest

from sce.engines import vllm
from sce.money.prices import load_prices
from sce.study import plan, plan_report
from tests.study.test_plan import run_study, study

PRICES = load_prices()
PAID = {"engine": "openai", "model": "gpt-4.1", "budget_usd": 5}


def said(made):
    return plan_report.report(made, PRICES, plan.plan(made, PRICES), PRICES.read_on).splitlines()


def test_models_that_lack_a_key_or_a_library_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sce.files.secrets.DOTENV", tmp_path / "none")
    monkeypatch.setenv("THIRD_KEY", "some-key-1234")
    for name in ("OPENAI_API_KEY", "GATEWAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sce.engines.remote.is_installed", lambda name: name != "boto3")
    made = study(tmp_path, {
        "paid": PAID,
        "third": PAID | {"api_key_env": "THIRD_KEY", "headers": {"X-Gateway": "$GATEWAY"}},
        "cloud": {"engine": "bedrock", "model": "tiny", "region": "eu-west-1"},
        "open": PAID | {"api_key_env": None},
        "echo": {"engine": "control", "policy": "echo"},
    })  # fmt: skip
    lines = [line for line in said(made) if "cannot be asked here" in line]
    assert lines == [
        "paid cannot be asked here: OPENAI_API_KEY is not set: export it, or write OPENAI_API_KEY=... into "
        ".env in the working directory (api_key_env: null where the endpoint needs no key).",
        "third cannot be asked here: the header X-Gateway needs the variable $GATEWAY, which is not set.",
        "cloud cannot be asked here: the engine bedrock needs the package anthropic[bedrock] (pip install "
        "anthropic[bedrock]).",
    ]


def test_what_is_answered_needs_no_key(tmp_path, monkeypatch):
    """A study is planned again, and made again, on a machine without keys."""
    control = {"engine": "control", "policy": "echo"}
    made = study(tmp_path, {"echo": control})
    run_study(made, "echo")
    monkeypatch.setattr("sce.engines.control.ControlEngine.lacks", lambda self: ["a key"], raising=False)
    assert not any("cannot be asked here" in line for line in said(made))
    unasked = study(tmp_path / "unasked", {"echo": control})
    assert "echo cannot be asked here: a key." in said(unasked)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (1.9, "2.00 more expected: NOT ENOUGH: the run will stop on the way."),
        (2.0, "2.00 more expected: enough, unless replies are long (9.00 at most)."),
        (9.0, "2.00 more expected: enough."),
    ],
)
def test_a_budget_is_compared_with_what_is_expected_and_with_the_most(tmp_path, budget, told):
    made = study(tmp_path, {"paid": PAID | {"api_key_env": None, "budget_usd": budget}}, datasets=["weather"])
    table = plan.plan(made, PRICES).assign(usd=2.0, usd_at_most=9.0)
    assert f"paid: 0.00 USD spent so far; budget_usd {budget:g}, {told}" in plan_report.remarks(
        made, PRICES, table, PRICES.read_on
    )


def test_an_interpreter_without_vllm_is_named(tmp_path, monkeypatch):
    without = tmp_path / "python"
    without.write_text("#!/bin/sh\nexit 1\n")
    without.chmod(0o755)
    made = study(tmp_path, {"own": {"engine": "vllm", "model": "org/tiny-1B", "python": str(without)}})
    assert any(f"own cannot be asked here: {without} has no vllm" in line for line in said(made))
    monkeypatch.setattr(vllm, "_require_vllm", lambda model: None)
    assert not any("cannot be asked here" in line for line in said(made))


def test_what_a_study_can_show_is_a_line_a_dataset(tmp_path):
    """By hand: 2.8016 x sqrt(0.5 / 45) = 0.295; at a quarter twice that, and four times 1,570."""
    controls = {name: {"engine": "control", "policy": name} for name in ("nearest", "echo", "timid")}
    made = study(tmp_path, controls, conditions=["minimal"], datasets=["weather", "exam"])
    table = plan.plan(made, PRICES)
    table["worth"] = [1.0, None, 0.25, None, None, None]
    assert plan_report.remarks(made, PRICES, table, PRICES.read_on) == [
        "weather: 45 starts find a difference in validity of 0.295 (power 0.8) if all rows are independent; "
        "one of 0.05 takes 1,570. By the answers so far, a row of echo is worth 0.25 independent ones: a "
        "difference of 0.591; one of 0.05 takes 6,280 starts like these.",
        "exam: 66 starts find a difference in validity of 0.244 (power 0.8) if all rows are independent; one "
        "of 0.05 takes 1,570.",
        "Each line names the model whose rows are worth least; python -m sce plan --csv FILE has all.",
    ]


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


def test_a_narrow_terminal_gets_the_columns_that_say_most(tmp_path):
    made = study(tmp_path, {"echo": {"engine": "control", "policy": "echo"}})
    run_study(made, "echo")
    table = plan.plan(made, PRICES)
    whole, narrow = (plan_report.written(table, width).splitlines() for width in (10_000, 80))
    assert whole[0].split("  ")[-1] == "tokens from"
    assert max(map(len, narrow)) <= 80 < len(whole[0])
    assert not {"failed", "truncated", "refused", "from"} & set(narrow[0].split())
    assert narrow[0].split("  ")[-1] == "time"
    told = plan_report.report(made, PRICES, table, PRICES.read_on, 60).splitlines()
    assert all(len(line) <= 60 for line in told[2:])
