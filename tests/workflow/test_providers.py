"""Providers through the real workflow: batches, budgets, and runs in which questions fail."""

import json
import os
import re
import signal
import subprocess
import time

import pandas as pd
import pytest

from tests.batches import AnthropicStub, OpenAIStub
from tests.conftest import Project
from tests.doors import DOORS, KEY, THOUGHT, require_sdk
from tests.faults import Answer, Provider, served

N = 45  # points of weather
STUBS = {"openai": OpenAIStub, "anthropic": AnthropicStub}
PRICES = """
providers:
  loopback:
    hosts: [127.0.0.1]
    batch_discount: 0.5
    models: {tiny: {input: 0, output: 1000}}
"""


def weather(request):
    """Cold below 15 degrees, and SCEs at the far end."""
    text = request["messages"][-1]["content"]
    if len(request["messages"]) == 1:
        warm = int(re.search(r"is: (-?\d+)", text)[1]) >= 15
        return json.dumps({"answer": "Warm" if warm else "Cold"})
    return json.dumps({"temperature": 35 if "would have been Warm" in text else -5, "wind_speed": 0})


def project(tmp_path, url, engine="openai", **fields) -> Project:
    made = Project(tmp_path / "project")
    base = url + ("/v1" if engine == "openai" else "")
    entry = {"engine": engine, "model": "tiny", "base_url": base, "api_key_env": None, "max_tokens": 50}
    made.configure(
        {
            "models": {"m": entry | fields},
            "experiments": {
                "main": {"models": ["m"], "datasets": ["weather"], "conditions": ["unconstrained", "minimal"]}
            },
        }
    )
    (made.folder / "config/prices.yaml").write_text(PRICES)
    return made


def usage(made) -> pd.DataFrame:
    return pd.read_csv(made.folder / "results/usage.csv").set_index("kind")


@pytest.mark.parametrize("engine", STUBS)
def test_a_study_in_batches_is_killed_and_attached_to_again(engine, tmp_path):
    stub = STUBS[engine]()
    stub.text = weather
    stub.hold.clear()
    with served(stub) as url:
        stub.url = url
        made = project(tmp_path, url, engine, mode="batch", poll_s=0.2)
        run = subprocess.Popen(
            made.command("scores"), cwd=made.folder, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while not any(batch["looks"] for batch in stub.batches.values()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        stub.hold.set()
        made.snakemake("scores", "results/usage.csv")
    assert [len(batch["lines"]) for batch in stub.batches.values()] == [N, 2 * N]
    assert set(stub.answered.values()) == {1}
    scores = pd.read_csv(made.folder / "results/scores.csv").set_index(["condition", "score"])["value"]
    assert scores["minimal", "validity"] == scores["unconstrained", "validity"] == 1
    responses = pd.read_parquet(made.folder / "results/m/weather/responses.parquet")
    assert responses["batch"].all()
    each = responses["tokens_out"].iloc[0]
    assert usage(made).loc["question", "cost_usd"] == pytest.approx(N * each * 1000 / 1e6 / 2)


@pytest.mark.parametrize("engine", ["responses", "gemini"])
def test_a_study_through_a_protocol_of_its_own(engine, tmp_path):
    require_sdk(DOORS[engine])
    door = DOORS[engine](lambda texts: weather({"messages": [{"content": text} for text in texts]}))
    keys = os.environ | door.KEYS
    with served(door) as url:
        made = Project(tmp_path / "project")
        entry = {"engine": engine, "model": "tiny", "max_tokens": 50, "budget_usd": 9}
        experiment = {"models": ["m"], "datasets": ["weather"], "conditions": ["minimal"]}
        made.configure(
            {"models": {"m": entry | door.address(url) | door.FIELDS}, "experiments": {"main": experiment}}
        )
        (made.folder / "config/prices.yaml").write_text(PRICES)
        made.snakemake("scores", "results/usage.csv", env=keys)
    assert len(door.seen) == 2 * N
    scores = pd.read_csv(made.folder / "results/scores.csv").set_index(["condition", "score"])["value"]
    assert scores["minimal", "validity"] == 1
    assert usage(made).loc["question", "cost_usd"] == pytest.approx(N * THOUGHT["out"] * 1000 / 1e6)
    for file in (each for each in made.folder.rglob("*") if each.is_file()):
        assert KEY.encode() not in file.read_bytes()


def test_a_budget_ends_the_run_before_it_is_passed_and_more_money_continues_it(tmp_path):
    provider = Provider(reply=weather)
    with served(provider) as url:
        made = project(tmp_path, url, budget_usd=0.3)  # an answer costs 0.005, and could cost 0.05
        out = made.snakemake("scores", ok=False)
        assert "budget_usd: the next question could cost more than is left of 0.3 USD" in out
        paid = sum(provider.answered.values())
        assert made.rows_in_ledger() == paid
        assert 0.25 <= paid * 0.005 <= 0.3
        made.edit("config/config.yaml", "budget_usd: 0.3", "budget_usd: 3")
        made.snakemake("scores")
    assert len(provider.answered) == 3 * N
    assert set(provider.answered.values()) == {1}


def test_a_run_with_failures_is_complete_visible_and_ends_with_an_error(tmp_path):
    broken = {"error": {"message": "the server had an error", "type": "server_error", "code": None}}
    failing, targets = [True], ("scores", "check_failures")

    def reply(request):
        text = request["messages"][-1]["content"]
        if failing[0] and len(request["messages"]) == 1 and "is: 20." in text:  # wind or temperature
            return Answer.of(broken, 500)
        return weather(request)

    provider = Provider(reply=reply)
    with served(provider) as url:
        made = project(tmp_path, url, attempts=1)
        out = made.snakemake(*targets, ok=False)
        assert "13 of 109 questions of m on weather, most often: HTTP 500: the server had an error" in out
        scores = pd.read_csv(made.folder / "results/scores.csv").set_index(["condition", "score"])["value"]
        assert scores["minimal", "n_no_prediction"] == 13
        assert usage(made).loc["question", "failed"] == 13
        failing[0] = False
        asked = sum(provider.answered.values())
        made.snakemake(*targets)
        assert sum(provider.answered.values()) == asked + 3 * 13
        assert made.stale(*targets) == {}
    scores = pd.read_csv(made.folder / "results/scores.csv").set_index(["condition", "score"])["value"]
    assert scores["minimal", "n_kept"] == N


def test_what_a_run_cannot_do_later_ends_it_before_anything_is_asked(tmp_path):
    made = project(tmp_path, "http://127.0.0.1:1")
    made.edit("config/config.yaml", "    - minimal\n", "    - minimal\n    metrics: [semantic]\n")
    with (made.folder / "config/config.yaml").open("a") as file:
        file.write("embeddings: {model: no-such-model}\n")
    out = made.snakemake("scores", ok=False)
    assert "embeddings: model: found 'no-such-model'; allowed: " in out
    assert "Traceback" not in out
    assert not (made.folder / "ledger").exists()
