"""What stands in the place of a run's asker while a plan is made; what the answers that are there took."""

import importlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from sce.asking.blocks import Question
from sce.asking.protocol import Protocol
from sce.engines import body_of
from sce.engines.control import decide
from sce.experiments.protocols import SURVEY, protocol_of
from sce.ledger.entries import Entry, digest
from sce.ledger.ledger import ledger_file
from sce.ledger.of_model import LedgerOfModel, files_of
from sce.models.entries import Model
from sce.study.parameters import kinds_with_tasks, task_options
from sce.study.study import Study


@dataclass
class Measured:
    """What the answers of one entry took: tokens in per character, and by kind tokens out and seconds.
    ``free``: its engine computes them."""

    free: bool = False
    characters: int = 0
    tokens_in: int = 0
    out: Counter = field(default_factory=Counter)
    seconds: Counter = field(default_factory=Counter)
    answers: Counter = field(default_factory=Counter)

    def add(self, kind: str, messages: list[dict], entry: Entry) -> None:
        if entry.usage.get("in"):
            self.characters += characters_of(messages)
            self.tokens_in += entry.usage["in"]
            self.out[kind] += entry.usage.get("out", 0)
            self.answers[kind] += 1
        self.seconds[kind] += entry.latency_s
        self.seconds["answers"] += 1

    @property
    def latency_s(self) -> float | None:
        """Mean seconds of an answer."""
        number = self.seconds["answers"]
        return (self.seconds.total() - number) / number if number else None


class Planner:
    """Takes the place of a run's ``Asker``: looks questions up, and sends none. ``found``: questions by
    status in the ledger; ``open``: those a run would ask, by kind; ``characters``: of their text, by kind.
    ``mains``: the points whose main question is among them, ``explained``: condition -> the points whose SCE
    is."""

    def __init__(self, protocol: Protocol, engine, ledger: LedgerOfModel, retry, measured: Measured):
        self.protocol, self.engine, self.ledger = protocol, engine, ledger
        self.retry, self.measured = set(retry), measured
        self.found, self.open, self.characters = Counter(), Counter(), Counter()
        self.mains: set[int] = set()
        self.explained: dict[str, set[int]] = defaultdict(set)
        self._known: dict[str, Entry] = {}

    async def look_up(self, questions: list[Question]) -> list[Entry]:
        """What a run would get. A question that is met again, by another way or wording, counts once."""
        keys = [digest(body_of(self.engine, messages, about)) for messages, about in questions]
        # Not set(keys) - self._known.keys(), which runs through all that is known.
        entries = self.ledger.get_all({key for key in keys if key not in self._known})
        for key, (messages, about) in zip(keys, questions, strict=True):
            if key not in self._known:
                self._known[key] = self._count(key, entries.get(key), messages, about)
        return [self._known[key] for key in keys]

    def _count(self, key, entry, messages, about):
        if entry is not None:
            self.found[entry.status] += 1
            if entry.status == "answered":
                self.measured.add(about.kind, messages, entry)
            if entry.status not in self.retry or entry.finish_reason == "rejected":
                return entry
        self.open[about.kind] += 1
        self.characters[about.kind] += characters_of(messages)
        point = self.protocol.dataset.locate(about.record)
        main = about.kind == "question" and about.name == self.protocol.questions[0].name
        if main and about.again <= self.protocol.samples and point is not None:
            self.mains.add(point)
        if about.kind == "condition" and about.again == 1:  # of the first sample alone more is asked
            self.explained[about.name].add(point)
        return unasked(key)

    async def close(self) -> None:
        """Nothing was opened."""


def characters_of(messages: list[dict]) -> int:
    return sum(len(str(message["content"])) for message in messages)


def unasked(key: str, response: str | None = None) -> Entry:
    """What is known of a question that was not asked."""
    return Entry(key, "unasked", response, None, None, None, None, None, {}, 0.0, 0, 0.0)


@dataclass(frozen=True)
class Count:
    """Questions at most, those in the ledger by status, those to ask by kind, of which ``at_most`` depend on
    answers not given yet; their characters, and the tokens of a reply where none is known, by kind; and what
    a row is worth, as far as the answers tell (``sce.study.pilot``)."""

    questions: int
    found: Counter
    open: Counter
    at_most: int
    characters: Counter
    tokens_out: dict[str, int]
    worth: float | None = None

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.questions + other.questions,
            self.found + other.found,
            self.open + other.open,
            self.at_most + other.at_most,
            self.characters + other.characters,
            self.tokens_out | other.tokens_out,
            self.worth,
        )


def protocol_asked(study: Study, model: str, name: str) -> Protocol:
    """The protocol of a model and a dataset, as a run would walk it."""
    entry, dataset = study.config.models[model], study.datasets[name]
    kinds = kinds_with_tasks(study, model, name)
    tasks = {kind.name: kind.draw_tasks(dataset, task_options(study, kind)) for kind in kinds}
    protocol = protocol_of(dataset, entry, study.protocol(model, name), study.published, tasks)
    if protocol.survey is None:
        return protocol
    return replace(protocol, survey=importlib.import_module(SURVEY).Simulated(protocol.survey, decide))


def is_there(path) -> bool:
    """Whether a model's ledger is there, or was: opening what is lost says so."""
    return bool(files_of(path))


def file_of(study: Study, entry: Model) -> Path:
    """The file of the ledger that holds the replies of a model's entry; those of its shards lie beside it."""
    return ledger_file(study.config.ledger, entry.engine, entry.provider_model)
