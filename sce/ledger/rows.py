"""How entries lie in the tables of a ledger file, and in which order the entries of one request count."""

import json
import zlib

from sce.ledger.entries import RANK, Entry

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
ENTRY_COLUMNS = (
    "digest, status, response, reasoning, finish_reason, error, turn, logprobs, usage, "
    "latency_s, attempts, asked_at"
)
COLUMNS = f"{ENTRY_COLUMNS}, request"
_RANKED = " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in RANK.items())
ORDER = f"CASE status {_RANKED} END DESC, CASE status WHEN 'answered' THEN id ELSE -id END"
FIND = f"SELECT {ENTRY_COLUMNS} FROM responses WHERE digest = ? ORDER BY {ORDER} LIMIT 1"
_PLACE = f"row_number() OVER (PARTITION BY digest ORDER BY {ORDER})"
BEST = f"SELECT id, digest, status, {_PLACE} AS rank FROM responses"  # the rows of rank 1 count


def row_of(entry, body):
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
        zipped(body),
    )


def entry_of(row):
    key, status, response, reasoning, finish, error, turn, logprobs, usage, latency, attempts, asked = row
    return Entry(
        key.hex(), status, response, reasoning, finish, error, _unpacked(turn), _unpacked(logprobs),
        json.loads(usage), latency, attempts, asked,
    )  # fmt: skip


def _packed(value):
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _unpacked(text):
    return None if text is None else json.loads(text)


def zipped(value) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 1)


def unzipped(packed: bytes):
    return json.loads(zlib.decompress(packed))
