"""Conversations divided between jobs: together they ask what one job asks, each question once."""

from dataclasses import replace

import pandas as pd
import pytest

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.asking.protocol import Protocol
from sce.engines import Fatal
from sce.experiments.choices import Choose
from sce.ledger.entries import Reply
from sce.models.catalogue import read_entry
from sce.models.shards import Shard, shards
from sce.searching.survey import survey_of
from sce.wordings.prompts import load_prompt, prompt_file
from tests.asking.test_conversations import CONDITIONS, DATASET, QUESTION, N, Scripted, warm_above_ten

RETRIED = {"retry": ["failed", "truncated"]}
ENTRY = read_entry({"models": {"m": {"engine": "control", "policy": "nearest"} | RETRIED}}, "m")
IN_PART = {
    "metrics": ["gower"], "starts": 10, "seed": 3, "per_start": 5, "in_all": None, "at_once": 16,
    "monotone": False, "probes": 1,
}  # fmt: skip
TASKS = pd.DataFrame({"point_id": [0, 7], "candidates": ["[1, 2]", "[3, 4]"]})


def protocol(shard=None, in_part=False, **more):
    survey = survey_of(DATASET, IN_PART) if in_part else None
    return Protocol(DATASET, [QUESTION], CONDITIONS, survey=survey, shard=shard, **more)


def ask(folder, made, engine=None, asks=True):
    """The table, and how many questions were asked for it."""
    with open_asker(ENTRY, DATASET, folder, engine=engine, shard=made.shard, asks=asks) as asker:
        table = elicit(made, asker, lambda status: None)
        return table.drop(columns="latency_s"), asker.asked


def test_three_shards_ask_what_one_job_asks(tmp_path):
    more = {
        "verify_off_grid": True,  # every SCE is the same record off the grid: one question of all shards
        "samples": 2,
        "steps": (Choose([load_prompt(prompt_file("nearest_choice"))], TASKS),),
    }
    expected, number = ask(tmp_path / "one", protocol(**more), Scripted(reply))
    engine, counts = Scripted(reply), []
    for shard in shards(3):
        part, asked = ask(tmp_path / "three", protocol(shard, **more), engine)
        own = part[part["kind"] != "choice"]
        assert set(own["point_id"]) == set(shard.part(range(N)))
        counts.append(asked)
    assert sum(counts) == len(engine.bodies) == number
    table, asked = ask(tmp_path / "three", protocol(**more), engine, asks=False)
    assert asked == 0
    pd.testing.assert_frame_equal(table, expected)


def reply(body):
    return Reply("answered", '{"answer": "A"}') if body["kind"] == "choice" else warm_above_ten(body)


def test_the_starts_are_divided_and_the_search_is_for_the_last_job(tmp_path):
    expected, number = ask(tmp_path / "one", protocol(in_part=True))
    starts = survey_of(DATASET, IN_PART).starts
    counts = []
    for shard in shards(3):
        part, asked = ask(tmp_path / "three", protocol(shard, in_part=True))
        assert list(part.loc[part["kind"] == "question", "point_id"]) == shard.part(starts)
        counts.append(asked)
    table, asked = ask(tmp_path / "three", protocol(in_part=True))
    assert 0 < asked < number
    assert sum(counts) + asked == number
    pd.testing.assert_frame_equal(table, expected)


def test_more_shards_than_points_leave_some_without_work(tmp_path):
    table, asked = ask(tmp_path, protocol(Shard(1, 100)))
    assert (len(table), asked) == (0, 0)


def test_how_a_question_ended_in_its_shard_counts_as_it_is(tmp_path):
    failing = Scripted(lambda body: Reply("truncated", "Co"))
    made = replace(protocol(), conditions=[])
    for shard in shards(2):
        ask(tmp_path, replace(made, shard=shard), failing)
    table, asked = ask(tmp_path, made, failing, asks=False)
    assert (set(table["status"]), asked) == ({"truncated"}, 0)


def test_what_the_ledger_lost_since_is_not_asked_where_no_engine_is(tmp_path):
    with pytest.raises(Fatal, match="lacks an answer that shards had stored; delete what they left"):
        ask(tmp_path, protocol(), Scripted(reply), asks=False)
