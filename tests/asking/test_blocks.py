"""Questions in blocks: the same answers as one by one, whatever is in the ledger already."""

import asyncio
import gc
import json
import os
import signal

import pytest

from sce.asking import conversations
from sce.asking.asker import open_asker
from sce.asking.blocks import without_gc
from sce.asking.conversations import elicit
from sce.asking.protocol import Protocol
from sce.engines import Rejected
from sce.grids.datasets import load_dataset
from sce.ledger.entries import Reply
from sce.models.catalogue import read_entry
from sce.running.jobs import Stopped
from sce.wordings.prompts import load_prompt, prompt_file

DATASET = load_dataset("resources/datasets/weather.yaml")
N = DATASET.size
PROMPTS = [load_prompt(prompt_file(name)) for name in ("question", "unconstrained", "minimal")]
ENTRY = read_entry({"models": {"m": {"engine": "control", "policy": "echo", "max_in_flight": 4}}}, "m")


class Cold:
    """Says Cold everywhere, gives the start as its SCE, and has no answer where there is no wind."""

    def __init__(self, free):
        self.free, self.asked = free, []

    def body(self, messages, about):
        return {"messages": messages, "kind": about.kind, "record": about.record}

    async def start(self):
        pass

    async def ask(self, body):
        self.asked.append(body)
        if body["record"]["wind_speed"] == 0:
            raise Rejected("no wind")
        await asyncio.sleep(0)
        said = {"answer": "Cold"} if body["kind"] == "question" else body["record"]
        return Reply("answered", json.dumps(said))

    async def close(self):
        pass


def run(folder, engine, conditions):
    with open_asker(ENTRY, DATASET, folder, engine=engine) as asker:
        statuses = []
        table = elicit(Protocol(DATASET, PROMPTS[:1], conditions), asker, statuses.append)
    assert len(statuses) == len(table)
    return table.drop(columns="latency_s"), asker


def test_a_free_engine_is_asked_in_blocks_what_another_is_asked_one_by_one(tmp_path):
    """One of 5 wind speeds is rejected: N questions, and two conditions at four fifths of the points."""
    one_by_one, asker = run(tmp_path / "a", Cold(free=False), PROMPTS[1:])
    in_blocks, free = run(tmp_path / "b", Cold(free=True), PROMPTS[1:])
    assert one_by_one.equals(in_blocks)
    assert in_blocks["status"].value_counts().to_dict() == {"answered": N * 4 // 5 * 3, "failed": N // 5}
    assert set(in_blocks.loc[in_blocks["status"] == "failed", "finish_reason"]) == {"rejected"}
    assert (asker.asked, asker.found) == (free.asked, free.found) == (N + 2 * N * 4 // 5, 0)


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("block", [1, 7, 500])
def test_what_is_partly_there_is_asked_once_and_counted_once(tmp_path, monkeypatch, caplog, free, block):
    """The main question and one condition are in the ledger, the other condition is new."""
    monkeypatch.setattr(conversations, "BLOCK", block)
    run(tmp_path, Cold(free), PROMPTS[1:2])
    engine = Cold(free)
    table, asker = run(tmp_path, engine, PROMPTS[1:])
    explained = N * 4 // 5
    assert len(engine.asked) == asker.asked == explained
    assert {body["kind"] for body in engine.asked} == {"condition"}
    assert asker.found == N + explained
    assert len(table) == table["digest"].nunique() == N + 2 * explained
    whole, _ = run(tmp_path / "at once", Cold(free), PROMPTS[1:])
    assert table.equals(whole)
    gc.collect()
    assert not caplog.records  # asyncio logs what is left over


def test_a_job_of_a_free_engine_stops_when_it_is_told_to(tmp_path, monkeypatch, caplog):
    class Told(Cold):
        async def ask(self, body):
            if not self.asked:
                os.kill(os.getpid(), signal.SIGTERM)
            return await super().ask(body)

    monkeypatch.setattr(conversations, "BLOCK", 10)
    engine = Told(free=True)
    with pytest.raises(Stopped):
        run(tmp_path, engine, PROMPTS[1:])
    assert len(engine.asked) <= 10
    _, asker = run(tmp_path, Cold(free=True), PROMPTS[1:])
    assert asker.found in (len(engine.asked), len(engine.asked) - 1)  # one may have been under way
    assert not caplog.records


def test_the_search_for_cycles_goes_on_afterwards():
    was_on = []

    def fail():
        with without_gc():
            was_on.append(gc.isenabled())
            raise ValueError("in between")

    with pytest.raises(ValueError, match="in between"):
        fail()
    assert was_on == [False]
    assert gc.isenabled()
