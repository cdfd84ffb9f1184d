"""Ledger files of the version before, and exports from others: read as they are, or named."""

import gzip
import json
import sqlite3
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sce.errors import InputError
from sce.ledger import damage, exports, upkeep
from sce.ledger.entries import digest
from sce.ledger.ledger import Ledger
from tests.engines.test_checked import JSON
from tests.ledger.test_damage import error_of, found
from tests.ledger.test_ledger import answer, body_of, store

TABLE_OF_VERSION_1 = """CREATE TABLE responses (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL, status TEXT NOT NULL, response TEXT, reasoning TEXT,
    finish_reason TEXT, error TEXT, turn TEXT, logprobs TEXT, usage TEXT NOT NULL, latency_s REAL NOT NULL,
    attempts INTEGER NOT NULL, asked_at REAL NOT NULL, request BLOB NOT NULL
)"""

# --- Files of the version before


def of_version_1(path, rows):
    with sqlite3.connect(path) as db:
        db.execute(TABLE_OF_VERSION_1)
        db.execute(f"PRAGMA application_id={0x53434531}")
        db.execute("PRAGMA user_version=1")
        for body, usage in rows:
            packed = zlib.compress(json.dumps(body).encode())
            db.execute(
                "INSERT INTO responses VALUES "
                "(NULL, ?, 'answered', 'old', NULL, 'stop', NULL, NULL, NULL, ?, 0.5, 1, 7.0, ?)",
                (bytes.fromhex(digest(body)), usage, packed),
            )
    db.close()


def test_a_file_of_version_1_is_read_and_brought_up_to_date(tmp_path):
    path = tmp_path / "l.sqlite"
    of_version_1(path, [(body_of(1), '{"in": 3, "out": 4}')])
    with Ledger(path, read_only=True) as ledger:
        assert ledger.get(digest(body_of(1))).usage == {"in": 3, "out": 4}
    store(path, (answer(body_of(2)), body_of(2)))
    assert found(path, [body_of(1), body_of(2)]) == ["old", "yes"]
    assert damage.verify(tmp_path) == []
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert [row[0] is None for row in db.execute("SELECT checksum FROM responses")] == [True, False]
    db.close()


@pytest.mark.parametrize(
    "usage", ['{"in": Infinity}', '{"in": "x", "out": 4}', f'{{"in": {"9" * 30}}}', "[]"]
)
def test_counts_that_are_none_do_not_break_an_older_file(usage, tmp_path):
    of_version_1(tmp_path / "l.sqlite", [(body_of(1), usage)])
    with Ledger(tmp_path / "l.sqlite") as ledger:
        assert set(ledger.get(digest(body_of(1))).usage) <= {"out"}
        assert next(ledger.usages())[3] in ({}, {"out": 4})
    assert upkeep.overview(tmp_path)[0]["questions"] == 1


# --- Exports from others


LINE = {
    "file": "a.sqlite", "digest": digest({"q": 1}), "status": "answered", "response": "yes",
    "reasoning": None,
    "finish_reason": "stop", "error": None, "turn": None, "logprobs": None, "usage": {"in": 1},
    "latency_s": 0.5, "attempts": 1, "asked_at": 7.0, "request": {"q": 1},
}  # fmt: skip


def exported(path, *texts):
    with gzip.open(path, "wt") as file:
        file.write("\n".join(texts))
    return path


@given(name=st.sampled_from(sorted(LINE)), value=JSON)
def test_any_line_of_an_export_is_taken_in_sound_or_named(tmp_path_factory, name, value):
    folder = tmp_path_factory.mktemp("import")
    source = exported(folder / "x.jsonl.gz", '{"sce_ledger": 1}', json.dumps(LINE | {name: value}))
    told = error_of(exports.merge, source, folder / "ledger")
    if told:
        assert "x.jsonl.gz" in str(told)
    else:
        assert damage.verify(folder / "ledger") == []
        assert upkeep.overview(folder / "ledger")[0]["questions"] == 1


@pytest.mark.parametrize(
    "text", ["5", "[]", '"sce_ledger"', '{"sce_ledger": "x"}', "[" * 5000 + "]" * 5000, "{", "null", "\x00"]
)
def test_a_line_that_is_none_is_named(text, tmp_path):
    source = exported(tmp_path / "x.jsonl.gz", '{"sce_ledger": 1}', text)
    with pytest.raises(InputError, match="jsonl"):
        exports.merge(source, tmp_path / "ledger")
