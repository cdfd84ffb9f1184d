"""The ledger of responses: every reply is on disk before anything else happens with it (design 7).

One SQLite file per provider's model under the ledger's folder, so that jobs of different models never wait
for each other. Rows are only ever added: a question that failed and was asked again has both rows, and the
answered one counts. Which journal a file uses depends on where it lies: WAL on a local disk; on a network
file system, where WAL's shared memory does not work, a rollback journal with every commit synchronised.
"""

import hashlib
import json
import re
import sqlite3
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from sce.engines import Reply

NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "fuse.sshfs", "9p"}
DEFAULT_FOLDER = "ledger"
BUSY_TIMEOUT_S = 120
GROUP_COMMIT_S = 0.5

TABLES = """
CREATE TABLE IF NOT EXISTS responses (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    status TEXT NOT NULL,
    response TEXT,
    reasoning TEXT,
    finish_reason TEXT,
    error TEXT,
    turn TEXT,
    logprobs TEXT,
    usage TEXT NOT NULL,
    latency_s REAL NOT NULL,
    attempts INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    request BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS responses_by_digest ON responses (digest);
"""
COLUMNS = (
    "digest, status, response, reasoning, finish_reason, error, turn, logprobs, usage, "
    "latency_s, attempts, asked_at, request"
)
# An answer beats a refusal or a truncation, those beat a failure; among equals the latest counts.
BEST = "ORDER BY status = 'answered' DESC, status = 'failed', id DESC LIMIT 1"


@dataclass(frozen=True)
class Entry:
    """One row of the ledger: how a request ended. ``error``: the cause, where its status is failed;
    ``finish_reason`` is then "rejected" where asking again cannot help."""

    digest: str
    status: str
    response: str | None
    reasoning: str | None
    finish_reason: str | None
    error: str | None
    turn: dict | None
    logprobs: list | None
    usage: dict
    latency_s: float
    attempts: int
    asked_at: float

    @classmethod
    def of_reply(cls, digest: str, reply: Reply, latency_s: float, attempts: int) -> "Entry":
        return cls(
            digest=digest,
            status=reply.status,
            response=reply.response,
            reasoning=reply.reasoning,
            finish_reason=reply.finish_reason,
            error=None,
            turn=reply.turn,
            logprobs=reply.logprobs,
            usage=reply.usage,
            latency_s=latency_s,
            attempts=attempts,
            asked_at=time.time(),
        )

    @classmethod
    def of_failure(
        cls, digest: str, cause: str, finish: str | None, latency_s: float, attempts: int
    ) -> "Entry":
        return cls(
            digest, "failed", None, None, finish, cause, None, None, {}, latency_s, attempts, time.time()
        )


def digest(body: dict) -> str:
    """The key of a request: SHA-256 of its canonical JSON, in hex."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def ledger_file(folder, engine: str, model: str) -> Path:
    """The file for a provider's model: readable, and unique even where two names read alike."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", model).strip("-")[:60]
    return Path(folder) / f"{engine}-{readable}-{hashlib.sha256(model.encode()).hexdigest()[:6]}.sqlite"


class Ledger:
    """One ledger file, open for this process. Use as a context manager.

    ``group_commits``: answers of a free engine are committed together, at most half a second late; an
    answer that costs money or time is committed before ``put`` returns.
    """

    def __init__(self, path, group_commits: bool = False):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._group_s = GROUP_COMMIT_S if group_commits else 0
        self._group: dict[str, tuple[Entry, tuple]] = {}
        self._last_commit = time.monotonic()
        self._db = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        self._db.execute(f"PRAGMA journal_mode={journal_mode(self.path)}")
        self._db.execute("PRAGMA synchronous=FULL")  # every commit survives a power cut, not only a crash
        self._db.executescript(TABLES)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def get(self, digest: str) -> Entry | None:
        """The entry that counts for a request, or None where it was never asked."""
        if digest in self._group:
            return self._group[digest][0]
        row = self._db.execute(
            f"SELECT {COLUMNS} FROM responses WHERE digest = ? {BEST}", (bytes.fromhex(digest),)
        ).fetchone()
        return _entry(row) if row else None

    def put(self, entry: Entry, body: dict) -> None:
        """Add an entry with the request it answers. Raises sqlite3.Error (a full disk) and keeps the rest."""
        self._group[entry.digest] = (entry, _row(entry, body))
        if time.monotonic() - self._last_commit >= self._group_s:
            self.commit()

    def commit(self) -> None:
        """Write what ``put`` still holds. The lock is taken for the write alone, so that many jobs can share."""
        if not self._group:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(
                f"INSERT INTO responses ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (row for _, row in self._group.values()),
            )
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._group.clear()
        self._last_commit = time.monotonic()

    def close(self) -> None:
        self.commit()
        self._db.close()


def journal_mode(path) -> str:
    """``wal`` where the file's file system is local, ``truncate`` where it is shared over a network."""
    return "truncate" if _file_system(Path(path).resolve()) in NETWORK_FILE_SYSTEMS else "wal"


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


def _row(entry, body):
    return (
        bytes.fromhex(entry.digest),
        entry.status,
        entry.response,
        entry.reasoning,
        entry.finish_reason,
        entry.error,
        _packed(entry.turn),
        _packed(entry.logprobs),
        json.dumps(entry.usage),
        entry.latency_s,
        entry.attempts,
        entry.asked_at,
        zlib.compress(json.dumps(body, ensure_ascii=False).encode(), 1),
    )


def _entry(row):
    key, status, response, reasoning, finish, error, turn, logprobs, usage, latency, attempts, asked, _ = row
    return Entry(
        key.hex(), status, response, reasoning, finish, error, _unpacked(turn), _unpacked(logprobs),
        json.loads(usage), latency, attempts, asked,
    )  # fmt: skip


def _packed(value):
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _unpacked(text):
    return None if text is None else json.loads(text)
