"""Batches in the ledger, and ``python -m sce ledger``."""

import json
import re
import sqlite3
from dataclasses import replace

import pytest

from sce.errors import InputError
from sce.ledger import command, damage, exports, upkeep
from sce.ledger.entries import Batch, digest
from sce.ledger.ledger import Ledger
from tests.ledger.test_ledger import answer, body_of, failure, store

# --- Batches


def test_a_batch_is_recorded_and_gives_its_room_back(tmp_path):
    path = tmp_path / "l.sqlite"
    requests = {digest(body_of(n)): body_of(n) for n in range(3)}
    with Ledger(path) as ledger:
        batch = Batch("k1", "openai", requests, 100.0)
        ledger.record(batch)
        assert ledger.batches("submitting") == [batch]
        ledger.record(replace(batch, id="batch_1", state="submitted"))
        assert ledger.batches("submitting", "submitted") == [replace(batch, id="batch_1", state="submitted")]
        assert not ledger.has_since(digest(body_of(0)), 100.0)
        ledger.put(answer(body_of(0)), body_of(0))
        assert ledger.has_since(digest(body_of(0)), 100.0)
        (record,) = upkeep.overview(tmp_path)
        assert record["in_batches"] == 2
        ledger.record(replace(batch, id="batch_1", state="done"))
        assert ledger.batches("done") == [replace(batch, requests={}, id="batch_1", state="done")]


def test_a_batch_can_be_forgotten(tmp_path, capsys):
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.record(Batch("k1", "openai", {digest(body_of(1)): body_of(1)}, 100.0))
    assert run("batches", tmp_path) == 0
    assert "k1" in capsys.readouterr().out
    assert run("batches", tmp_path, "--forget", "k1") == 0
    assert upkeep.open_batches(tmp_path) == []
    with pytest.raises(InputError, match="open batch"):
        run("batches", tmp_path, "--forget", "k1")


# --- The command


def run(action, folder, *arguments):
    import argparse

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([action, "--ledger", str(folder), *map(str, arguments)]))


@pytest.fixture
def folder(tmp_path):
    """Files a: 0..4 answered, 5 and 6 failed (6 answered later), 7 truncated; and b: 100 answered."""
    folder = tmp_path / "ledger"
    store(
        folder / "a.sqlite",
        *((answer(body_of(n), f"answer {n}"), body_of(n)) for n in range(5)),
        (failure(body_of(5)), body_of(5)),
        (failure(body_of(6)), body_of(6)),
        (answer(body_of(6)), body_of(6)),
        (answer(body_of(7), "cut", "truncated"), body_of(7)),
    )
    entry = answer(body_of(100))._replace(usage={"in": 10, "out": 5})
    store(folder / "b.sqlite", (entry, body_of(100)))
    return folder


def test_show(folder, capsys):
    assert run("show", folder, "--json") == 0
    a, b = map(json.loads, capsys.readouterr().out.splitlines())
    assert (a["questions"], a["answered"], a["failed"], a["truncated"], a["superseded"]) == (8, 6, 1, 1, 1)
    assert (b["tokens_in"], b["tokens_out"]) == (10, 5)
    assert run("show", folder) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].split()[:3] == ["total", "9", "7"]

    assert run("show", folder, digest(body_of(6))[:12], "--json") == 0
    (shown,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (shown["file"], shown["status"], shown["request"]) == ("a.sqlite", "answered", body_of(6))
    with pytest.raises(InputError, match="beginning of a digest"):
        run("show", folder, "0123456789abcdef")
    with pytest.raises(InputError, match="hexadecimal"):
        run("show", folder, "xyz!")
    with pytest.raises(InputError, match="folder of a ledger"):
        run("show", folder / "nowhere")


def test_export_and_import_carry_everything_that_counts(folder, tmp_path, capsys):
    assert run("export", folder, tmp_path / "all.jsonl.gz") == 0
    assert run("export", folder, tmp_path / "b.jsonl.gz", "--files", "b*") == 0
    assert capsys.readouterr().out.startswith("9 questions written")
    assert run("import", tmp_path / "new", tmp_path / "all.jsonl.gz") == 0
    for name in ("a.sqlite", "b.sqlite"):
        with Ledger(folder / name) as old, Ledger(tmp_path / "new" / name) as new:
            assert list(new.entries()) == list(old.entries())

    # Exports can be joined, and importing again changes nothing.
    both = tmp_path / "both.jsonl.gz"
    both.write_bytes((tmp_path / "all.jsonl.gz").read_bytes() + (tmp_path / "b.jsonl.gz").read_bytes())
    assert exports.merge(both, tmp_path / "new") == {"added": 0, "better": 0, "known": 10}
    assert exports.merge(folder, tmp_path / "new") == {"added": 0, "better": 0, "known": 9}
    assert all(record["superseded"] == 0 for record in upkeep.overview(tmp_path / "new"))


def test_import_takes_what_is_better(folder, tmp_path):
    mine = tmp_path / "mine"
    store(
        mine / "a.sqlite",
        (answer(body_of(0), "my answer"), body_of(0)),
        (failure(body_of(1), "mine"), body_of(1)),
        (answer(body_of(5), "cut", "truncated"), body_of(5)),
    )
    assert exports.merge(folder / "a.sqlite", mine) == {"added": 5, "better": 1, "known": 2}
    with Ledger(mine / "a.sqlite") as ledger:
        assert ledger.get(digest(body_of(0))).response == "my answer"
        assert ledger.get(digest(body_of(1))).response == "answer 1"
        assert ledger.get(digest(body_of(5))).status == "truncated"


def test_import_refuses_what_is_not_what_it_claims(folder, tmp_path):
    import gzip

    exports.export(folder, tmp_path / "good.jsonl.gz")
    with gzip.open(tmp_path / "good.jsonl.gz", "rt") as file:
        lines = [json.loads(line) for line in file]

    def importing(name, content):
        path = tmp_path / f"{name}.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, content)).encode()))
        exports.merge(path, tmp_path / name)

    for name, change, told in [
        ("forged", {"request": {"number": 0, "text": "another"}}, "digest of its own request"),
        ("away", {"file": "../../etc/x.sqlite"}, "plain name"),
        ("absolute", {"file": "/tmp/x.sqlite"}, "plain name"),
        ("status", {"status": "guessed"}, "answered, refused"),
        ("more", {"extra": 1}, "extra.*allowed: asked_at, attempts"),
    ]:
        with pytest.raises(InputError, match=told) as error:
            importing(name, [*lines[:3], lines[3] | change])
        assert "line 4" in str(error.value)
        with Ledger(tmp_path / name / "a.sqlite") as ledger:
            assert len(list(ledger.entries())) == 2  # what came before it stays
    with pytest.raises(InputError, match="at most"):
        importing("future", [{"sce_ledger": 2}])
    whole = (tmp_path / "good.jsonl.gz").read_bytes()
    for name, content, told in [
        ("half", whole[: len(whole) // 2], "whole"),
        ("plain", b'{"sce_ledger": 1}\n', "whole"),
        ("prose", gzip.compress(b"hello\n", mtime=0), "no JSON lines"),
    ]:
        path = tmp_path / f"{name}.jsonl.gz"
        path.write_bytes(content)
        with pytest.raises(InputError, match=told):
            exports.merge(path, tmp_path / name)
    with pytest.raises(InputError, match="No such file"):
        exports.merge(tmp_path / "missing.jsonl.gz", tmp_path / "x")


def test_verify_finds_what_was_changed(folder, capsys):
    assert run("verify", folder) == 0
    with sqlite3.connect(folder / "a.sqlite") as db:
        db.execute("UPDATE responses SET digest = ? WHERE id = 1", (b"\x01" * 32,))
        db.execute("UPDATE responses SET usage = '{' WHERE id = 2")
        db.execute("UPDATE responses SET request = x'00' WHERE id = 3")
        db.execute("UPDATE responses SET status = 'perhaps' WHERE id = 4")
    assert run("verify", folder) == 1
    err = capsys.readouterr().err
    for row, problem in [(1, "checksum"), (2, "checksum"), (3, "request cannot be read"), (4, "checksum")]:
        assert re.search(f"row {row}: .*{problem}", err)


def test_prune_keeps_what_counts_and_what_is_used(folder, tmp_path):
    import pandas as pd

    assert upkeep.prune(folder) == {"a.sqlite": 1, "b.sqlite": 0}
    assert upkeep.overview(folder)[0]["superseded"] == 1  # only counted
    assert run("prune", folder, "--yes") == 0
    assert upkeep.overview(folder)[0]["superseded"] == 0
    with pytest.raises(InputError, match="results to keep"):
        upkeep.prune(folder, [tmp_path / "results"])
    used = tmp_path / "results" / "m" / "d" / "responses.parquet"
    used.parent.mkdir(parents=True)
    pd.DataFrame({"digest": [digest(body_of(n)) for n in (0, 1, 100)]}).to_parquet(used)
    assert run("prune", folder, "--unused", "--results", tmp_path / "results", "--yes") == 0
    with Ledger(folder / "a.sqlite") as a, Ledger(folder / "b.sqlite") as b:
        assert {body["number"] for _, body in [*a.entries(), *b.entries()]} == {0, 1, 100}
    assert damage.verify(folder) == []
