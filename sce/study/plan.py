"""``python -m sce plan``: what a run would ask, and what it would cost and take, without calling anyone.

The protocol is walked as a run walks it, by an asker that only looks into the ledger: what it counts as there
is what a run finds there. No engine is started. A follow-up whose question has no answer yet cannot be known;
it counts, as an upper bound.

Tokens are estimates, and the table says from what: from the answers that the model's entry already has in the
ledger, or else from the length of the text and from round numbers.
"""

import os
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from sce.asking.conversations import (
    Protocol,
    elicit,
    messages_of_follow_up,
    messages_of_question,
    protocol_of,
    tasks_in,
)
from sce.engines import About, open_engine
from sce.experiments.choices import draw
from sce.ledger.entries import Entry, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money.prices import FREE, Price, Prices, costs, load_prices
from sce.study.config import Study
from sce.wordings import prompts

CHARACTERS_PER_TOKEN = 4
DEFAULT_OUT = {  # tokens of a reply that is a small JSON object, or a few of them
    "question": 20,
    "condition": 80,
    "choice": 20,
    "self_prediction": 20,
    "feedback": 80,
    "several": 400,
}
REASONING_OUT = 1000  # more, where a model reasons first
POINTS_ALONE = 5000  # up to so many points, other processes would cost more time than they save
SAMPLE = 20  # points whose texts stand for those of all
DEFAULT_CONFIG = "config/config.yaml"
STATUSES = ("answered", "refused", "truncated", "failed")


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
    """Stands where a run has its asker. ``found``: questions by status in the ledger; ``open``: those a run
    would ask, by kind; ``characters``: of their text, by kind; ``main_open``: points whose main question is
    among them."""

    max_in_flight = 1

    def __init__(self, protocol: Protocol, engine, ledger: Ledger, retry, measured: Measured):
        self.protocol, self.engine, self.ledger = protocol, engine, ledger
        self.retry, self.measured = set(retry), measured
        self.found, self.open, self.characters = Counter(), Counter(), Counter()
        self.main_open = 0
        self._new: set[str] = set()

    async def ask(self, messages: list[dict], about: About) -> Entry:
        key = digest(self.engine.body(messages, about))
        entry = self.ledger.get(key)
        size = _characters(messages)
        if entry is not None:
            self.found[entry.status] += 1
            if entry.status == "answered":
                self.measured.add(about.kind, size, entry)
            if entry.status not in self.retry or entry.finish_reason == "rejected":
                return entry
        if key not in self._new:  # two wordings may come to the same text
            self._new.add(key)
            self.open[about.kind] += 1
            self.characters[about.kind] += size
        if about.kind == "question" and about.name == self.protocol.questions[0].name:
            self.main_open += self.protocol.dataset.locate(about.record) is not None
        return _unasked(key)

    async def close(self) -> None:
        """Nothing was opened."""


def plan(study: Study, prices: Prices) -> pd.DataFrame:
    """One row per model and dataset. Counts of questions: ``questions`` (at most), those in the ledger by
    status, ``to_ask``, of which ``at_most`` hang on answers not given yet. ``tokens_in``, ``tokens_out``,
    ``usd`` and ``minutes`` are estimates for ``to_ask``, with where they come from; ``usd_at_most`` is the
    price if every reply were as long as its limit. Null: not known."""
    datasets = _by_model(study)
    work = partial(_rows_of_model, study, prices, datasets)
    points = sum(study.dataset(name).size for names in datasets.values() for name in names)
    if points < POINTS_ALONE or len(datasets) == 1:
        rows = map(work, datasets)
    else:
        with ProcessPoolExecutor(min(os.cpu_count(), len(datasets))) as pool:
            rows = list(pool.map(work, datasets))
    return pd.DataFrame([row for of_model in rows for row in of_model])


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
            if path.exists():
                batch = getattr(entry, "mode", "live") == "batch"
                with Ledger(path, read_only=True) as ledger:
                    found[model] = sum(usd for _, usd in costs(ledger, price, batch))
    return found


@dataclass(frozen=True)
class _Count:
    questions: int
    found: Counter
    open: Counter
    at_most: int
    characters: Counter


def _count(study, model, name, measured) -> _Count:
    entry = study.config.models[model]
    protocol = _protocol(study, model, name)
    size = protocol.dataset.size
    path = _file(study, entry)
    if path.exists():
        with Ledger(path, read_only=True) as ledger:
            engine = open_engine(entry, protocol.dataset)
            planner = Planner(protocol, engine, ledger, entry.retry, measured)
            elicit(protocol, planner, lambda status: None)
        found, opened, characters = planner.found, planner.open, planner.characters
        main_open = planner.main_open
    else:
        found, opened, characters = Counter(), Counter(question=size * len(protocol.questions)), Counter()
        opened["choice"] = len(protocol.tasks) * len(protocol.choices)
        main_open = size
    typical = _typical_characters(protocol)
    if not path.exists():
        for kind in ("question", "choice"):
            characters[kind] = typical[kind] * opened[kind]
    follow_ups = main_open * len(protocol.conditions)
    verifications = follow_ups + opened["condition"] if protocol.verify_off_grid else 0
    known = sum(found.values()) + sum(opened.values()) - _asked_again(found, entry)
    # What hangs on an SCE waits for its question, or for its condition.
    waiting = min(size, main_open + opened["condition"])
    further = Counter({kind: number * waiting for kind, number in protocol.at_most_further.items()})
    unknown = Counter(condition=follow_ups, question=verifications) + further
    for kind, number in unknown.items():
        characters[kind] += typical[kind] * number
    at_most = unknown.total()
    return _Count(known + at_most, found, opened + unknown, at_most, characters)


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
        **{status: count.found[status] for status in STATUSES},
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
            each = DEFAULT_OUT[kind] + (REASONING_OUT if _reasons(entry) else 0)
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
    """Mean characters of a question and of a follow-up, over a few points and the answers' two options."""
    dataset, sizes = protocol.dataset, defaultdict(list)
    for point_id in range(0, dataset.size, max(1, dataset.size // SAMPLE)):
        description = dataset.describe(dataset.record(point_id))
        for prompt in protocol.questions:
            sizes["question"].append(_characters(messages_of_question(protocol, prompt, description)))
        main = messages_of_question(protocol, protocol.questions[0], description)
        answer = dataset.options[point_id % 2]
        for prompt in protocol.conditions:
            text = prompts.follow_up(prompt, dataset, answer)
            messages = messages_of_follow_up(main, _unasked("", f'{{"answer": "{answer}"}}'), text)
            sizes["condition"].append(_characters(messages))
    for task in protocol.tasks[:SAMPLE]:
        for prompt in protocol.choices:
            sizes["choice"].append(len(prompts.choose(prompt, dataset, task.start, task.candidates)))
    typical = {kind: sum(sizes[kind]) / max(1, len(sizes[kind])) for kind in DEFAULT_OUT}
    about_an_sce = (
        typical["question"] + typical["condition"]
    )  # roughly: the conversation so far and a request
    return typical | dict.fromkeys(("self_prediction", "feedback", "several"), about_an_sce)


def _protocol(study, model, name) -> Protocol:
    entry = study.config.models[model]
    dataset, asked = study.dataset(name), study.asked(model, name)
    tasks = tasks_in(draw(dataset, **study.config.choosing.model_dump())) if "choices" in asked else []
    return protocol_of(dataset, entry, asked, study.published, tasks)


def _by_model(study):
    datasets = defaultdict(list)
    for model, name in study.pairs:
        if study.config.models[model].engine != "published":  # whose answers are there already
            datasets[model].append(name)
    return datasets


def _file(study, entry):
    return ledger_file(study.config.ledger, entry.engine, entry.provider_model)


def _asked_again(found, entry):
    return sum(found[status] for status in entry.retry)


def _characters(messages):
    return sum(len(str(message["content"])) for message in messages)


def _unasked(key, response=None):
    return Entry(key, "unasked", response, None, None, None, None, None, {}, 0.0, 0, 0.0)


# --- The command


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce plan``."""
    parser.add_argument("--configfile", default=DEFAULT_CONFIG, help="the study (%(default)s)")
    parser.add_argument("--prices", default=None, help="another file than config/prices.yaml")
    parser.add_argument("--csv", metavar="FILE", help="write the whole table, with every column, to a file")


def run(options) -> int:
    """Print the plan; 0."""
    from sce.files.contracts import read_yaml
    from sce.study import config

    study = config.load(read_yaml(options.configfile), options.configfile)
    prices = load_prices(options.prices) if options.prices else load_prices()
    table = plan(study, prices)
    if options.csv:
        table.to_csv(options.csv, index=False)
    print(report(study, prices, table))
    return 0


def report(study: Study, prices: Prices, table: pd.DataFrame) -> str:
    """The plan and what it alone does not say, for people."""
    if table.empty:
        return "Nothing to plan: every answer of this study is in published result files."
    return "\n".join([written(table), *remarks(study, prices, table)])


def written(table: pd.DataFrame) -> str:
    """The plan for people: one line per model and dataset, and the totals."""
    head = ["model", "dataset", "questions", *STATUSES, "to ask", "tokens in", "tokens out", "USD", "at most",
            "time", "tokens from"]  # fmt: skip
    lines = [head]
    for row in table.itertuples(index=False):
        counts = [f"{number:,}" for number in (row.questions, *(getattr(row, s) for s in STATUSES))]
        to_ask = f"{'<= ' if row.at_most else ''}{row.to_ask:,}"
        money = [_money(row.usd), _money(row.usd_at_most)]
        tokens = [_short(row.tokens_in), _short(row.tokens_out)]
        lines.append(
            [row.model, row.dataset, *counts, to_ask, *tokens, *money, _time(row.minutes), row.tokens_from]
        )
    if len(table) > 1:
        sums = table.sum(numeric_only=True)
        counts = [f"{int(sums[name]):,}" for name in ("questions", *STATUSES)]
        to_ask = f"{'<= ' if sums['at_most'] else ''}{int(sums['to_ask']):,}"
        tokens = [_short(sums["tokens_in"]), _short(sums["tokens_out"])]
        money = [_money(sums["usd"]), _money(sums["usd_at_most"])]
        lines.append(["total", "", *counts, to_ask, *tokens, *money, "", ""])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = {0, 1, len(head) - 1}
    padded = []
    for line in lines:
        cells = enumerate(zip(line, widths, strict=True))
        padded.append("  ".join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in cells).rstrip())
    return "\n".join(padded)


def remarks(study: Study, prices: Prices, table: pd.DataFrame) -> list[str]:
    """What the table alone does not say: models without a price, and budgets."""
    lines = []
    unknown = sorted(set(table.loc[table["usd"].isna(), "model"]))
    if unknown:
        lines.append(
            f"No price known for {', '.join(unknown)}: the totals leave them out (config/prices.yaml)."
        )
    paid = spent(study, prices)
    for model, usd in paid.items():
        rows = table[table["model"] == model]
        line = f"{model}: {usd:.2f} USD spent so far"
        budget = getattr(study.config.models[model], "budget_usd", None)
        if budget is not None:
            needed = rows["usd"].sum()
            enough = "enough" if usd + needed <= budget else "NOT ENOUGH: the run will stop on the way"
            line += f"; budget_usd {budget:g}, {needed:.2f} more expected: {enough}"
        if usd or budget is not None:
            lines.append(f"{line}.")
    return lines


def _money(usd):
    return "unknown" if pd.isna(usd) else f"{usd:,.2f}"


def _short(number):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{int(number)}"


def _time(minutes):
    if pd.isna(minutes):
        return "unknown"
    if minutes >= 90:
        return f"{minutes / 60:.1f} h"
    return f"{minutes:.0f} min" if minutes >= 1 or not minutes else "< 1 min"
