"""Damage to the ledger: nothing damaged is used as an answer, nothing lost counts as never asked, and the way
out is named."""

import random
import shutil
import sqlite3
import zlib

import pytest

from sce.errors import InputError
from sce.ledger import damage, upkeep
from sce.ledger.entries import Batch, Entry, Reply, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.ledger.manifest import manifest_of
from tests.asking.questions import ask_all as ask_numbers
from tests.asking.questions import entry
from tests.faults import Provider, served
from tests.ledger.test_command import run
from tests.ledger.test_ledger import answer, body_of, failure, store


def filled(folder, count=40):
    """(path, bodies) of a ledger of so many answers, of which each tenth failed first."""
    path, bodies = folder / "l.sqlite", [body_of(number) for number in range(count)]
    with Ledger(path) as ledger:
        for number, body in enumerate(bodies):
            if number % 10 == 0:
                ledger.put(failure(body), body)
            usage = {"in": 100 + number, "out": number}
            reply = Reply("answered", f"answer {number}", "because", "stop", usage=usage)
            ledger.put(Entry.of_reply(digest(body), reply, 0.5, 1), body)
    return path, bodies


def tamper(path, statement, *values):
    with sqlite3.connect(path) as db:
        db.execute(statement, values)
    db.close()


def found(path, bodies):
    """Responses by question, None where there is none."""
    with Ledger(path) as ledger:
        entries = [ledger.get(digest(body)) for body in bodies]
    return [entry and entry.response for entry in entries]


# --- A row that is not what was stored


@pytest.mark.parametrize(
    "change",
    [
        "response = 'answer 13'", "status = 'refused'", "reasoning = NULL", "finish_reason = 'length'",
        "error = 'x'", "turn = '{}'", "logprobs = '[]'", "usage = '{\"in\": 1}'", "latency_s = 0.6",
        "attempts = 2", "asked_at = asked_at + 1", "usage = 'x'", "turn = '{'", "status = 'answeref'",
    ],
)  # fmt: skip
def test_a_changed_reply_is_never_an_answer(change, tmp_path, capsys):
    path, bodies = filled(tmp_path)
    tamper(path, f"UPDATE responses SET {change} WHERE response = 'answer 12'")
    with Ledger(path) as ledger:
        assert ledger.get(digest(bodies[11])).response == "answer 11"
        with pytest.raises(InputError, match=r"l.sqlite: row 15: .*prune --damaged") as told:
            ledger.get(digest(bodies[12]))
    assert "ledger verify" in str(told.value)
    (problem,) = damage.verify(tmp_path)
    assert "row 15" in problem
    with pytest.raises(InputError, match="row 15"):
        upkeep.prune(tmp_path)  # which rows count is not sure
    assert damage.drop_damaged(tmp_path) == {"l.sqlite": 1}
    assert run("prune", tmp_path, "--damaged", "--yes") == 0
    assert "1 rows deleted: a run asks and pays for them again" in capsys.readouterr().out
    assert damage.verify(tmp_path) == []
    assert found(path, bodies) == [None if n == 12 else f"answer {n}" for n in range(40)]


def test_a_failure_never_stands_in_for_a_damaged_answer(tmp_path):
    path, bodies = filled(tmp_path)
    tamper(path, "UPDATE responses SET status = 'answereb' WHERE response = 'answer 10'")
    with Ledger(path) as ledger, pytest.raises(InputError, match="row 13"):
        ledger.get(digest(bodies[10]))


def test_a_row_of_another_request_in_the_index_is_seen(tmp_path):
    path, bodies = filled(tmp_path)
    key = bytes.fromhex(digest(bodies[3]))
    tamper(path, "UPDATE responses SET digest = ? WHERE response = 'answer 12'", key)
    with Ledger(path) as ledger, pytest.raises(InputError, match="checksum"):
        ledger.get(digest(bodies[3]))


@pytest.mark.parametrize("packed", [b"rubbish", zlib.compress(b"{"), zlib.compress(b'{"other": 1}')])
def test_a_changed_request_is_seen(packed, tmp_path):
    path, bodies = filled(tmp_path)
    tamper(path, "UPDATE responses SET request = ? WHERE response = 'answer 12'", packed)
    with Ledger(path, read_only=True) as ledger:
        for read in (lambda: ledger.request(digest(bodies[12])), lambda: list(ledger.entries())):
            with pytest.raises(InputError, match="row 15"):
                read()
    assert "row 15" in damage.verify(tmp_path)[0]


def test_a_changed_batch_is_seen_and_dropped(tmp_path):
    body = body_of(1)
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.record(Batch("k", "openai", {digest(body): body}, 1.0))
    tamper(tmp_path / "l.sqlite", "UPDATE batches SET requests = ?", zlib.compress(b'{"aa": {}}'))
    with pytest.raises(InputError, match="batch k"):
        upkeep.open_batches(tmp_path)
    assert "batch k" in damage.verify(tmp_path)[0]
    assert damage.drop_damaged(tmp_path, really=True) == {"l.sqlite": 1}
    assert upkeep.open_batches(tmp_path) == []


def test_random_flipped_bits_change_no_answer(tmp_path):
    """Wherever a bit flips: the same answers, or an error that names the file. An answer that is not found
    any more is only so in a file that is known to be damaged before anything is asked."""
    (tmp_path / "whole").mkdir()
    path, bodies = filled(tmp_path / "whole", 60)
    right = found(path, bodies)
    content, drawn = path.read_bytes(), random.Random(7)
    ended = {"same": 0, "told": 0}
    for number in range(120):
        folder = tmp_path / "damaged"
        folder.mkdir()
        place, bit = drawn.randrange(len(content)), drawn.randrange(8)
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        (folder / path.name).write_bytes(flipped)
        shutil.copy(manifest_of(path), folder)
        told = [error_of(look_after, folder), error_of(ask_all, folder / path.name, bodies, right)]
        assert all(path.name in str(error) for error in told if error), (number, place, bit)
        ended["told" if any(told) else "same"] += 1
        shutil.rmtree(folder)
    assert min(ended.values()) > 10, ended


def error_of(call, *arguments):
    """The InputError that a call ends in, or None."""
    try:
        call(*arguments)
    except InputError as error:
        return error
    return None


def look_after(folder):
    damage.verify(folder)
    for work in (upkeep.overview, upkeep.open_batches, upkeep.prune):
        work(folder)


def ask_all(path, bodies, right):
    with Ledger(path) as ledger:
        got = [ledger.get(digest(body)) for body in bodies]
        if None in got:
            with pytest.raises(InputError, match=path.name):
                ledger.require_sound()
        else:
            assert [entry.response for entry in got] == right


def test_what_is_damaged_is_asked_again_only_when_that_was_said(tmp_path):
    provider = Provider()
    with served(provider) as url:
        model = entry(url=url)
        first, _ = ask_numbers(model, tmp_path, range(3))
        path = ledger_file(tmp_path, "openai", "tiny")
        tamper(path, "UPDATE responses SET response = 'no' WHERE digest = ?", bytes.fromhex(first[1].digest))
        with pytest.raises(InputError, match="prune --damaged"):
            ask_numbers(model, tmp_path, range(3))
        assert provider.answered.total() == 3
        assert damage.drop_damaged(tmp_path, really=True) == {path.name: 1}
        again, asker = ask_numbers(model, tmp_path, range(3))
    assert (asker.asked, asker.found) == (1, 2)
    assert [again[n].response for n in range(3)] == [first[n].response for n in range(3)]


def test_a_damaged_index_is_seen_before_anything_is_paid_again(tmp_path):
    provider = Provider()
    with served(provider) as url:
        model = entry(url=url)
        first, _ = ask_numbers(model, tmp_path, range(3))
        path = ledger_file(tmp_path, "openai", "tiny")
        key = bytes.fromhex(first[1].digest)
        content = bytearray(path.read_bytes())
        table, index = content.find(key), content.rfind(key)
        assert table != index
        content[index + 31] ^= 1
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"{path.name}: content: .*accept-loss"):
            ask_numbers(model, tmp_path, range(3))
        assert provider.answered.total() == 3
        assert damage.drop_damaged(tmp_path, really=True) == {path.name: 0}  # the index is made anew
        again, asker = ask_numbers(model, tmp_path, range(3))
    assert (asker.asked, asker.found) == (0, 3)
    assert [again[n].response for n in range(3)] == [first[n].response for n in range(3)]


# --- A file that lost rows


def lose(path, how):
    """Damage a file in one of the ways in which it loses what it held."""
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:4096])
    else:
        path.write_bytes(path.with_suffix(".older").read_bytes())


@pytest.mark.parametrize("how", ["missing", "empty", "older"])
def test_a_file_that_lost_what_it_held_is_not_new(how, tmp_path, capsys):
    path, bodies = filled(tmp_path)
    shutil.copy(path, path.with_suffix(".older"))
    store(path, (answer(body_of(99), "late"), body_of(99)))
    lose(path, how)
    for read_only in (False, True):
        with pytest.raises(InputError, match=f"l.sqlite: .*(restore it from|accept-loss).*{path}"):
            Ledger(path, read_only=read_only)
    assert "accept-loss" in damage.verify(tmp_path)[0]
    assert path.exists() == (how != "missing")  # looking made nothing
    assert run("accept-loss", tmp_path, path) == 0
    kept = 44 if how == "older" else 0
    assert f"{kept} rows kept" in capsys.readouterr().out
    got = found(path, [*bodies, body_of(99)])
    assert got == [f"answer {n}" if how == "older" else None for n in range(40)] + [None]
    assert damage.verify(tmp_path) == []


def test_a_deleted_wal_is_seen(tmp_path):
    """As after a kill: the file is in WAL mode and what was added last is in its -wal alone."""
    path = tmp_path / "l.sqlite"
    with Ledger(path) as ledger:
        for number in range(20):
            ledger.put(answer(body_of(number)), body_of(number))
        killed = tmp_path / "killed"
        killed.mkdir()
        for file in tmp_path.glob("l.sqlite*"):
            shutil.copy(file, killed)
    assert found(killed / "l.sqlite", [body_of(19)]) == ["yes"]
    shutil.rmtree(killed)
    with Ledger(path) as ledger:
        for number in range(20, 40):
            ledger.put(answer(body_of(number)), body_of(number))
        killed.mkdir()
        for file in tmp_path.glob("l.sqlite*"):
            shutil.copy(file, killed)
    (killed / "l.sqlite-wal").unlink()
    with pytest.raises(InputError, match=r"none after row 20, where 39 were"):
        Ledger(killed / "l.sqlite")


def test_bits_flipped_in_a_wal_lose_no_more_than_its_last_commit_unseen(tmp_path):
    drawn = random.Random(3)
    with Ledger(tmp_path / "l.sqlite") as ledger:
        bodies = [body_of(number) for number in range(12)]
        for body in bodies:
            ledger.put(answer(body), body)
        files = {file.name: file.read_bytes() for file in tmp_path.glob("l.sqlite*")}
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        flipped = bytearray(files["l.sqlite-wal"])
        flipped[drawn.randrange(len(flipped))] ^= 1 << drawn.randrange(8)
        for name, content in (files | {"l.sqlite-wal": flipped}).items():
            if not name.endswith("-shm"):
                (folder / name).write_bytes(content)
        told = error_of(ask_all, folder / "l.sqlite", bodies[:-1], ["yes"] * 11)
        assert told is None or "l.sqlite" in str(told)


def test_a_folder_that_never_held_anything_is_new(tmp_path):
    (tmp_path / "l.sqlite").write_bytes(b"")  # what SQLite leaves where it was stopped at once
    assert found(tmp_path / "l.sqlite", [body_of(1)]) == [None]
    assert found(tmp_path / "other.sqlite", [body_of(1)]) == [None]


def test_a_file_copied_without_its_manifest_is_whole(tmp_path):
    path, bodies = filled(tmp_path)
    manifest_of(path).unlink()
    assert found(path, bodies)[5] == "answer 5"
    assert manifest_of(path).exists()


@pytest.mark.parametrize("content", [b"rubbish", b"000000000000099 is the last row here 00000000\n"])
def test_a_damaged_manifest_is_named(content, tmp_path):
    path, bodies = filled(tmp_path)
    manifest_of(path).write_bytes(content)
    with pytest.raises(InputError, match=r"l.sqlite.rows: .*accept-loss"):
        Ledger(path)
    assert damage.accept_loss(path) == (44, None)
    assert found(path, bodies)[5] == "answer 5"


def test_deleting_rows_is_no_loss(tmp_path):
    path, bodies = filled(tmp_path)
    store(path, (answer(bodies[0], "twice"), bodies[0]))  # superseded at once, and the last row
    assert upkeep.prune(tmp_path, really=True) == {"l.sqlite": 5}
    assert found(path, bodies) == [f"answer {n}" for n in range(40)]
    assert damage.verify(tmp_path) == []


def test_of_a_broken_file_what_can_be_read_is_kept(tmp_path, capsys):
    path, bodies = filled(tmp_path, 200)
    with Ledger(path) as ledger:
        ledger.record(Batch("k", "openai", {digest(bodies[0]): bodies[0]}, 1.0))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = bytes(4096)
    path.write_bytes(content)
    assert damage.verify(tmp_path) != []
    with Ledger(path) as ledger, pytest.raises(InputError, match="accept-loss"):
        ledger.require_sound()
    assert run("accept-loss", tmp_path, path) == 0
    assert "the broken file is now" in capsys.readouterr().out
    assert damage.verify(tmp_path) == []
    got = found(path, bodies)
    assert 100 < sum(text is not None for text in got) < 200
    assert all(text in (None, f"answer {number}") for number, text in enumerate(got))
    assert [batch.key for _, batch in upkeep.open_batches(tmp_path)] == ["k"]


def test_of_a_file_that_is_no_database_nothing_is_kept_but_the_file(tmp_path):
    path, bodies = filled(tmp_path)
    path.write_bytes(b"x" * 5000)
    with pytest.raises(InputError, match="accept-loss"):
        Ledger(path)
    kept, broken = damage.accept_loss(path)
    assert (kept, broken.read_bytes()) == (0, b"x" * 5000)
    assert found(path, bodies[:1]) == [None]


def test_there_is_no_loss_to_accept_of_a_file_that_never_was(tmp_path):
    with pytest.raises(InputError, match="missing"):
        damage.accept_loss(tmp_path / "l.sqlite")
