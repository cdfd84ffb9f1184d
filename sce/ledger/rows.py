"""How entries lie in the tables of a ledger file, in which order the entries of one request count, and how a
row shows that it is what was stored."""

import hashlib
import json
import sqlite3
import zlib

from sce.ledger.entries import RANK, Entry, counts_of, digest

SCHEMA_VERSION = 2
TABLES = (
    """CREATE TABLE IF NOT EXISTS responses (
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
    checksum BLOB,
    request BLOB NOT NULL
)""",
    "CREATE INDEX IF NOT EXISTS responses_by_digest ON responses (digest)",
    """CREATE TABLE IF NOT EXISTS batches (
    key TEXT PRIMARY KEY,
    id TEXT,
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    questions INTEGER NOT NULL,
    requests BLOB NOT NULL
)""",
)
ADD_CHECKSUMS = "ALTER TABLE responses ADD COLUMN checksum BLOB"  # to a file of version 1
ENTRY_COLUMNS = (
    "digest, status, response, reasoning, finish_reason, error, turn, logprobs, usage, "
    "latency_s, attempts, asked_at"
)
COLUMNS = f"{ENTRY_COLUMNS}, checksum, request"
INSERT = f"INSERT INTO responses ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(',')))})"
_RANKED = " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in RANK.items())
_ORDER = f"CASE status {_RANKED} END DESC, CASE status WHEN 'answered' THEN id ELSE -id END"
_PLACE = f"row_number() OVER (PARTITION BY digest ORDER BY {_ORDER})"
BEST = f"SELECT id, digest, status, {_PLACE} AS rank FROM responses"  # the rows of rank 1 count


class Damaged(Exception):
    """A row, or a part of one, that is not what was stored."""


def row_of(entry: Entry, request: bytes) -> tuple:
    """An entry and the request it answers, as JSON, in the order of COLUMNS."""
    values = (
        bytes.fromhex(entry.digest),
        entry.status,
        entry.response,
        entry.reasoning,
        entry.finish_reason,
        entry.error,
        _packed(entry.turn),
        _packed(entry.logprobs),
        json.dumps(entry.usage) if entry.usage else "{}",
        float(entry.latency_s),
        entry.attempts,
        float(entry.asked_at),
    )
    return (*values, _checksum(values), compressed(request))


def entry_of(row: tuple) -> Entry:
    """The entry in a row of ENTRY_COLUMNS and the checksum. Raises Damaged where that does not fit; a row of
    version 1 has none, and is only checked for what it must be to be read."""
    *values, checksum = row
    if checksum is not None and checksum != _checksum(tuple(values)):
        raise Damaged("what it holds does not fit its checksum")
    key, status, response, reasoning, finish, error, turn, logprobs, usage, latency, attempts, asked = values
    if status not in RANK:
        raise Damaged(f"status {status!r}")
    try:
        counts = {} if usage == "{}" else json.loads(usage)
        return Entry(
            key.hex(), status, response, reasoning, finish, error, _unpacked(turn), _unpacked(logprobs),
            counts if checksum is not None else counts_of(counts), latency, attempts, asked,
        )  # fmt: skip
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"it cannot be read ({error})") from None


def request_of(key: bytes, packed: bytes) -> dict:
    """The request in a row. Raises Damaged where it is not the one with that digest."""
    request = unzipped(packed)
    found = digest(request)
    if found != key.hex():
        raise Damaged(f"its request has the digest {found}, not {key.hex()}")
    return request


def requests_of(packed: bytes) -> dict[str, dict]:
    """The requests of a batch by their digest. Raises Damaged where they are not those."""
    requests = unzipped(packed)
    if not isinstance(requests, dict) or any(digest(body) != key for key, body in requests.items()):
        raise Damaged("its requests do not have the digests they go by")
    return requests


def zipped(value) -> bytes:
    """A value as compressed JSON."""
    return compressed(as_json(value))


def as_json(value) -> bytes:
    """A value as JSON, its keys in their order."""
    return json.dumps(value, ensure_ascii=False).encode()


def compressed(content: bytes) -> bytes:
    """JSON, compressed."""
    # A window and tables no larger than the content: setting up the usual ones takes longer than the rest.
    window, memory = (12, 6) if len(content) <= 4096 else (15, 8)
    made = zlib.compressobj(1, zlib.DEFLATED, window, memory)
    return made.compress(content) + made.flush()


def unzipped(packed: bytes):
    """The value in compressed JSON. Raises Damaged where it cannot be read."""
    try:
        return json.loads(zlib.decompress(packed))
    except (ValueError, TypeError, zlib.error, RecursionError) as error:
        raise Damaged(f"its request cannot be read ({error})") from None


def _checksum(values):
    # ascii() of numbers, texts and bytes is the same everywhere, and no two rows share it.
    return hashlib.blake2b(ascii(values).encode(), digest_size=16).digest()


def _packed(value):
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _unpacked(text):
    return None if text is None else json.loads(text)


def tables_in(db: sqlite3.Connection) -> set[str]:
    """The names of a database's tables."""
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def last_row(db: sqlite3.Connection) -> int:
    """The number of the last reply in a database; 0 where there is none."""
    if "responses" not in tables_in(db):
        return 0
    ((number,),) = db.execute("SELECT max(id) FROM responses")
    return number or 0


def without_rows() -> sqlite3.Connection:
    """A database in memory with the tables of a ledger."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for statement in TABLES:
        db.execute(statement)
    return db
