"""Looking after the ledger's files: what they hold, which batches are open, and what may go."""

import re
from dataclasses import replace
from pathlib import Path

from sce.errors import InputError
from sce.ledger.damage import damaged_rows
from sce.ledger.entries import OPEN_STATES, Batch
from sce.ledger.ledger import Ledger, ledger_files
from sce.ledger.rows import BEST
from sce.statuses import REQUEST_STATUSES

# A count of tokens in a usage; of one that is none (in rows of version 1) nothing.
TOKENS = "CASE WHEN json_valid(usage) THEN ifnull(json_extract(usage, '$.{0}'), 0) ELSE 0 END"


def overview(folder) -> list[dict]:
    """One record per file: questions by status, rows that no longer count, size, first and last time,
    tokens, and batches that are still open."""
    return [_overview_of(path) for path in ledger_files(folder)]


def _overview_of(path):
    with Ledger(path, read_only=True) as ledger:
        ((rows, first, last, tokens_in, tokens_out),) = ledger.query(
            "SELECT count(*), min(asked_at), max(asked_at), "
            f"sum({TOKENS.format('in')}), sum({TOKENS.format('out')}) FROM responses"
        )
        counts = dict(ledger.query(f"SELECT status, count(*) FROM ({BEST}) WHERE rank = 1 GROUP BY status"))
        waiting = sum(
            not ledger.has_since(key, batch.submitted_at)
            for batch in ledger.batches(*OPEN_STATES)
            for key in batch.requests
        )
    questions = sum(counts.values())
    return {
        "file": path.name,
        "questions": questions,
        **{status: counts.get(status, 0) for status in REQUEST_STATUSES},
        "superseded": rows - questions,
        "in_batches": waiting,
        "tokens_in": tokens_in or 0,
        "tokens_out": tokens_out or 0,
        "bytes": path.stat().st_size,
        "first": first,
        "last": last,
    }


def find(folder, beginning: str) -> list[tuple[Path, str]]:
    """(file, digest) of every question whose digest begins with a text in hex."""
    if not re.fullmatch(r"[0-9a-fA-F]{4,64}", beginning):
        raise InputError("ledger show", "DIGEST", beginning, "4 to 64 hexadecimal digits")
    found = []
    for path in ledger_files(folder):
        with Ledger(path, read_only=True) as ledger:
            found += [(path, key) for key in ledger.digests(beginning)]
    return found


def open_batches(folder) -> list[tuple[Path, Batch]]:
    """(file, batch) of every batch whose answers are still to be read."""
    found = []
    for path in ledger_files(folder):
        with Ledger(path, read_only=True) as ledger:
            found += [(path, batch) for batch in ledger.batches(*OPEN_STATES)]
    return found


def forget(folder, key: str) -> None:
    """Forget a batch: a later run asks its questions again, and they are paid for again."""
    for path, batch in open_batches(folder):
        if batch.key == key:
            with Ledger(path) as ledger:
                ledger.require_room()
                ledger.record(replace(batch, state="lost"))
            return
    raise InputError(folder, "batch", key, "the key of an open batch: python -m sce ledger batches")


def prune(folder, results=None, really: bool = False) -> dict[str, int]:
    """Delete rows that no longer count; with ``results`` (folders), also the questions that no
    ``responses.parquet`` under them used. Number of rows by file; only counted unless ``really``. Raises
    InputError for a damaged file: in one, which rows count is not sure."""
    used = _used(results) if results else None
    return {path.name: _prune(path, used, really) for path in ledger_files(folder)}


def _prune(path, used, really):
    with Ledger(path, read_only=not really) as ledger:
        ledger.require_sound()
        for number, reason in damaged_rows(ledger):
            raise ledger.damage(number, reason)
        doomed = [
            number
            for number, key, rank in ledger.query(f"SELECT id, digest, rank FROM ({BEST})")
            if rank > 1 or (used is not None and key.hex() not in used)
        ]
        if really and doomed:
            ledger.require_room()
            ledger.delete(doomed)
    return len(doomed)


def _used(results):
    files = [file for folder in results for file in Path(folder).rglob("responses.parquet")]
    if not files:
        raise InputError(
            ", ".join(map(str, results)), "responses.parquet", "none", "folders that hold the results to keep"
        )
    return {key for file in files for key in _digests(file)}


def _digests(responses):
    """The digests in an artifact. Where it is damaged, nothing may be pruned: that is an InputError."""
    import pyarrow.parquet as pq

    from sce.files.artifacts import mending

    with mending(responses):
        return pq.read_table(responses, columns=["digest"])["digest"].to_pylist()
