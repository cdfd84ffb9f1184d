"""What a run would ask, and what it would cost and take, without calling anyone.

The protocol is walked as a run walks it, by an asker that only looks into the ledger: what it counts as there
is what a run finds there. No engine is started. A follow-up whose question has no answer yet cannot be known;
it counts, as an upper bound. What a search around starts would ask is simulated: it goes on as if the answers
that are not known were those of a control respondent, whose boundary is smooth.

Tokens are estimates, and the table says from what: from the answers that the model's entry already has in the
ledger, or else from the length of the text and from round numbers.
"""

import importlib
import os
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context

import pandas as pd

from sce.asking.conversations import Interview, elicit
from sce.asking.messages import continued
from sce.asking.pacing import CHARACTERS_PER_TOKEN
from sce.asking.protocol import Protocol
from sce.engines import About, body_of, open_engine
from sce.engines.control import decide
from sce.experiments.protocols import SURVEY, protocol_of
from sce.ledger.entries import Entry, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.ledger.manifest import manifest_of
from sce.money.prices import FREE, Price, Prices, costs
from sce.statuses import REQUEST_STATUSES
from sce.study import pilot
from sce.study.parameters import kinds_with_tasks, task_options
from sce.study.study import Study
from sce.wordings import prompts

TOKENS_OUT = {"question": 20, "condition": 80}  # of a reply that is a small JSON object
REASONING_OUT = 1000  # more, where a model reasons first
POINTS_ALONE = 5000  # up to so many points, other processes would cost more time than they save
SAMPLE = 20  # points whose texts stand for those of all


@dataclass
class Measured:
    """What the answers of one entry took: tokens in per character, and by kind tokens out and seconds."""

    characters: int = 0
    tokens_in: int = 0
    out: Counter = field(default_factory=Counter)
    seconds: Counter = field(default_factory=Counter)
    answers: Counter = field(default_factory=Counter)

    def add(self, kind: str, characters: int, entry: Entry) -> None:
        if entry.usage.get("in"):
            self.characters += characters
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

    max_in_flight = 1

    def __init__(self, protocol: Protocol, engine, ledger: Ledger, retry, measured: Measured):
        self.protocol, self.engine, self.ledger = protocol, engine, ledger
        self.retry, self.measured = set(retry), measured
        self.found, self.open, self.characters = Counter(), Counter(), Counter()
        self.mains: set[int] = set()
        self.explained: dict[str, set[int]] = defaultdict(set)
        self._known: dict[str, Entry] = {}

    async def ask(self, messages: list[dict], about: About) -> Entry:
        """What a run would get. A question that is met again, by another way or wording, counts once."""
        key = digest(body_of(self.engine, messages, about))
        if key not in self._known:
            self._known[key] = self._count(key, messages, about)
        return self._known[key]

    def _count(self, key, messages, about):
        entry, size = self.ledger.get(key), _characters(messages)
        if entry is not None:
            self.found[entry.status] += 1
            if entry.status == "answered":
                self.measured.add(about.kind, size, entry)
            if entry.status not in self.retry or entry.finish_reason == "rejected":
                return entry
        self.open[about.kind] += 1
        self.characters[about.kind] += size
        point = self.protocol.dataset.locate(about.record)
        main = about.kind == "question" and about.name == self.protocol.questions[0].name
        if main and about.again <= self.protocol.samples and point is not None:
            self.mains.add(point)
        if about.kind == "condition" and about.again == 1:  # of the first sample alone more is asked
            self.explained[about.name].add(point)
        return _unasked(key)

    async def close(self) -> None:
        """Nothing was opened."""


def plan(study: Study, prices: Prices) -> pd.DataFrame:
    """One row per model and dataset. Counts of questions: ``questions`` (at most), those in the ledger by
    status, ``to_ask``; of these, ``at_most`` are asked only if answers still to come call for them.
    ``tokens_in``, ``tokens_out``, ``usd`` and ``minutes`` are estimates for ``to_ask``, with where they come
    from; ``usd_at_most`` is the price if every reply were as long as its limit. ``worth``: independent rows
    that a row of validity is worth, as the answers in the ledger have it. Null: not known."""
    datasets = _by_model(study)
    work = partial(_rows_of_model, study, prices, datasets)
    workers = min(os.cpu_count(), len(datasets))
    points = sum(study.datasets[name].size for names in datasets.values() for name in names)
    if points < POINTS_ALONE or len(datasets) == 1:
        rows = map(work, datasets)
    else:
        # Forked, so that a study, whose contract is made at run time, need not be sent to them.
        forked = get_context("fork")
        with ProcessPoolExecutor(workers, forked, _inherit, (work,)) as pool:
            rows = list(pool.map(_inherited, datasets))
    return pd.DataFrame([row for of_model in rows for row in of_model])


def _inherit(work):
    _inherited.work = work


def _inherited(model):
    return _inherited.work(model)


def _rows_of_model(study, prices, datasets, model):
    entry, measured = study.config.models[model], Measured()
    counts = {name: _count(study, model, name, measured) for name in datasets[model]}
    price = prices.of_entry(entry)
    return [_row(model, name, entry, count, measured, price) for name, count in counts.items()]


def spent(study: Study, prices: Prices) -> dict[str, float]:
    """USD that the answers in the ledger have cost, by model of the study with a price, as a budget counts
    them; entries that share a file share the sum."""
    found = {}
    for model in _by_model(study):
        entry = study.config.models[model]
        price, path = prices.of_entry(entry), _file(study, entry)
        if price is not None and price != FREE:
            found[model] = 0.0
            if _is_there(path):
                batch = getattr(entry, "mode", "live") == "batch"
                with Ledger(path, read_only=True) as ledger:
                    found[model] = sum(usd for _, usd in costs(ledger, price, batch))
    return found


@dataclass(frozen=True)
class _Count:
    """Questions at most, those in the ledger by status, those to ask by kind, of which ``at_most`` depend on
    answers not given yet; their characters, and the tokens of a reply where none is known, by kind; and what
    a row is worth, as far as the answers tell (``sce.study.pilot``)."""

    questions: int
    found: Counter
    open: Counter
    at_most: int
    characters: Counter
    tokens_out: dict[str, int]
    worth: float | None


def _count(study, model, name, measured) -> _Count:
    entry = study.config.models[model]
    protocol = protocol_asked(study, model, name)
    path = _file(study, entry)
    typical = _typical_characters(protocol)
    if _is_there(path):
        with Ledger(path, read_only=True) as ledger:
            engine = open_engine(entry, protocol.dataset)
            planner = Planner(protocol, engine, ledger, entry.retry, measured)
            walked = elicit(protocol, planner, lambda status: None)
            worth = None if protocol.survey else pilot.worth(protocol, walked)
        found, opened, characters = planner.found, planner.open, planner.characters
        mains, explained = planner.mains & set(protocol.points), planner.explained
    else:
        size = len(protocol.points)
        found, opened = Counter(), Counter(question=size * protocol.per_start) + protocol.of_their_own()
        if protocol.survey:
            opened["question"] += protocol.survey.simulated()
        characters = Counter({kind: typical[kind] * number for kind, number in opened.items()})
        mains, explained, worth = set(protocol.points), {}, None
    unknown = _unknown(protocol, mains, explained)
    known = sum(found.values()) + sum(opened.values()) - sum(found[status] for status in entry.retry)
    for kind, number in unknown.items():
        characters[kind] += typical[kind] * number
    tokens_out = TOKENS_OUT | {kind: n for step in protocol.steps for kind, n in step.tokens_out.items()}
    at_most = unknown.total()
    return _Count(known + at_most, found, opened + unknown, at_most, characters, tokens_out, worth)


def _unknown(protocol, mains, explained) -> Counter:
    """The most questions that depend on answers not given yet, by kind: those to the main question at the
    points ``mains``, and the SCEs of a condition at the points ``explained``."""
    unknown = _times(protocol.follow_an_answer(), len(mains))
    for prompt in protocol.conditions:
        waiting = mains | explained.get(prompt.name, set())
        samples = Counter(condition=protocol.samples * len(mains))
        unknown += samples + _times(protocol.follow_an_sce(prompt.name), len(waiting))
        if protocol.verify_off_grid:
            unknown["question"] += len(waiting)
        if protocol.survey:  # which asks whether the SCE is valid
            unknown["question"] += len(waiting)
    return unknown


def _times(counts, number):
    return Counter({kind: number * count for kind, count in counts.items()})


def _row(model, name, entry, count, measured, price):
    to_ask = sum(count.open.values())
    tokens_in, tokens_out, basis = _tokens(entry, count, measured)
    batch = getattr(entry, "mode", "live") == "batch"
    longest = getattr(entry, "max_tokens", 0) * to_ask
    minutes, time_from = _minutes(entry, to_ask, tokens_in + tokens_out, measured, batch)
    return {
        "model": model,
        "dataset": name,
        "questions": count.questions,
        **{status: count.found[status] for status in REQUEST_STATUSES},
        "to_ask": to_ask,
        "at_most": count.at_most,
        "tokens_in": round(tokens_in),
        "tokens_out": round(tokens_out),
        "tokens_from": basis,
        "usd": _usd(price, tokens_in, tokens_out, batch),
        "usd_at_most": _usd(price, tokens_in, longest, batch),
        "price_from": "runs here" if price == FREE else "unknown" if price is None else "prices.yaml",
        "minutes": minutes,
        "time_from": time_from,
        "worth": count.worth,
    }


def _tokens(entry, count, measured):
    """Tokens in and out of all questions to ask, and where the estimate comes from."""
    if not sum(count.open.values()):
        return 0, 0, "nothing to ask"
    if entry.engine == "control":
        return 0, 0, "takes none"
    number = measured.answers.total()
    ratio = measured.tokens_in / measured.characters if number else 1 / CHARACTERS_PER_TOKEN
    tokens_in = sum(count.characters.values()) * ratio
    tokens_out, guessed = 0, []
    for kind, questions in count.open.items():
        if measured.answers[kind]:
            each = measured.out[kind] / measured.answers[kind]
        else:
            each = count.tokens_out[kind] + (REASONING_OUT if _reasons(entry) else 0)
            guessed += [f"{each} out per {kind}"] if questions else []
        tokens_out += questions * each
    basis = f"{number:,} answers" if number else f"characters/{CHARACTERS_PER_TOKEN}"
    return tokens_in, tokens_out, ", ".join([basis, *guessed])


def _reasons(entry):
    thinking = getattr(entry, "thinking", None)
    if thinking is not None:
        return thinking.form in ("enabled", "adaptive")
    takes_no_temperature = entry.engine == "openai" and entry.temperature is None
    return takes_no_temperature or getattr(entry, "effort", None) not in (None, "none")


def _usd(price: Price | None, tokens_in, tokens_out, batch):
    if price is None:
        return None if tokens_in else 0.0
    return price.of({"in": tokens_in, "out": tokens_out, "batch": batch})


def _minutes(entry, to_ask, tokens, measured, batch):
    """The time at the entry's limits, and which of them sets it."""
    if not to_ask:
        return 0.0, "nothing to ask"
    if batch:
        return None, "batches: within a day for questions, another for follow-ups"
    times = {}
    if entry.requests_per_minute:
        times["requests_per_minute"] = to_ask / entry.requests_per_minute
    if entry.tokens_per_minute:
        times["tokens_per_minute"] = tokens / entry.tokens_per_minute
    if measured.latency_s is not None:
        name = f"max_in_flight, {measured.latency_s:.2g} s an answer"
        times[name] = to_ask * measured.latency_s / entry.max_in_flight / 60
    if not times:
        return None, "unknown: no limit set, no answer yet"
    slowest = max(times, key=times.get)
    return times[slowest], slowest


def _typical_characters(protocol) -> dict[str, float]:
    """Mean characters of a request, by kind, over a few points and the answers' two options. Of what
    continues an SCE, roughly: the conversation so far and a request."""
    interview, dataset, sizes = Interview(protocol, None), protocol.dataset, defaultdict(list)
    for point_id in range(0, dataset.size, max(1, dataset.size // SAMPLE)):
        record = dataset.record(point_id)
        asked = [interview.messages_of_question(prompt, record) for prompt in protocol.questions]
        sizes["question"] += map(_characters, asked)
        answer = dataset.options[point_id % 2]
        for prompt in protocol.conditions:
            text = prompts.follow_up(prompt, dataset, answer)
            messages = continued(asked[0], _unasked("", f'{{"answer": "{answer}"}}'), text)
            sizes["condition"].append(_characters(messages))
    for step in protocol.steps:
        for kind, lengths in step.sample(interview).items():
            sizes[kind] += lengths
    typical = {kind: sum(some) / max(1, len(some)) for kind, some in sizes.items()}
    about_an_sce = typical["question"] + typical.get("condition", 0)
    return defaultdict(lambda: about_an_sce, typical)


def protocol_asked(study: Study, model: str, name: str) -> Protocol:
    """The protocol of a model and a dataset, as a run would walk it."""
    entry, dataset = study.config.models[model], study.datasets[name]
    kinds = kinds_with_tasks(study, model, name)
    tasks = {kind.name: kind.draw_tasks(dataset, task_options(study, kind)) for kind in kinds}
    protocol = protocol_of(dataset, entry, study.protocol(model, name), study.published, tasks)
    if protocol.survey is None:
        return protocol
    return replace(protocol, survey=importlib.import_module(SURVEY).Simulated(protocol.survey, decide))


def _by_model(study):
    datasets = defaultdict(list)
    for model, name in study.pairs:
        if study.config.models[model].engine != "published":  # whose answers are there already
            datasets[model].append(name)
    return datasets


def _is_there(path) -> bool:
    """Whether a ledger file is there, or was: opening one that is lost says so."""
    return path.exists() or manifest_of(path).exists()


def _file(study, entry):
    return ledger_file(study.config.ledger, entry.engine, entry.provider_model)


def _characters(messages):
    return sum(len(str(message["content"])) for message in messages)


def _unasked(key, response=None):
    return Entry(key, "unasked", response, None, None, None, None, None, {}, 0.0, 0, 0.0)
