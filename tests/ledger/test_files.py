"""Files of the ledger that are not as they should be, or lie where files behave in their own ways."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import contextmanager

import pytest

from sce.errors import InputError
from sce.ledger import damage
from sce.ledger.entries import digest
from sce.ledger.ledger import Ledger
from sce.ledger.sqlite_files import journal_mode
from tests.ledger.test_ledger import Counting, answer, ask_all, body_of, killed_after_ten, store

# --- Files that are not as they should be


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be one" * 50, b"{}"])
def test_a_file_that_is_no_ledger(tmp_path, content):
    path = tmp_path / "l.sqlite"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a ledger"):
        Ledger(path)
    assert path.read_bytes() == content
    assert "not a ledger" in damage.verify(tmp_path)[0]


def test_a_damaged_ledger(tmp_path):
    path = tmp_path / "l.sqlite"
    store(path, *((answer(body_of(n), "x" * 2000), body_of(n)) for n in range(100)))
    content = bytearray(path.read_bytes())
    content[4096 * 4 : 4096 * 12] = b"\xff" * 4096 * 8
    path.write_bytes(content)
    assert damage.verify(tmp_path) != []
    with pytest.raises(InputError, match="damaged"):
        ask_all(Counting(), path, range(100))


def test_another_programs_database(tmp_path):
    path = tmp_path / "l.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes (name)")
    with pytest.raises(InputError, match="another program's"):
        Ledger(path)


def test_a_newer_ledger(tmp_path):
    path = tmp_path / "l.sqlite"
    store(path, (answer(body_of(1)), body_of(1)))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    for read_only in (False, True):
        with pytest.raises(InputError, match="newer version"):
            Ledger(path, read_only=read_only)


@contextmanager
def read_only(folder):
    """A folder that cannot be written: by its modes or, as root minds none, by a mount."""
    if os.geteuid():
        modes = {path: path.stat().st_mode for path in [*folder.iterdir(), folder]}
        for path in modes:
            path.chmod(0o555)
        yield
        for path, mode in reversed(modes.items()):
            path.chmod(mode)
        return
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
        pytest.skip("root, and no mounts")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("open_ended", [False, True])
def test_a_read_only_ledger_answers_what_it_can(tmp_path, open_ended):
    """``open_ended``: with a WAL that its last writer did not live to take in."""
    folder = tmp_path / "ledger"
    path = folder / "l.sqlite"
    if open_ended:
        killed_after_ten(path)
    else:
        store(path, *((answer(body_of(n), f"answer {n}"), body_of(n)) for n in range(10)))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    engine = Counting()
    with read_only(folder):
        entries = ask_all(engine, path, range(10))
        with pytest.raises(InputError, match="read-only, and a question has no answer in it") as told:
            ask_all(engine, path, [99_999])
        with pytest.raises(InputError, match="may write"):
            Ledger(folder / "new.sqlite")
        assert damage.verify(folder) == []
    assert [entry.response for entry in entries] == [f"answer {n}" for n in range(10)]
    assert str(path) in str(told.value)
    assert engine.asked == []
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="folder"):
        Ledger(tmp_path / "file" / "l.sqlite")


# --- File systems


def test_the_journal_hangs_on_the_file_system(tmp_path, monkeypatch):
    from sce.ledger import sqlite_files

    for kind, journal in [
        ("ext4", "wal"), ("tmpfs", "wal"), ("nfs4", "truncate"), ("lustre", "truncate"),
        ("fuse.sshfs", "truncate"), ("somethingnew", "truncate"), (None, "wal"),
    ]:  # fmt: skip
        monkeypatch.setattr(sqlite_files, "_file_system", lambda path, kind=kind: kind)
        assert journal_mode(tmp_path / "l.sqlite") == journal
    monkeypatch.setenv("SCE_LEDGER_JOURNAL", "delete")
    with pytest.raises(InputError, match="SCE_LEDGER_JOURNAL"):
        Ledger(tmp_path / "l.sqlite")


def test_a_wal_file_moved_to_a_network_file_system_is_converted(tmp_path, monkeypatch):
    local, network = tmp_path / "local", tmp_path / "network"
    killed_after_ten(local / "l.sqlite")
    shutil.copytree(local, network, ignore=shutil.ignore_patterns("*-shm"))  # its WAL comes with it
    monkeypatch.setenv("SCE_LEDGER_JOURNAL", "truncate")
    with Ledger(network / "l.sqlite") as ledger:
        assert [ledger.get(digest(body_of(n))).response for n in range(10)] == [
            f"answer {n}" for n in range(10)
        ]
        assert ledger._writer.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
        assert ledger._writer.execute("PRAGMA synchronous").fetchone() == (2,)
        ledger.put(answer(body_of(1_000_000)), body_of(1_000_000))
    assert not (network / "l.sqlite-shm").exists()
    assert (network / "l.sqlite").read_bytes()[18:20] == b"\x01\x01"  # the header says: no WAL
    monkeypatch.setenv("SCE_LEDGER_JOURNAL", "wal")
    store(network / "l.sqlite", (answer(body_of(1_000_001)), body_of(1_000_001)))
    assert (network / "l.sqlite").read_bytes()[18:20] == b"\x02\x02"
    assert damage.verify(network) == []
