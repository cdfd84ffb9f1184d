"""SQLite files that many jobs share: opened safely on any file system, with errors that say what to do.

Which journal a file uses depends on where it lies. On a local disk it is WAL: one write and one fsync a
commit, readers never wait. WAL needs memory shared by all who have the file open, which no network file
system offers; there, and on file systems not known to be local, it is a rollback journal (``truncate``). A
file that was moved is converted when it is next opened to write. ``SCE_LEDGER_JOURNAL`` (``wal`` or
``truncate``) overrules the choice: a folder that other hosts mount over the network needs ``truncate`` on
the host whose local disk it is, too.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sce.errors import InputError
from sce.ledger.remedies import accept

CACHE_KB = 64_000  # at most, of a file that is written to: digests fall on pages all over its index
READ_CACHE_KB = 16_000  # at most, of one that is read: the index of 300,000 rows
BUSY_TIMEOUT_S = 120
MODE_TIMEOUT_S = 5
JOURNAL_VARIABLE = "SCE_LEDGER_JOURNAL"
JOURNALS = ("wal", "truncate")
LOCAL_FILE_SYSTEMS = {
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs", "tmpfs", "ramfs",
    "overlay", "aufs", "vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "ecryptfs", "squashfs", "apfs", "hfs",
}  # fmt: skip


class _Connection(sqlite3.Connection):
    """``copy``: the folder of a file that could only be read as a copy; it goes with the connection."""

    copy: tempfile.TemporaryDirectory | None = None


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection that commits durably: every commit survives a power cut, not only a crash.

    The file is made where it is missing. Raises InputError where it cannot be written.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = _connect(path)
        try:
            _set_journal(db, journal_mode(path))
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        except BaseException:
            db.close()
            raise
    return db


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, also where the file or its folder is read-only.

    Raises InputError for a missing file.
    """
    if not path.is_file():
        raise InputError(path, "file", "missing", "an existing ledger file")
    with explained(path):
        if may_write(path):
            db = _connect(path)
            if journal_mode(path) == "truncate":
                _set_journal(db, "truncate")
            db.execute("PRAGMA query_only=ON")
            return _reader(db)
        try:
            return _reader(_connect(path, "mode=ro"))
        except sqlite3.OperationalError:  # WAL without its shared memory, or a journal to roll back
            if _sidecars(path):
                return _connect_copy(path)
            return _reader(_connect(path, "immutable=1"))


def may_write(path: Path) -> bool:
    """Whether the file (or, where there is none, its folder) can be written; SQLite needs the folder too."""
    existing = path.parent
    while not existing.exists():
        existing = existing.parent
    return os.access(existing, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def journal_mode(path) -> str:
    """``wal`` where the file lies on a local disk, else ``truncate``."""
    chosen = os.environ.get(JOURNAL_VARIABLE)
    if chosen:
        if chosen not in JOURNALS:
            raise InputError("environment", JOURNAL_VARIABLE, chosen, " or ".join(JOURNALS))
        return chosen
    kind = _file_system(Path(path).resolve())
    return "wal" if kind is None or kind in LOCAL_FILE_SYSTEMS else "truncate"


def free_bytes(path: Path) -> int:
    """Bytes that this user can still write on the path's file system."""
    state = os.statvfs(path.parent)
    return state.f_bavail * state.f_frsize


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system say about a file into an InputError that names it."""
    try:
        yield
    except sqlite3.Error as error:
        raise as_input_error(path, error) from error
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise InputError(path, "folder", error.strerror, "a folder that this user may write") from error


def as_input_error(path: Path, error: sqlite3.Error) -> InputError:
    """The InputError that says what an error of a file means."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        free = free_bytes(path) / 1e6
        return InputError(
            path, "disk", f"{error}; {free:.1f} MB free",
            "room for the ledger: every answer committed so far is kept; make space, then run again",
        )  # fmt: skip
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return InputError(path, "file", str(error), "a ledger file in a folder that this user may write")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return _damaged(path, error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        return InputError(
            path, "lock", f"{error} ({BUSY_TIMEOUT_S} s waited)",
            "no other program that keeps it, and a file system with locks",
        )  # fmt: skip
    if isinstance(error, sqlite3.OperationalError):  # a text that is none, a table without its columns
        return _damaged(path, error)
    return InputError(path, "file", str(error), "a ledger file that works")


def _damaged(path, error):
    return InputError(
        path, "content", f"not a ledger, or a damaged one ({error})",
        f"a ledger file: restore a copy of it, or keep what can be read: {accept(path)}",
    )  # fmt: skip


def _connect(path, how=None) -> _Connection:
    # Python opens SQLite in its serialized mode, so a connection may go from thread to thread.
    where = f"file:{quote(str(path.resolve()))}?{how}" if how else path
    return sqlite3.connect(
        where, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=bool(how),
        factory=_Connection,
    )  # fmt: skip


def _reader(db):
    """The connection, set up to read and known to work; closed otherwise."""
    try:
        db.execute("SELECT count(*) FROM sqlite_master")
        db.execute(f"PRAGMA cache_size=-{READ_CACHE_KB}")
    except BaseException:
        db.close()
        raise
    return db


def _sidecars(path) -> list[Path]:
    sidecars = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
    return [file for file in sidecars if file.exists() and file.stat().st_size > 0]


def _connect_copy(path):
    folder = tempfile.TemporaryDirectory(prefix="sce-ledger-")
    for file in [path, *_sidecars(path)]:
        shutil.copy(file, folder.name)
    db = _connect(Path(folder.name) / path.name)
    db.copy = folder
    return _reader(db)


def _set_journal(db, mode):
    """Switch the file to a journal mode, and wait while others use the file: SQLite's own busy timeout does
    not apply here."""
    deadline = time.monotonic() + MODE_TIMEOUT_S
    while True:
        try:
            return _set_wal(db) if mode == "wal" else _set_truncate(db)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            if time.monotonic() > deadline:
                if mode == "wal":
                    return  # others keep it in the other journal: as safe on a local disk, only slower
                raise
        time.sleep(0.01)


def _set_wal(db):
    if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        db.execute("PRAGMA journal_mode=wal")


def _set_truncate(db):
    # A file in WAL can be opened without shared memory, and so be converted, by one who has it alone.
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    try:
        db.execute("PRAGMA journal_mode=truncate")
    finally:
        db.execute("PRAGMA locking_mode=NORMAL")
    db.execute("SELECT count(*) FROM sqlite_master")  # the lock goes with the next access


def _file_system(path):
    """The type of the file system a path lies on, from the longest mount point above it (Linux)."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return None
    best, kind = "", None
    for line in mounts.read_text().splitlines():
        point, fs_type = line.split()[1:3]
        point = point.replace("\\040", " ")
        inside = str(path) == point or str(path).startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fs_type
    return kind
