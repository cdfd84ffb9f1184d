"""One model asked about one dataset by several jobs at once (``shards`` of its entry): which of them asks
what, and how much of the entry's limits is its own."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sce.models.entries import AUTO, Model
from sce.models.remote import Hosted

NAME = r"[1-9][0-9]*-of-[1-9][0-9]*"
Part = TypeVar("Part", bound=Sequence)


@dataclass(frozen=True)
class Shard:
    """The job ``number`` (from 1) of ``of`` jobs, between which the work is divided."""

    number: int
    of: int

    def __str__(self):
        return f"{self.number}-of-{self.of}"

    @classmethod
    def named(cls, name: str) -> "Shard":
        """The shard whose name this is: ``2-of-4``. Raises ValueError for any other text."""
        if not re.fullmatch(NAME, name):
            raise ValueError(f"{name}: not the name of a shard, as 2-of-4")
        return cls(*map(int, name.split("-of-")))

    def part(self, items: Part) -> Part:
        """Its items: those of all shards, one after the other, are ``items``, and no shard has more than one
        item more than another."""
        return items[(self.number - 1) * len(items) // self.of : self.number * len(items) // self.of]


def shards(number: int) -> list[Shard]:
    """All shards of so many."""
    return [Shard(k, number) for k in range(1, number + 1)]


def allowed(model: Model) -> str | None:
    """How many shards a model's entry may have, where it has too many; else None."""
    if not isinstance(model, Hosted) or model.shards == 1:
        return None
    if model.mode == "batch":
        return "1 with mode: batch, as a batch holds all that can be asked"
    if model.max_in_flight != AUTO and model.shards > model.max_in_flight:
        return f"at most max_in_flight, which they share: {model.max_in_flight}"
    return None


def in_flight(model: Model) -> int:
    """How many questions all jobs that ask a model about one dataset have under way, where the entry says."""
    return model.max_in_flight * (1 if isinstance(model, Hosted) else model.shards)


def share(model: Model, shard: Shard) -> Model:
    """The entry as one shard keeps to it, so that all together keep to the entry: an even part of every limit
    per minute, and of the requests under way where all ask one provider. (Elsewhere each has an engine of its
    own to keep busy.)"""
    limits = {
        name: limit / shard.of
        for name in ("requests_per_minute", "tokens_per_minute")
        if (limit := getattr(model, name)) is not None
    }
    if isinstance(model, Hosted) and model.max_in_flight != AUTO:
        limits["max_in_flight"] = len(shard.part(range(model.max_in_flight)))
    return model.model_copy(update=limits)


def forget_notes(folder: Path, inputs: Iterable[str]) -> None:
    """Remove the notes of shards in a folder that are not among a job's ``inputs``. They are left where a run
    with another number of shards was stopped before these were read together; a later run with that number
    would take them for its own, and not ask."""
    for note in folder.glob("*.txt"):
        if str(note) not in inputs:
            note.unlink(missing_ok=True)
    with suppress(OSError):  # not there, or with notes that are inputs
        folder.rmdir()
