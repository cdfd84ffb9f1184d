"""Rounds of asking. A run that leaves questions open (failures that a later run should ask again) starts the
next round: the round is a parameter of the job, so the next run starts the job again by itself.

It is kept beside the ledger, and not in the results, which may lie with a storage provider, out of reach
while the graph is built.
"""

import hashlib
import json
import os
from pathlib import Path

from sce.errors import InputError

FOLDER = "rounds"


def next_round(ledger, asked: str) -> int:
    """The round in which a job asks: the next one where the last left questions open, else the last, 0 at
    first. ``asked``: all that the job asks, as one string."""
    path = _file(ledger, asked)
    if not path.exists():
        return 0
    try:
        last = json.loads(path.read_text(encoding="utf-8"))
        return last["round"] + (last["open"] > 0)
    except (ValueError, KeyError, TypeError) as error:
        allowed = "a record of rounds; delete the file, and the job runs once more without asking anew"
        raise InputError(path, "content", str(error), allowed) from None


def record_round(ledger, asked: str, number: int, left_open: int) -> None:
    """Keep how a round ended. A first round that left nothing open needs no record."""
    if not number and not left_open:
        return
    path = _file(ledger, asked)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps({"round": number, "open": left_open}), encoding="utf-8")
    partial.replace(path)


def _file(ledger, asked) -> Path:
    return Path(ledger) / FOLDER / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.json"
