"""The ledger of responses: every reply is on disk before anything else happens with it (design 7).

One SQLite file per provider's model under the ledger's folder, so that jobs of different models never wait
for each other. Rows are only ever added (``python -m sce ledger prune`` apart): a question that failed and
was asked again has both rows, and the answered one counts. Where two runs answered the same question, the
first answer counts, so that nothing added later, by a second run or from a colleague, changes what a study
was built on. sce.ledger.sqlite_files says which journal a file uses where.

The ledger also records API batches before anyone waits for them, with the requests they hold.
"""

import asyncio
import hashlib
import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sce.errors import InputError
from sce.ledger.entries import Batch, Entry
from sce.ledger.rows import BEST, COLUMNS, FIND, TABLES, entry_of, row_of, unzipped, zipped
from sce.ledger.sqlite_files import explained, free_bytes, may_write, open_to_read, open_to_write, told

DEFAULT_FOLDER = "ledger"
GROUP_COMMIT_S = 0.5
RESERVE_BYTES = 16_000_000  # no question is asked with less room on the disk: its answer might be lost
SCHEMA_VERSION = 1
APPLICATION_ID = 0x53434531  # "SCE1": tells a ledger from other SQLite files


def ledger_file(folder, engine: str, model: str) -> Path:
    """The file for a provider's model: readable, and unique even where two names read alike."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", model).strip("-")[:60]
    return Path(folder) / f"{engine}-{readable}-{hashlib.sha256(model.encode()).hexdigest()[:6]}.sqlite"


class Ledger:
    """One ledger file, open for this process. Use as a context manager.

    A file that this user cannot write is opened all the same, for what it can answer; ``require_room``
    refuses it. ``group_commits``: answers of a free engine are committed together, at most half a second
    late; an answer that costs money or time is committed before ``put`` or ``store`` returns. Errors of the
    file are InputErrors that name it.
    """

    def __init__(self, path, group_commits: bool = False, read_only: bool = False):
        self.path = Path(path)
        self.writable = not read_only and (may_write(self.path) or not self.path.exists())
        self._group_s = GROUP_COMMIT_S if group_commits else 0
        self._group: dict[str, tuple[Entry, tuple]] = {}
        self._last_commit = time.monotonic()
        self._one_commit = threading.Lock()
        self._turn = asyncio.Lock()
        # Two connections, so that looking up never waits for a commit in another thread.
        self._writer = open_to_write(self.path) if self.writable else None
        try:
            if self.writable:
                self._prepare()
            self._reader = open_to_read(self.path)
            self._check(self._reader)
        except BaseException:
            if self._writer:
                self._writer.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- Looking up

    def get(self, digest: str) -> Entry | None:
        """The entry that counts for a request, or None where it was never asked."""
        if digest in self._group:
            return self._group[digest][0]
        row = self._row_of(FIND, digest)
        return entry_of(row) if row else None

    def has_since(self, digest: str, since: float) -> bool:
        """Whether a request was asked, with whatever outcome, at or after a time."""
        rows = self.query("SELECT asked_at FROM responses WHERE digest = ?", bytes.fromhex(digest))
        return any(asked_at >= since for (asked_at,) in rows)

    def request(self, digest: str) -> dict | None:
        """The request behind a digest as it was sent, or None."""
        row = self._row_of("SELECT request FROM responses WHERE digest = ? LIMIT 1", digest)
        return unzipped(row[0]) if row else None

    def digests(self, beginning: str = "") -> list[str]:
        """The digests in the file that begin with a text in hex, sorted."""
        statement = "SELECT DISTINCT lower(hex(digest)) AS name FROM responses WHERE name LIKE ?"
        return sorted(name for (name,) in self.query(statement, f"{beginning.lower()}%"))

    def entries(self) -> Iterator[tuple[Entry, dict]]:
        """The entry that counts for every request, with the request, in the order of their rows."""
        # Two steps: to rank whole rows, SQLite would sort the whole file.
        ids = sorted(number for (number,) in self.query(f"SELECT id FROM ({BEST}) WHERE rank = 1"))
        for number in ids:
            for *row, request in self.query(f"SELECT {COLUMNS} FROM responses WHERE id = ?", number):
                yield entry_of(row), unzipped(request)

    def usages(self, after: int = 0) -> Iterator[tuple[int, str, str, dict]]:
        """(row, digest, status, token counts) of the rows after a row, those that no longer count included:
        all were paid."""
        rows = self.query("SELECT id, digest, status, usage FROM responses WHERE id > ? ORDER BY id", after)
        for number, key, status, usage in rows:
            yield number, key.hex(), status, json.loads(usage)

    def query(self, statement: str, *values) -> Iterator[tuple]:
        """The rows of a SELECT over the tables ``responses`` and ``batches``."""
        with explained(self.path):
            yield from self._reader.execute(statement, values)

    def batches(self, *states: str) -> list[Batch]:
        """The recorded batches in the given states, oldest first."""
        wanted = ", ".join("?" * len(states))
        rows = self.query(
            "SELECT key, provider, requests, submitted_at, id, state FROM batches "
            f"WHERE state IN ({wanted}) ORDER BY submitted_at",
            *states,
        )
        return [Batch(key, provider, unzipped(packed), *rest) for key, provider, packed, *rest in rows]

    # --- Adding

    def require_room(self) -> None:
        """Raises InputError where the answer to a question could not be stored: ask only after this."""
        if not self.writable:
            raise InputError(
                self.path, "file", "read-only, and it lacks an answer",
                "a ledger that this user may write; the key ledger of the configuration names its folder",
            )  # fmt: skip
        free = free_bytes(self.path)
        if free < RESERVE_BYTES:
            raise InputError(
                self.path, "disk", f"{free / 1e6:.1f} MB free",
                f"at least {RESERVE_BYTES / 1e6:.0f} MB, so that every answer can be stored; "
                "make space, then run again: every answer committed so far is kept",
            )  # fmt: skip

    def put(self, entry: Entry, body: dict) -> None:
        """Add an entry with the request it answers. Raises InputError (a full disk) and keeps the rest."""
        if entry.digest in self._group:
            self.commit()
        self._group[entry.digest] = (entry, row_of(entry, body))
        if time.monotonic() - self._last_commit >= self._group_s:
            self.commit()

    async def store(self, entry: Entry, body: dict) -> None:
        """``put`` that leaves the event loop free while the disk works. Entries that arrive while a commit
        is under way share the next one, so a slow disk costs time per commit, not per answer."""
        if self._group_s:
            self.put(entry, body)
            return
        self._group[entry.digest] = (entry, row_of(entry, body))
        async with self._turn:
            if entry.digest in self._group:
                await asyncio.to_thread(self.commit)

    def commit(self) -> None:
        """Write what ``put`` still holds. The lock is held for the write alone, so that many can share."""
        with self._one_commit:
            rows = dict(self._group)
            if not rows:
                return
            if not self.writable:
                self.require_room()
            marks = ", ".join("?" * len(COLUMNS.split(",")))
            with self._transaction() as db:
                db.executemany(
                    f"INSERT INTO responses ({COLUMNS}) VALUES ({marks})", (row for _, row in rows.values())
                )
            for key in rows:
                del self._group[key]
            self._last_commit = time.monotonic()

    def record(self, batch: Batch) -> None:
        """Add a batch, or bring its id and state up to date. A batch that is done gives its room back."""
        requests = {} if batch.state in ("done", "lost") else batch.requests
        with self._one_commit, self._transaction() as db:
            db.execute(
                "INSERT INTO batches (key, id, provider, state, submitted_at, questions, requests) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE "
                "SET id = excluded.id, state = excluded.state, requests = excluded.requests",
                (
                    batch.key, batch.id, batch.provider, batch.state, batch.submitted_at,
                    len(batch.requests), zipped(requests),
                ),
            )  # fmt: skip

    def delete(self, ids: list[int]) -> None:
        """Delete rows by their id, and give their room back to the file system."""
        with self._one_commit, self._transaction() as db:
            db.executemany("DELETE FROM responses WHERE id = ?", ((number,) for number in ids))
        with explained(self.path):
            self._writer.execute("VACUUM")

    def close(self) -> None:
        try:
            self.commit()
        finally:
            for db in (self._reader, self._writer):
                if db:
                    db.close()

    # --- Inside

    def _row_of(self, statement, digest):
        try:
            return self._reader.execute(statement, (bytes.fromhex(digest),)).fetchone()
        except sqlite3.Error as error:
            raise told(self.path, error) from error

    @contextmanager
    def _transaction(self):
        db = self._writer
        with explained(self.path):
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _prepare(self):
        """Make the tables where they are missing."""
        if self._check(self._writer) == SCHEMA_VERSION:
            return
        with self._transaction() as db:
            for statement in TABLES:
                db.execute(statement)
            db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def _check(self, db) -> int:
        """The version of the file's tables. Raises InputError where it is no ledger, or a newer one."""
        with explained(self.path):
            (owner,) = db.execute("PRAGMA application_id").fetchone()
            (version,) = db.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if owner not in (0, APPLICATION_ID) or (owner == 0 and tables and "responses" not in tables):
            raise InputError(self.path, "content", "another program's database", "a ledger file")
        if version > SCHEMA_VERSION:
            raise InputError(
                self.path, "version", version,
                f"at most {SCHEMA_VERSION}: a newer version of this project wrote it; update yours",
            )  # fmt: skip
        return version
