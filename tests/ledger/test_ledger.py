"""The ledger through whatever goes wrong, tried for real: killed processes, full disks, many writers."""

import asyncio
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from sce.asking.asker import Asker
from sce.engines import About
from sce.errors import InputError
from sce.ledger import damage, exports, upkeep
from sce.ledger import ledger as ledger_module
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger, ledger_file
from tests.conftest import ROOT

JOURNALS = ["wal", "truncate"]
ABOUT = About("question", "question", {})

# Stores questions first, first + 1, ... and tells each number once ``put`` has returned.
WRITER = """
import sys
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger

path, first, count, pages = sys.argv[1], *map(int, sys.argv[2:])
with Ledger(path) as ledger:
    ledger._writer.execute(f"PRAGMA wal_autocheckpoint={pages}")  # so that checkpoints are hit as well
    for number in range(first, first + count):
        body = {"number": number, "text": "x" * 500}
        ledger.put(Entry.of_reply(digest(body), Reply("answered", f"answer {number}"), 0.1, 1), body)
        print(number, flush=True)
"""


def body_of(number):
    return {"number": number, "text": "x" * 500}


def answer(body, text="yes", status="answered"):
    return Entry.of_reply(digest(body), Reply(status, text), 0.5, 1)


def failure(body, cause="HTTP 500"):
    return Entry.of_failure(digest(body), cause, None, 0.5, 6)


def store(path, *entries):
    """Add (entry, body) pairs to a ledger file."""
    with Ledger(path) as ledger:
        for entry, body in entries:
            ledger.put(entry, body)


def ledger_puts(ledger, numbers, text):
    for number in numbers:
        ledger.put(answer(body_of(number), text), body_of(number))


def writer(path, first, count, pages=1000, **options):
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(count), str(pages)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, **options)


def killed_after_ten(path):
    """A ledger in WAL whose writer was killed after answers 0..9."""
    process = writer(path, 0, 10_000)
    while process.stdout.readline() != "9\n":
        pass
    process.kill()
    process.communicate()
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0


class Counting:
    """An engine that answers at once and counts what it is asked."""

    free = False

    def __init__(self, text="yes"):
        self.text, self.asked = text, []

    def body(self, messages, about):
        return body_of(messages[0])

    async def start(self):
        pass

    async def ask(self, body):
        self.asked.append(body["number"])
        return Reply("answered", self.text)

    async def close(self):
        pass


def ask_all(engine, path, numbers, retry=("failed",)):
    async def go():
        with Ledger(path) as ledger:
            asker = Asker(engine, ledger, retry=frozenset(retry))
            entries = [await asker.ask([number], ABOUT) for number in numbers]
            await asker.close()
            return entries

    return asyncio.run(go())


# --- Which row counts


def test_an_answer_beats_a_truncation_beats_a_failure(tmp_path):
    path, body = tmp_path / "l.sqlite", body_of(1)
    with Ledger(path) as ledger:
        assert ledger.get(digest(body)) is None
        for entry, best in [
            (failure(body, "first"), "first"),
            (failure(body, "second"), "second"),
            (answer(body, "cut", "truncated"), "cut"),
            (failure(body, "third"), "cut"),
            (answer(body, "no", "refused"), "no"),
            (answer(body, "yes"), "yes"),
            (answer(body, "other"), "yes"),  # the first answer is what a study was built on
            (failure(body), "yes"),
        ]:
            ledger.put(entry, body)
            found = ledger.get(digest(body))
            assert (found.response or found.error) == best
        assert list(ledger.query("SELECT count(*) FROM responses")) == [(8,)]
        assert [entry.response for entry, _ in ledger.entries()] == ["yes"]
        assert ledger.request(digest(body)) == body


def test_an_entry_comes_back_as_it_was(tmp_path):
    body = {"engine": "x", "messages": [{"role": "user", "content": "é\u2028𝄞"}], "temperature": 0.1}
    entry = Entry(
        digest(body), "answered", "a\x00b 𝄞", "why", "stop", None, {"role": "assistant", "content": [1]},
        [{"token": "a", "logprob": -0.1, "top": [["a", -0.1]]}], {"in": 3, "out": 2}, 0.25, 2, 1e9,
    )  # fmt: skip
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.put(entry, body)
    with Ledger(tmp_path / "l.sqlite", read_only=True) as ledger:
        assert list(ledger.entries()) == [(entry, body)]


def test_half_a_character_does_not_cost_the_answer(tmp_path):
    body = body_of(1)
    reply = Reply("answered", "a\ud800b", reasoning="\udfff", turn={"content": ["\ud83d"]})
    with Ledger(tmp_path / "l.sqlite") as ledger:
        ledger.put(Entry.of_reply(digest(body), reply, 0, 1), body)
        found = ledger.get(digest(body))
    assert (found.response, found.reasoning, found.turn) == ("a?b", "?", {"content": ["?"]})


def test_many_look_ups_find_what_single_ones_do(tmp_path):
    bodies = [body_of(number) for number in range(1200)]
    with Ledger(tmp_path / "l.sqlite", group_commits=True) as ledger:
        for body in bodies[:1100]:
            ledger.put(answer(body), body)
        ledger.commit()
        keys = [digest(body) for body in bodies]
        found = ledger.get_all(keys)
        assert set(found) == set(keys[:1100])
        assert all(found[key] == ledger.get(key) for key in keys[::100] if key in found)
        assert ledger.get(keys[-1]) is None


def test_models_that_read_alike_have_files_of_their_own():
    names = {ledger_file("l", "openai", name).name for name in ("a/b", "a-b", "a b", "A/b")}
    assert len({name.lower() for name in names}) == 4
    assert all(exports.FILE_NAME.fullmatch(name) for name in names)


# --- Killed at any instant


@pytest.mark.parametrize("journal", JOURNALS)
def test_kill_9_at_any_instant_loses_nothing_committed(tmp_path, journal):
    path, draw, told = tmp_path / "l.sqlite", random.Random(7), set()
    env = {"SCE_LEDGER_JOURNAL": journal}
    for kill in range(20):
        process = writer(path, kill * 1000, 1000, pages=draw.choice([3, 10, 1000]), env=env)
        if kill % 4:  # else also while the file is opened, or made
            process.stdout.readline()
            told.add(kill * 1000)
        time.sleep(draw.random() * 0.12)
        process.send_signal(signal.SIGKILL)
        told |= {int(line) for line in process.communicate()[0].split()}
    assert len(told) > 20
    if not path.exists():
        pytest.fail("no process came so far as to make the file")
    with Ledger(path) as ledger:
        stored = {entry.digest: entry.response for entry, _ in ledger.entries()}
    assert {digest(body_of(n)): f"answer {n}" for n in told}.items() <= stored.items()
    assert damage.verify(tmp_path) == []

    # A rerun asks only what is missing.
    numbers = [*sorted(told), 999_998, 999_999]
    engine = Counting()
    entries = ask_all(engine, path, numbers)
    assert engine.asked == [999_998, 999_999]
    assert [e.response for e in entries] == [f"answer {n}" for n in sorted(told)] + ["yes", "yes"]


def test_answers_under_way_in_a_group_commit_are_committed_at_the_end(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger(path, group_commits=True) as ledger:
        for number in range(50):
            ledger.put(answer(body_of(number)), body_of(number))
        assert ledger.get(digest(body_of(49))) is not None
    with Ledger(path) as ledger:
        assert len(list(ledger.entries())) == 50


def test_store_shares_commits_and_leaves_the_loop_free(tmp_path):
    path, commits = tmp_path / "l.sqlite", []

    async def go():
        with Ledger(path) as ledger:
            ledger._writer.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
            await asyncio.gather(*(ledger.store(answer(body_of(n)), body_of(n)) for n in range(200)))
            assert all(ledger.get(digest(body_of(n))) for n in range(200))
            with sqlite3.connect(path) as other:  # on disk when ``store`` returns
                assert other.execute("SELECT count(*) FROM responses").fetchone() == (200,)

    asyncio.run(go())
    assert len(commits) < 20


# --- A full disk


def test_a_full_disk_is_told_and_keeps_what_was_stored(tmp_path, monkeypatch):
    """On a real file system of 1 MB where that can be had, else under a limit on the size of files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system of its own: see the test with a limit on the size of files")
    monkeypatch.setattr(ledger_module, "RESERVE_BYTES", 0)
    try:
        path, long = disk / "l.sqlite", os.urandom(500).hex()
        (disk / "other").write_bytes(b"x" * 300_000)
        with Ledger(path) as ledger:
            numbers = iter(range(10_000))
            with pytest.raises(InputError) as told:
                ledger_puts(ledger, numbers, long)
            (disk / "other").unlink()
            ledger.commit()  # the answer that found no room is still at hand
        number = next(numbers) - 1
        assert number > 50
        assert str(path) in str(told.value)
        assert "MB free" in str(told.value)
        assert damage.verify(disk) == []
        engine = Counting()
        ask_all(engine, path, range(number + 3))  # the run goes on
        assert engine.asked == [number + 1, number + 2]
        assert damage.verify(disk) == []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_limit_on_the_size_of_files_is_told_like_a_full_disk(tmp_path):
    path = tmp_path / "l.sqlite"
    store(path, *((answer(body_of(n)), body_of(n)) for n in range(5)))
    limited = writer(
        path, 5, 5000, stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
    )  # fmt: skip
    out, err = limited.communicate()
    assert limited.returncode != 0
    assert f"InputError: {path}: disk: found" in err
    assert damage.verify(tmp_path) == []
    told = [int(line) for line in out.split()]
    engine = Counting()
    ask_all(engine, path, range(told[-1] + 1))
    assert engine.asked == []


def test_nothing_is_asked_with_too_little_room(tmp_path, monkeypatch):
    path, engine = tmp_path / "l.sqlite", Counting()
    store(path, (answer(body_of(1)), body_of(1)))
    monkeypatch.setattr(ledger_module, "RESERVE_BYTES", 1e18)
    assert [entry.response for entry in ask_all(engine, path, [1])] == ["yes"]  # what is there is found
    with pytest.raises(InputError, match="MB free"):
        ask_all(engine, path, [2])
    assert engine.asked == []


# --- Several at once


@pytest.mark.parametrize("journal", JOURNALS)
def test_many_writers(tmp_path, journal):
    """8 processes which all find no file at first."""
    path, each = tmp_path / "l.sqlite", {"wal": 200, "truncate": 60}[journal]
    processes = [writer(path, 1000 * k, each, env={"SCE_LEDGER_JOURNAL": journal}) for k in range(8)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 8
    with Ledger(path) as ledger:
        assert len(list(ledger.entries())) == 8 * each
    assert damage.verify(tmp_path) == []


def test_two_runs_at_once_store_every_question(tmp_path):
    path = tmp_path / "l.sqlite"
    for process in [writer(path, 0, 150), writer(path, 0, 150)]:
        process.communicate()
    (record,) = upkeep.overview(tmp_path)
    assert (record["questions"], record["answered"]) == (150, 150)
    assert record["superseded"] == 150  # harmless, and visible
    engine = Counting()
    ask_all(engine, path, range(150))
    assert engine.asked == []
