"""The files of a model and of its shards, looked up as one ledger."""

import os
import shutil

import pytest

from sce.auditing.findings import Findings
from sce.auditing.ledgers import read_ledger
from sce.errors import InputError
from sce.ledger import exports, of_model
from sce.ledger.entries import Entry, digest
from sce.ledger.ledger import Ledger
from sce.ledger.of_model import LedgerOfModel, files_of, model_file, shard_file
from sce.models.shards import Shard
from sce.money.prices import Budget, Price
from sce.study.status import Activity

BODY = {"n": 1, "messages": [], "max_tokens": 200}


def entry(status="answered", text="yes", at=100.0, body=BODY):
    error = "HTTP 500" if status == "failed" else None
    usage = {"in": 1, "out": 100}
    return Entry(digest(body), status, text, None, None, error, None, None, usage, 1.0, 1, at)


def put(path, *entries):
    with Ledger(path) as ledger:
        for one in entries:
            ledger.put(one, BODY)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "openai-tiny-123456.sqlite"


def test_the_files_of_a_model_are_its_own_and_those_of_its_shards(path):
    assert files_of(path) == []
    mine = [path, shard_file(path, Shard(1, 2)), shard_file(path, Shard(2, 2)), shard_file(path, Shard(3, 4))]
    other = path.with_name("openai-tiny-two-abcdef.sqlite")
    for file in (*mine, other, shard_file(other, Shard(1, 2))):
        put(file)
    assert files_of(path) == mine
    assert mine[3].name == "openai-tiny-123456.shard-3-of-4.sqlite"
    assert {model_file(file) for file in mine} == {path}
    mine[1].unlink()  # lost, and still known by what lies beside it
    assert files_of(path) == mine


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        # (file, status, text, asked at): an answer counts before anything else, and of several the first.
        ([(0, "answered", "late", 9), (1, "answered", "early", 5)], "early"),
        ([(0, "answered", "early", 5), (1, "answered", "late", 9)], "early"),
        ([(0, "refused", "no", 1), (1, "answered", "yes", 9), (2, "failed", None, 20)], "yes"),
        # Of refusals and truncations, and of failures, the latest.
        ([(0, "refused", "first", 1), (1, "truncated", "second", 2)], "second"),
        ([(0, "failed", "x", 8), (2, "failed", "y", 3)], "x"),
    ],
)
def test_of_what_lies_in_several_files_one_counts(path, rows, wanted):
    files = [path, shard_file(path, Shard(1, 2)), shard_file(path, Shard(2, 2))]
    for number, status, text, at in rows:
        put(files[number], entry(status, text, at))
    with LedgerOfModel(path, read_only=True) as ledger:
        assert ledger.get(digest(BODY)).response == wanted
        assert ledger.get("00" * 32) is None
    if {status for _, status, *_ in rows} == {"answered"}:  # the audit finds the same by itself
        assert read_ledger(path, Findings())[digest(BODY)][0]["response"] == wanted


def test_a_shard_writes_to_its_own_file_and_is_read_by_the_others_at_once(path):
    with LedgerOfModel(path, Shard(1, 2)) as first, LedgerOfModel(path, Shard(2, 2)) as second:
        second.put(entry(), BODY)
        assert first.get(digest(BODY)).response == "yes"
    with Ledger(shard_file(path, Shard(2, 2)), read_only=True) as own:
        assert own.count() == 1
    with LedgerOfModel(path) as one_job:  # without shards, and with other ones
        assert one_job.get(digest(BODY)).response == "yes"
    with LedgerOfModel(path, Shard(1, 3)) as another:
        assert another.get(digest(BODY)).response == "yes"


def test_a_file_that_another_job_is_making_holds_nothing_yet(path):
    shard_file(path, Shard(1, 2)).touch()
    with LedgerOfModel(path) as ledger:
        assert [file.path for file in ledger.files] == [path]


def test_a_shard_whose_file_is_lost_is_not_taken_for_new(path):
    lost = shard_file(path, Shard(1, 2))
    put(lost, entry())
    lost.unlink()
    with pytest.raises(InputError, match=r"shard-1-of-2\.sqlite: file: found 'missing, where 1 rows were'"):
        LedgerOfModel(path)


def test_a_budget_counts_what_all_files_have_cost(path):
    put(path, entry())
    budget = Budget(1.0, Price(input=0, output=1000), path)
    shard = shard_file(path, Shard(2, 2))
    put(shard, entry(at=200.0))
    assert budget.spent_usd == pytest.approx(0.2)
    put(shard, entry("failed", None, at=300.0))  # 0.1 USD each: also what no longer counts was paid
    assert budget.spent_usd == pytest.approx(0.3)
    put(shard_file(path, Shard(1, 3)), entry(at=400.0))  # of another entry, whose job began later
    assert budget.spent_usd == pytest.approx(0.4)


def test_a_folder_into_which_nothing_came_is_not_listed_again(path, monkeypatch):
    """A budget looks before every question. What comes right after a change may leave the folder's time as it
    was, so that is trusted when it is some seconds old."""
    listed = []
    monkeypatch.setattr(of_model, "files_of", lambda path: listed.append(path) or files_of(path))
    put(path, entry())
    with LedgerOfModel(path, read_only=True) as ledger:
        for _ in range(3):
            ledger.look_again()
        assert len(listed) == 4
        os.utime(path.parent, (1, 1))  # the folder changed long ago
        for _ in range(3):
            ledger.look_again()
        assert len(listed) == 5
        put(shard_file(path, Shard(1, 2)), entry())
        ledger.look_again()
        assert [file.path for file in ledger.files] == [path, shard_file(path, Shard(1, 2))]


def test_the_pace_is_that_of_all_files(path):
    put(path, entry(at=9_000.0), entry("failed", None, 9_900.0))
    put(shard_file(path, Shard(1, 2)), entry(at=9_800.0), entry(at=9_950.0))
    put(shard_file(path, Shard(2, 2)))
    found = Activity.of(path, 10_000.0)
    assert found == Activity(3, 3 / 200, 9_950.0, ("HTTP 500", 9_900.0))


def test_an_export_holds_a_question_once_and_an_import_keeps_what_counts(path, tmp_path):
    put(path, entry(text="late", at=9))
    put(shard_file(path, Shard(1, 2)), entry(text="early", at=5))
    shutil.copy(shard_file(path, Shard(1, 2)), shard_file(path, Shard(1, 3)))
    file = tmp_path / "all.jsonl.gz"
    assert exports.export(tmp_path, file) == 1
    elsewhere = tmp_path / "elsewhere"
    assert exports.merge(file, elsewhere) == {"added": 1, "better": 0, "known": 0}
    with LedgerOfModel(elsewhere / path.name, read_only=True) as ledger:
        assert ledger.get(digest(BODY)).response == "early"
    # A colleague's answer to what one of our shards has asked changes nothing, though it came before.
    theirs = tmp_path / "theirs" / path.name
    put(theirs, entry(text="theirs", at=1))
    assert exports.merge(theirs, elsewhere)["known"] == 1
