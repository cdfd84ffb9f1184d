"""Damage in the ledger's files: finding it, deleting damaged rows, keeping what a broken file still holds."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sce.errors import InputError
from sce.ledger.ledger import Ledger, ledger_files
from sce.ledger.manifest import manifest_of, rows_known
from sce.ledger.rows import COLUMNS, Damaged, entry_of, request_of, requests_of
from sce.ledger.sqlite_files import open_to_read

SIDECARS = ("-wal", "-shm", "-journal")  # SQLite's, beside a file


# --- Finding it


def verify(folder) -> list[str]:
    """What is wrong in the folder's files, one line each: files that lost rows, pages SQLite finds damaged,
    replies that do not fit their checksum, requests that do not fit their digest, values that cannot be
    read. Raises InputError for a missing folder."""
    problems = []
    left = (file.with_suffix("") for file in Path(folder).glob("*.sqlite.rows"))
    for path in sorted({*ledger_files(folder), *left}):
        try:
            with Ledger(path, read_only=True) as ledger:
                problems += [f"{path}: {problem}" for problem in _problems(ledger)]
        except InputError as error:
            problems.append(str(error))
    return problems


def _problems(ledger) -> Iterator[str]:
    for (message,) in ledger.query("PRAGMA integrity_check"):
        if message != "ok":
            yield message
    for number, reason in damaged_rows(ledger):
        yield f"row {number}: {reason}"
    for key, reason in _damaged_batches(ledger):
        yield f"batch {key}: {reason}"


def damaged_rows(ledger: Ledger) -> Iterator[tuple[int, str]]:
    """(number, what is wrong) of every row that is not what was stored."""
    for (number,) in list(ledger.query("SELECT id FROM responses NOT INDEXED")):
        try:
            ledger.row(number)
        except InputError as error:
            yield number, error.found


def _damaged_batches(ledger):
    for key, packed in list(ledger.query("SELECT key, requests FROM batches")):
        try:
            requests_of(packed)
        except Damaged as error:
            yield key, str(error)


# --- Mending it


def drop_damaged(folder, really: bool = False) -> dict[str, int]:
    """Delete damaged rows and batches, so that a run asks them again. Their number by file; only counted
    unless ``really``. Raises InputError for a file whose pages are broken: ``accept_loss`` is for it."""
    counts = {}
    for path in ledger_files(folder):
        with Ledger(path, read_only=not really) as ledger:
            if really:
                ledger.reindex()
                ledger.require_sound()
            rows = [number for number, _ in damaged_rows(ledger)]
            batches = [key for key, _ in _damaged_batches(ledger)]
            if really and (rows or batches):
                ledger.require_room()
                ledger.delete(rows, batches)
        counts[path.name] = len(rows) + len(batches)
    return counts


def accept_loss(path) -> tuple[int, Path | None]:
    """Go on without what a ledger file has lost. A file that is sound counts as whole from now on; of a
    broken one what can be read goes into a new file, and the broken one stays as ``NAME.sqlite.broken1``.
    The number of rows kept, and where the broken file is. Raises InputError where there is nothing to accept.
    """
    path = Path(path)
    known = _known(path)
    if not path.exists() and not known:
        raise InputError(path, "file", "missing", "a ledger file, or one that its manifest (.rows) knows")
    manifest_of(path).unlink(missing_ok=True)
    if path.exists() and path.stat().st_size == 0:
        path.unlink()
    if not path.exists():
        for end in SIDECARS:
            path.with_name(path.name + end).unlink(missing_ok=True)
        return 0, None
    if _is_sound(path):
        with Ledger(path) as ledger:  # which writes a manifest of its own
            return ledger.count(), None
    rows, batches = _readable(path, known)
    broken = _set_aside(path)
    with Ledger(path) as ledger:
        ledger.take_over(rows, batches)
    return len(rows), broken


def _known(path):
    try:
        return rows_known(path)
    except InputError:  # a damaged manifest
        return 1


def _is_sound(path):
    try:
        with Ledger(path, read_only=True) as ledger:
            ledger.require_sound()
            return not any(True for _ in damaged_rows(ledger))
    except InputError:
        return False


def _readable(path, known):
    """The rows and the batches that are what was stored, as they lie in their tables."""
    try:
        db = open_to_read(path)
    except InputError:
        return [], []
    ids = set(range(1, known + 1))
    for order in ("ASC", "DESC"):  # from both ends up to what cannot be read
        ids.update(number for (number,) in _until_broken(db, f"SELECT id FROM responses ORDER BY id {order}"))
    rows = [row for number in sorted(ids) if (row := _row(db, number)) is not None]
    batches = [
        batch
        for batch in _until_broken(db, "SELECT * FROM batches")
        if _holds(lambda b=batch: requests_of(b[6]))
    ]
    db.close()
    return rows, batches


def _until_broken(db, statement, *values):
    try:
        yield from db.execute(statement, values)
    except sqlite3.Error:
        return


def _row(db, number):
    for columns in (COLUMNS, COLUMNS.replace("checksum", "NULL")):  # of this version, of the first
        for row in _until_broken(db, f"SELECT {columns} FROM responses WHERE id = ?", number):
            if _holds(lambda r=row: (entry_of(r[:-1]), request_of(r[0], r[-1]))):
                return row
    return None


def _holds(check):
    try:
        check()
    except Damaged:
        return False
    return True


def _set_aside(path) -> Path:
    """Rename a file, and what SQLite keeps beside it, to a name that is free."""
    number = 1
    while (broken := path.with_name(f"{path.name}.broken{number}")).exists():
        number += 1
    for end in ("", *SIDECARS):
        file = path.with_name(path.name + end)
        if file.exists():
            file.rename(broken.with_name(broken.name + end))
    return broken
