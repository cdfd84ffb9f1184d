"""The protocol: what is asked, in which conversation, and what becomes of it."""

import asyncio
import json

import pytest

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.asking.protocol import Protocol
from sce.engines import Fatal
from sce.grids.datasets import load_dataset
from sce.ledger.entries import Reply
from sce.models.catalogue import read_entry
from sce.wordings.prompts import load_prompt, prompt_file

DATASET = load_dataset("resources/datasets/weather.yaml")
N = DATASET.size
QUESTION = load_prompt(prompt_file("question"))
CONDITIONS = [load_prompt(prompt_file(name)) for name in ("unconstrained", "minimal")]


class Scripted:
    """An engine that answers by a function of the request and remembers what it was asked."""

    free = False

    def __init__(self, say):
        self.say, self.bodies, self.closed = say, [], False

    def body(self, messages, about):
        return {"messages": messages, "kind": about.kind, "record": about.record, "schema": about.schema}

    async def start(self):
        pass

    async def ask(self, body):
        self.bodies.append(body)
        await asyncio.sleep(0)
        return self.say(body)

    async def close(self):
        self.closed = True


def run(tmp_path, engine, questions=(QUESTION,), conditions=CONDITIONS, in_flight=4, **protocol):
    entry = read_entry(
        {"models": {"m": {"engine": "control", "policy": "echo", "max_in_flight": in_flight}}}, "m"
    )
    with open_asker(entry, DATASET, tmp_path, engine=engine) as asker:
        statuses = []
        made = Protocol(DATASET, list(questions), list(conditions), **protocol)
        table = elicit(made, asker, statuses.append)
        assert len(statuses) == len(table)
    return table


def warm_above_ten(body):
    if body["kind"] == "question":
        return Reply(
            "answered", json.dumps({"answer": "Warm" if body["record"]["temperature"] > 10 else "Cold"})
        )
    return Reply("answered", json.dumps({"temperature": 3.5, "wind_speed": 0}))


def test_follow_ups_continue_the_raw_answer(tmp_path):
    engine = Scripted(warm_above_ten)
    table = run(tmp_path, engine, system="Be brief.")
    assert len(table) == 3 * N
    assert table["kind"].value_counts().to_dict() == {"condition": 2 * N, "question": N}
    follow_up = next(b for b in engine.bodies if b["kind"] == "condition")["messages"]
    assert [m["role"] for m in follow_up] == ["system", "user", "assistant", "user"]
    assert follow_up[0]["content"] == "Be brief."
    assert DATASET.describe(DATASET.record(0)) in follow_up[1]["content"]
    assert follow_up[2]["content"] == '{"answer": "Cold"}'
    assert "would have been Warm" in follow_up[3]["content"]
    question = next(b for b in engine.bodies if b["kind"] == "question")["messages"]
    assert follow_up[:2] == question
    assert engine.closed


def test_rows_come_in_order_whatever_the_concurrency(tmp_path):
    one = run(tmp_path / "one", Scripted(warm_above_ten), in_flight=1)
    many = run(tmp_path / "many", Scripted(warm_above_ten), in_flight=32)
    keys = ["kind", "wording", "condition", "point_id", "digest", "response"]
    assert one[keys].equals(many[keys])


def test_a_second_run_asks_nothing(tmp_path):
    run(tmp_path, Scripted(warm_above_ten))
    engine = Scripted(warm_above_ten)
    run(tmp_path, engine)
    assert engine.bodies == []


def test_no_condition_without_a_prediction(tmp_path):
    def say(body):
        unsure = body["record"]["wind_speed"] == 0
        return Reply("answered", "perhaps") if unsure else warm_above_ten(body)

    table = run(tmp_path, Scripted(say))
    asked = table[table["kind"] == "condition"]["point_id"]
    assert len(asked) == 2 * N * 4 // 5
    assert all(DATASET.record(point)["wind_speed"] > 0 for point in asked)


def test_off_grid_sces_are_asked_about_once(tmp_path):
    engine = Scripted(warm_above_ten)
    table = run(tmp_path, engine, verify_off_grid=True)
    verified = table[table["kind"] == "verification"]
    assert len(verified) == 2 * N
    assert verified["digest"].nunique() == 1
    off_grid = {"temperature": 3.5, "wind_speed": 0}
    about = [b for b in engine.bodies if b["record"] == off_grid]
    assert len(about) == 1
    assert "3.5" in about[0]["messages"][0]["content"]


def test_structured_requests_carry_their_schema(tmp_path):
    engine = Scripted(warm_above_ten)
    run(tmp_path, engine, structured=True)
    schemas = {b["kind"]: b["schema"] for b in engine.bodies}
    assert schemas["question"]["properties"]["answer"]["enum"] == ["Cold", "Warm"]
    assert schemas["condition"]["properties"]["wind_speed"]["enum"] == [0, 10, 20, 30, 40]
    assert schemas["condition"]["required"] == ["temperature", "wind_speed"]


def test_a_fatal_fault_stops_at_once_and_keeps_what_was_answered(tmp_path):
    def say(body):
        if body["record"]["temperature"] > 0:
            raise Fatal("no credit")
        return warm_above_ten(body)

    engine = Scripted(say)
    with pytest.raises(Fatal, match="no credit"):
        run(tmp_path, engine, in_flight=2)
    assert engine.closed
    answered = len([b for b in engine.bodies if b["record"]["temperature"] <= 0])
    again = Scripted(warm_above_ten)
    run(tmp_path, again)
    assert len(again.bodies) == 3 * N - answered


def test_samples_are_asked_again_and_the_majority_is_continued(tmp_path):
    """Asked three times, it says Cold, Warm, Warm: Warm decides, and each condition continues it as often."""

    class Numbered(Scripted):
        def body(self, messages, about):
            return super().body(messages, about) | {"asking": about.again}

    def turning(body):
        if body["kind"] == "condition":
            return warm_above_ten(body)
        return Reply("answered", json.dumps({"answer": "Cold" if body["asking"] == 1 else "Warm"}))

    engine = Numbered(turning)
    table = run(tmp_path, engine, samples=3)
    assert len(table) == len(set(table["digest"])) == (3 + 2 * 3) * N
    assert table["sample"].value_counts().to_dict() == dict.fromkeys((1, 2, 3), 3 * N)
    follow_ups = [body["messages"] for body in engine.bodies if body["kind"] == "condition"]
    assert {messages[1]["content"] for messages in follow_ups} == {'{"answer": "Warm"}'}
    once = run(tmp_path / "once", Numbered(warm_above_ten))
    assert "sample" not in once
    often = run(tmp_path / "often", Numbered(warm_above_ten), samples=2)
    assert set(once["digest"]) == set(often["digest"][often["sample"] == 1])


def test_samples_without_a_prediction_do_not_vote(tmp_path):
    def silent(body):
        return Reply("answered", "hm") if body["kind"] == "question" else warm_above_ten(body)

    table = run(tmp_path, Scripted(silent), samples=2)
    assert table["kind"].value_counts().to_dict() == {"question": 2 * N}
