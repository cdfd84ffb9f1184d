"""The ledger of responses: every reply is on disk before anything else happens with it.

One SQLite file per provider's model under the ledger's folder, so that jobs of different models never wait
for each other. Rows are only ever added (``python -m sce ledger prune`` apart): a question that failed and
was asked again has both rows, and the answered one counts. Where two runs answered the same question, the
first answer counts, so that nothing added later, by a second run or from a colleague, changes what a study
was built on. sce.ledger.sqlite_files says which journal a file uses where.

The ledger also records API batches before anyone waits for them, with the requests they hold.
"""

import asyncio
import hashlib
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sce.errors import InputError
from sce.ledger import lookups
from sce.ledger.entries import Batch, Entry
from sce.ledger.manifest import Manifest, rows_known
from sce.ledger.remedies import mend, restore
from sce.ledger.rows import (
    ADD_CHECKSUMS,
    BEST,
    ENTRY_COLUMNS,
    INSERT,
    SCHEMA_VERSION,
    TABLES,
    Damaged,
    as_json,
    entry_of,
    last_row,
    request_of,
    requests_of,
    row_of,
    tables_in,
    without_rows,
    zipped,
)  # fmt: skip
from sce.ledger.sqlite_files import (
    explained,
    free_bytes,
    may_write,
    open_to_read,
    open_to_write,
)

DEFAULT_FOLDER = "ledger"
GROUP_COMMIT_S = 2.0
RESERVE_BYTES = 16_000_000  # no question is asked with less room on the disk: its answer might be lost
APPLICATION_ID = 0x53434531  # "SCE1": distinguishes a ledger from other SQLite files


def ledger_file(folder, engine: str, model: str) -> Path:
    """The file for a provider's model: readable, and unique even where two names read alike."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", model).strip("-")[:60]
    return Path(folder) / f"{engine}-{readable}-{hashlib.sha256(model.encode()).hexdigest()[:6]}.sqlite"


def ledger_files(folder) -> list[Path]:
    """The ledger files in a folder, sorted. Raises InputError for a missing folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "folder", "missing", "the folder of a ledger (see --ledger)")
    return sorted(folder.glob("*.sqlite"))


class Ledger:
    """One ledger file, open for this process. Use as a context manager.

    A file that this user cannot write is opened all the same, for what it can answer; ``require_room``
    refuses it. ``half_made``: it has no tables yet, as a job leaves it that was killed while making it; it
    is read as one without rows. ``group_commits``: answers of a free engine are committed together, some
    seconds late; an answer that costs money or time is committed before ``put`` or ``store`` returns. Errors
    of the file are InputErrors that name it.
    """

    def __init__(self, path, group_commits: bool = False, read_only: bool = False):
        self.path = Path(path)
        self.writable = not read_only and (may_write(self.path) or not self.path.exists())
        self._group_s = GROUP_COMMIT_S if group_commits else 0
        self._group: dict[str, tuple[Entry, tuple]] = {}
        self._last_commit = time.monotonic()
        self._one_commit = threading.Lock()
        self._committing: asyncio.Task | None = None
        self._sound = False
        known = rows_known(self.path)  # read before the file, which may grow meanwhile
        self._require_file(known)
        # Two connections, so that looking up never waits for a commit in another thread.
        self._writer = open_to_write(self.path) if self.writable else None
        self._manifest = Manifest(self.path) if self.writable else None
        try:
            if self.writable:
                self._require_rows(self._writer, known)
                self._prepare()
            self._reader = open_to_read(self.path)
            self._check(self._reader)
            self.half_made = not tables_in(self._reader)
            if self.half_made:
                self._reader.close()
                self._reader = without_rows()
            self._columns = f"{ENTRY_COLUMNS}, {'checksum' if self._has_checksums(self._reader) else 'NULL'}"
            self._require_rows(self._reader, known)
        except BaseException:
            if self._writer:
                self._writer.close()
                self._manifest.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- Looking up

    def get(self, digest: str) -> Entry | None:
        """The entry that counts for a request, or None where it was never asked. Raises InputError where a
        row of the request is not what was stored."""
        return self.get_all([digest]).get(digest)

    def get_all(self, digests: Iterable[str]) -> dict[str, Entry]:
        """Digest -> the entry that counts, of those requests that were asked. Raises InputError as ``get``
        does."""
        digests = set(digests)
        found = {key: self._group[key][0] for key in digests & self._group.keys()}
        for keys in lookups.portions(digests - found.keys()):
            places = ", ".join("?" * len(keys))
            rows = self.query(f"SELECT id, {self._columns} FROM responses WHERE digest IN ({places})", *keys)
            try:
                found |= lookups.best(rows, digests)
            except lookups.DamagedRow as error:
                raise self.damage(error.number, error) from None
        return found

    def has_since(self, digest: str, since: float) -> bool:
        """Whether a request was asked at or after a time, however it ended."""
        rows = self.query("SELECT asked_at FROM responses WHERE digest = ?", bytes.fromhex(digest))
        return any(asked_at >= since for (asked_at,) in rows)

    def request(self, digest: str) -> dict | None:
        """The request behind a digest as it was sent, or None."""
        key = bytes.fromhex(digest)
        for number, packed in self.query("SELECT id, request FROM responses WHERE digest = ? LIMIT 1", key):
            return self._part(number, request_of, key, packed)
        return None

    def digests(self, beginning: str = "") -> list[str]:
        """The digests in the file that begin with a text in hex, sorted."""
        statement = "SELECT DISTINCT lower(hex(digest)) AS name FROM responses WHERE name LIKE ?"
        return sorted(name for (name,) in self.query(statement, f"{beginning.lower()}%"))

    def entries(self) -> Iterator[tuple[Entry, dict]]:
        """The entry that counts for every request, with the request, in the order of their rows."""
        # Two steps: to rank whole rows, SQLite would sort the whole file.
        for number in sorted(number for (number,) in self.query(f"SELECT id FROM ({BEST}) WHERE rank = 1")):
            yield self.row(number)

    def row(self, number: int) -> tuple[Entry, dict]:
        """One row: its entry and its request. Raises InputError where it is not what was stored."""
        statement = f"SELECT {self._columns}, request FROM responses WHERE id = ?"
        for *row, packed in self.query(statement, number):
            return self._entry(number, row), self._part(number, request_of, row[0], packed)
        raise self.damage(number, "it is not in its table")

    def count(self) -> int:
        """The number of rows."""
        ((number,),) = self.query("SELECT count(*) FROM responses")
        return number

    def usages(self, after: int = 0) -> Iterator[tuple[int, str, str, dict]]:
        """(row, digest, status, token counts) of the rows after a row, those that no longer count included:
        all were paid."""
        rows = self.query(f"SELECT id, {self._columns} FROM responses WHERE id > ? ORDER BY id", after)
        for number, *row in rows:
            entry = self._entry(number, row)
            yield number, entry.digest, entry.status, entry.usage

    def query(self, statement: str, *values) -> Iterator[tuple]:
        """The rows of a SELECT over the tables ``responses`` and ``batches``."""
        with explained(self.path):
            for row in self._reader.execute(statement, values):  # noqa: UP028 (it would close the cursor late)
                yield row

    def batches(self, *states: str) -> list[Batch]:
        """The recorded batches in the given states, oldest first."""
        wanted = ", ".join("?" * len(states))
        rows = self.query(
            "SELECT key, provider, requests, submitted_at, id, state FROM batches "
            f"WHERE state IN ({wanted}) ORDER BY submitted_at",
            *states,
        )
        return [
            Batch(key, provider, self._part(f"batch {key}", requests_of, packed), *rest)
            for key, provider, packed, *rest in rows
        ]

    def damage(self, number: int | str, reason) -> InputError:
        """The error that a row, or a batch, is not what was stored."""
        return self._trouble(f"row {number}" if isinstance(number, int) else number, f"damaged: {reason}")

    # --- Adding

    def require_room(self) -> None:
        """Raises InputError where the answer to a question could not be stored: ask only after this."""
        if not self.writable:
            raise InputError(
                self.path, "file", "read-only, and a question has no answer in it",
                "a ledger that this user may write; the key ledger of the configuration names its folder",
            )  # fmt: skip
        free = free_bytes(self.path)
        if free < RESERVE_BYTES:
            raise InputError(
                self.path, "disk", f"{free / 1e6:.1f} MB free",
                f"at least {RESERVE_BYTES / 1e6:.0f} MB, so that every answer can be stored; "
                "make space, then run again: every answer committed so far is kept",
            )  # fmt: skip

    def require_sound(self) -> None:
        """Raises InputError where the file is damaged, so that what it holds may not be found: ask only after
        this, or what was paid for is paid for again. Looks once; takes some 0.5 s for 100,000 rows."""
        if self._sound:
            return
        for (message,) in self.query("PRAGMA integrity_check(1)"):
            if message != "ok":
                raise self._trouble("content", f"damaged ({message})")
        self._sound = True

    def put(self, entry: Entry, body: dict) -> None:
        """Add an entry with the request it answers. Raises InputError (a full disk) and keeps the rest."""
        self.put_all([(entry, as_json(body))])

    def put_all(self, entries: Iterable[tuple[Entry, bytes]]) -> None:
        """``put`` of many entries, each with its request as JSON."""
        for entry, request in entries:
            if entry.digest in self._group:
                self.commit()
            self._group[entry.digest] = (entry, row_of(entry, request))
        if time.monotonic() - self._last_commit >= self._group_s:
            self.commit()

    async def store(self, entry: Entry, body: dict) -> None:
        """``put`` that leaves the event loop free while the disk works. Entries that arrive while a commit
        is under way share the next one, so a slow disk costs time per commit, not per answer."""
        if self._group_s:
            self.put(entry, body)
            return
        self._group[entry.digest] = (entry, row_of(entry, as_json(body)))
        while entry.digest in self._group:
            if self._committing is None or self._committing.done():
                self._committing = asyncio.create_task(asyncio.to_thread(self.commit))
            await asyncio.shield(self._committing)

    def commit(self) -> None:
        """Write what ``put`` still holds. The lock is held for the write alone, so that many can share."""
        with self._one_commit:
            rows = dict(self._group)
            if not rows:
                return
            if not self.writable:
                self.require_room()
            with self._transaction() as db:
                self._manifest.write(last_row(db))  # of the commit before: what this one adds is not safe yet
                db.executemany(INSERT, (row for _, row in rows.values()))
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

    def delete(self, ids: list[int], batches: list[str] = ()) -> None:
        """Delete rows by their id and batches by their key, and give their room back to the file system."""
        with self._one_commit, self._transaction() as db:
            db.executemany("DELETE FROM batches WHERE key = ?", ((key,) for key in batches))
            db.executemany("DELETE FROM responses WHERE id = ?", ((number,) for number in ids))
            self._manifest.write(last_row(db))
        with explained(self.path):
            self._writer.execute("VACUUM")

    def take_over(self, rows: list[tuple], batches: list[tuple]) -> None:
        """Add rows of COLUMNS, and batches, as they lay in another file."""
        with self._one_commit, self._transaction() as db:
            db.executemany(INSERT, rows)
            db.executemany("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)", batches)

    def reindex(self) -> None:
        """Make the index anew from the table."""
        with explained(self.path):
            self._writer.execute("REINDEX")

    def close(self) -> None:
        try:
            self.commit()
            if self.writable:
                with self._transaction() as db:  # in turn with those who delete rows
                    self._manifest.write(last_row(db))
        finally:
            for file in (self._reader, self._writer, self._manifest):
                if file:
                    file.close()

    # --- Inside

    def _entry(self, number, row):
        return self._part(number, entry_of, row)

    def _part(self, number, read, *arguments):
        """What ``read`` makes of a part of a row."""
        try:
            return read(*arguments)
        except Damaged as error:
            raise self.damage(number, error) from None

    def _trouble(self, key, found):
        return InputError(self.path, key, found, mend(self.path))

    def _require_file(self, known):
        """Raises InputError where a file that held rows is not there, or empty."""
        size = self.path.stat().st_size if self.path.is_file() else None
        if known and not size:
            state = "missing" if size is None else "empty"
            raise InputError(self.path, "file", f"{state}, where {known:,} rows were", restore(self.path))

    def _require_rows(self, db, known):
        """Raises InputError where the file lacks rows that it held."""
        with explained(self.path):
            last = last_row(db)
        if last < known and last < rows_known(self.path):  # looked at again: rows may have been deleted
            raise InputError(
                self.path, "rows", f"none after row {last:,}, where {known:,} were", restore(self.path)
            )

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
        """Make the tables where they are missing, and what an older version's tables lack."""
        if self._check(self._writer) == SCHEMA_VERSION:
            return
        with self._transaction() as db:
            for statement in TABLES:
                db.execute(statement)
            if not self._has_checksums(db):
                db.execute(ADD_CHECKSUMS)
            db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def _has_checksums(self, db) -> bool:
        with explained(self.path):
            return "checksum" in {name for _, name, *_ in db.execute("PRAGMA table_info(responses)")}

    def _check(self, db) -> int:
        """The version of the file's tables. Raises InputError where it is no ledger, or a newer one."""
        with explained(self.path):
            (owner,) = db.execute("PRAGMA application_id").fetchone()
            (version,) = db.execute("PRAGMA user_version").fetchone()
            tables = tables_in(db)
        if owner not in (0, APPLICATION_ID) or (owner == 0 and tables and "responses" not in tables):
            raise InputError(self.path, "content", "another program's database", "a ledger file")
        if owner == APPLICATION_ID and "responses" not in tables:
            raise self._trouble("content", "a ledger without its table of responses")
        if version > SCHEMA_VERSION:
            raise InputError(
                self.path, "version", version,
                f"at most {SCHEMA_VERSION}: a newer version of this project wrote it; update yours",
            )  # fmt: skip
        return version
