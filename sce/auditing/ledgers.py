"""From the responses back to the ledger: every row has its reply there, under its request's digest."""

import hashlib
import json
import math
import sqlite3
import zlib
from collections import defaultdict
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from sce.auditing.findings import Findings
from sce.auditing.tables import Stored

COLUMNS = (
    "status", "response", "reasoning", "finish_reason", "error", "turn", "logprobs", "usage", "latency_s",
    "attempts", "asked_at", "request",
)  # fmt: skip
TEXTS = ("status", "response", "reasoning", "finish_reason", "error", "latency_s", "attempts")
TOKENS = {
    "tokens_in": "in", "tokens_cached": "cached", "tokens_written": "written", "tokens_out": "out",
    "tokens_reasoning": "reasoning",
}  # fmt: skip


def read_ledger(path: Path, findings: Findings) -> dict[str, list[dict]]:
    """Digest -> the rows under it in the ledger file ``path`` of a model and in those of its shards; read by
    plain SQL, in the order they were added, of several files the one first whose answer came first."""
    of_shards = sorted(path.parent.glob(f"{path.stem}.shard-*.sqlite"))
    files = [file for file in (path, *of_shards) if file.is_file()]
    if not files:
        findings.problem(path, "missing: no reply of these results can be followed back to it")
    parts = defaultdict(list)
    for file in files:
        for key, rows in _read_file(file, findings).items():
            parts[key].append(rows)
    return {key: list(chain.from_iterable(sorted(some, key=_answered_at))) for key, some in parts.items()}


def _answered_at(rows):
    """When the answer that counts was asked for; never, where there is none."""
    return next((row["asked_at"] for row in rows if row["status"] == "answered"), math.inf)


def _read_file(path, findings):
    """Digest -> the rows of one file under it, in the order they were added."""
    found = defaultdict(list)
    try:
        with sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True) as db:
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                return found  # of a job that was killed while it made the file
            for key, *row in db.execute(f"SELECT digest, {', '.join(COLUMNS)} FROM responses ORDER BY id"):
                found[key.hex()].append(dict(zip(COLUMNS, row, strict=True)))
    except sqlite3.Error as error:
        findings.problem(path, f"cannot be read ({error}): python -m sce ledger verify")
    return found


def check_replies(responses: Stored, ledger: dict, path: Path, findings: Findings) -> None:
    """Every row of ``responses`` against the rows of the ledger file ``path`` under its digest."""
    for row in responses.rows:
        place = f"row {row['kind']} / {row['condition'] or row['wording']} / {row['point_id']}"
        stored = ledger.get(row["digest"], [])
        if not stored:
            findings.problem(responses.path, f"{place}: its digest {row['digest'][:16]} is not in {path}")
            continue
        findings.checked["replies in the ledger"] += 1
        differences = min((_differences(row, entry) for entry in _that_count(stored, row["status"])), key=len)
        if differences:
            findings.problem(responses.path, f"{place}: not the reply in {path}: {', '.join(differences)}")


def check_requests(digests: set[str], ledger: dict, path: Path, findings: Findings) -> None:
    """Every request behind the digests, digested anew from the bytes that the ledger holds."""
    for key in digests & ledger.keys():
        for entry in ledger[key]:
            try:
                found = digest_of(json.loads(zlib.decompress(entry["request"])))
            except (ValueError, zlib.error, RecursionError) as error:
                found = f"unreadable ({error})"
            findings.equal(path, f"digest {key[:16]} of its request", found, key, "digests")


def digest_of(request) -> str:
    """SHA-256 of a request as JSON: keys sorted, no white space, whole numbers without a fraction."""
    text = json.dumps(_whole(request), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _whole(value):
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value == int(value) else value


def _that_count(entries, status):
    """Of one question's rows those that a result may hold: of several answers the first, of others any."""
    answered = [entry for entry in entries if entry["status"] == "answered"]
    return answered[:1] if status == "answered" and answered else entries


def _differences(row, entry):
    usage = _parsed(entry["usage"]) or {}
    expected = {name: entry[name] for name in TEXTS}
    expected |= {column: usage.get(name) for column, name in TOKENS.items()}
    expected |= {"batch": bool(usage.get("batch"))}
    found = [name for name, value in expected.items() if row[name] != value]
    if _parsed(row["logprobs"]) != (_parsed(entry["logprobs"]) or None):
        found.append("logprobs")
    return found


def _parsed(text):
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return f"unreadable: {text[:40]}"
