"""What a run would ask, and what it would cost and take, without calling anyone.

The protocol is walked as a run walks it, by an asker that only looks into the ledger: what it counts as there
is what a run finds there. No engine is started. A follow-up whose question has no answer yet cannot be known;
it counts, as an upper bound. What a search around starts would ask is simulated: it goes on as if the answers
that are not known were those of a control respondent, whose boundary is smooth.

Tokens are estimates, and the table says from what: from the answers that the model's entry already has in the
ledger, or else from the length of the text and from round numbers.
"""

import operator
import os
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial, reduce
from multiprocessing import get_context

import pandas as pd

from sce.asking.blocks import without_gc
from sce.asking.conversations import Interview, walk
from sce.asking.messages import continued
from sce.asking.pacing import CHARACTERS_PER_TOKEN
from sce.asking.protocol import typical_points
from sce.engines import open_engine
from sce.ledger.of_model import LedgerOfModel
from sce.models.entries import AUTO
from sce.models.shards import in_flight
from sce.money.prices import FREE, Price, Prices, costs
from sce.statuses import REQUEST_STATUSES
from sce.study import pilot
from sce.study.inquiries import inquiries
from sce.study.plan_about import Answers, answers_so_far, count_about, nothing_yet
from sce.study.planner import (
    Count,
    Measured,
    Planner,
    characters_of,
    file_of,
    is_there,
    protocol_asked,
    unasked,
)
from sce.study.study import Study
from sce.wordings import prompts

TOKENS_OUT = {"question": 20, "condition": 80}  # of a reply that is a small JSON object
REASONING_OUT = 1000  # more, where a model reasons first
POINTS_ALONE = 5000  # up to so many points, other processes would cost more time than they save


def plan(study: Study, prices: Prices) -> pd.DataFrame:
    """One row per model and dataset. Counts of questions: ``questions`` (at most), those in the ledger by
    status, ``to_ask``; of these, ``at_most`` are asked only if answers still to come call for them.
    ``tokens_in``, ``tokens_out``, ``usd`` and ``minutes`` are estimates for ``to_ask``, with where they come
    from; ``usd_at_most`` is the price if every reply were as long as its limit. ``worth``: independent rows
    that a row of validity is worth, as the answers in the ledger have it. Null: not known."""
    datasets = _by_model(study)
    points = sum(study.datasets[name].size for names in datasets.values() for name in names)
    with without_gc(), _each_model(study, len(datasets) if points >= POINTS_ALONE else 1) as each:
        sizes = {model: _rough_size(study, model) for model in datasets}
        longest_first = sorted(datasets, key=sizes.get, reverse=True)  # so that none is left alone at the end
        tasks = [(model, datasets[model][0]) for model in longest_first]
        own = dict(zip(longest_first, each(_count_own, tasks), strict=True))
        answers = {author: so_far for _, _, of_model in own.values() for author, so_far in of_model.items()}
        about = {model: authors for model, authors in _authors(study).items() if model in datasets}
        tasks = [
            (model, own[model][0], {author: answers.get(author) for author in authors})
            for model, authors in about.items()
        ]
        others = dict(zip(about, each(_count_others, tasks), strict=True))
    rows = []
    for model, names in datasets.items():
        measured, counts, _ = own[model]
        if model in others:
            measured, of_others = others[model]
            counts = {name: _sum(counts.get(name), of_others.get(name)) for name in names}
        entry = study.config.models[model]
        price = prices.of_entry(entry)
        rows += [_row(model, name, entry, counts[name], measured, price) for name in names]
    return pd.DataFrame(rows)


@contextmanager
def _each_model(study, workers):
    """A function like ``starmap`` that calls with the study first, in other processes where there are more
    ``workers`` than one: forked, so that a study, whose contract is made at run time, need not be sent."""
    workers = min(os.cpu_count(), workers)
    if workers == 1:
        yield lambda function, tasks: [function(study, *task) for task in tasks]
        return
    with ProcessPoolExecutor(workers, get_context("fork"), _inherit, (study,)) as pool:
        yield lambda function, tasks: list(pool.map(partial(_inherited, function), tasks))


def _inherit(study):
    _inherited.study = study


def _inherited(function, task):
    return function(_inherited.study, *task)


def _rough_size(study, model):
    """About how many questions a model is asked of itself."""
    names = [name for author, name in study.pairs if author == model]
    wordings = {name: len(study.questions(model, name) + study.conditions(model, name)) for name in names}
    return sum(study.datasets[name].size * number for name, number in wordings.items())


def _count_own(study, model, dataset):
    """What a model is asked about its datasets, one of which is ``dataset``: what its answers took, dataset
    -> Count, and (model, dataset) -> the answers that others are asked about."""
    asked_about = {(author, name) for author, name, _ in inquiries(study)}
    engine = open_engine(study.config.models[model], study.datasets[dataset])
    measured, counts, answers = Measured(engine.free), {}, {}
    for _, name in [pair for pair in study.pairs if pair[0] == model]:
        counts[name], so_far = _count(study, model, name, measured, (model, name) in asked_about)
        if so_far is not None:
            answers[model, name] = so_far
    return measured, counts, answers


def _count_others(study, model, measured, answers):
    """The same of what it is asked about others, from their ``answers``, by (model, dataset); those in
    published files are not known here."""
    by_dataset = defaultdict(dict)
    for (author, name), so_far in answers.items():
        by_dataset[name][author] = so_far or nothing_yet(protocol_asked(study, author, name))
    counts = {name: count_about(study, model, name, given, measured) for name, given in by_dataset.items()}
    return measured, counts


def _authors(study):
    """Explainer -> every (model, dataset) that it is asked about."""
    found = defaultdict(list)
    for author, name, explainer in inquiries(study):
        found[explainer].append((author, name))
    return found


def _sum(*counts):
    return reduce(operator.add, filter(None, counts))


def spent(study: Study, prices: Prices) -> dict[str, float]:
    """USD that the answers in the ledger have cost, by model of the study with a price, as a budget counts
    them; entries that share a file share the sum."""
    found = {}
    for model in _by_model(study):
        entry = study.config.models[model]
        price, path = prices.of_entry(entry), file_of(study, entry)
        if price is not None and price != FREE:
            found[model] = 0.0
            if is_there(path):
                batch = getattr(entry, "mode", "live") == "batch"
                with LedgerOfModel(path, read_only=True) as ledger:
                    found[model] = sum(usd for file in ledger.files for _, usd in costs(file, price, batch))
    return found


def _count(study, model, name, measured, asked_about) -> tuple[Count, Answers | None]:
    """What a model is asked about a dataset; and its answers, if other models are asked about them."""
    entry = study.config.models[model]
    protocol = protocol_asked(study, model, name)
    path = file_of(study, entry)
    typical = _typical_characters(protocol)
    if is_there(path):
        with LedgerOfModel(path, read_only=True) as ledger:
            engine = open_engine(entry, protocol.dataset)
            planner = Planner(protocol, engine, ledger, entry.retry, measured)
            rows = walk(protocol, planner)
        worth = None if protocol.survey else pilot.worth(protocol, rows)
        answers = answers_so_far(study, model, name, protocol, rows, planner) if asked_about else None
        found, opened, characters = planner.found, planner.open, planner.characters
        mains, explained = planner.mains & set(protocol.points), planner.explained
    else:
        size = len(protocol.points)
        found, opened = Counter(), Counter(question=size * protocol.per_start) + protocol.of_their_own()
        if protocol.survey:
            opened["question"] += protocol.survey.simulated()
        characters = Counter({kind: typical[kind] * number for kind, number in opened.items()})
        mains, explained, worth = set(protocol.points), {}, None
        answers = nothing_yet(protocol) if asked_about else None
    unknown = _unknown(protocol, mains, explained)
    known = sum(found.values()) + sum(opened.values()) - sum(found[status] for status in entry.retry)
    for kind, number in unknown.items():
        characters[kind] += typical[kind] * number
    tokens_out = TOKENS_OUT | {kind: n for step in protocol.steps for kind, n in step.tokens_out.items()}
    at_most = unknown.total()
    return Count(known + at_most, found, opened + unknown, at_most, characters, tokens_out, worth), answers


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
    if measured.free:
        return 0, 0, "takes none"
    number = measured.answers.total()
    ratio = measured.tokens_in / measured.characters if number else 1 / CHARACTERS_PER_TOKEN
    tokens_in = sum(count.characters.values()) * ratio
    tokens_out, guessed = 0, []
    for kind, questions in count.open.items():
        if measured.answers[kind]:
            each = measured.out[kind] / measured.answers[kind]
        else:
            each = count.tokens_out[kind] + (REASONING_OUT if entry.reasons else 0)
            guessed += [f"{each} out per {kind}"] if questions else []
        tokens_out += questions * each
    basis = f"{number:,} answers" if number else f"characters/{CHARACTERS_PER_TOKEN}"
    return tokens_in, tokens_out, ", ".join([basis, *guessed])


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
    if measured.latency_s is not None and entry.max_in_flight != AUTO:
        name = f"max_in_flight, {measured.latency_s:.2g} s an answer"
        times[name] = to_ask * measured.latency_s / in_flight(entry) / 60
    if not times:
        missing = "max_in_flight is auto" if entry.max_in_flight == AUTO else "no answer yet"
        return None, f"unknown: no limit set, {missing}"
    slowest = max(times, key=times.get)
    return times[slowest], slowest


def _typical_characters(protocol) -> dict[str, float]:
    """Mean characters of a request, by kind, over a few points and the answers' two options. Of what
    continues an SCE, roughly: the conversation so far and a request."""
    interview, dataset, sizes = Interview(protocol, None), protocol.dataset, defaultdict(list)
    for point_id in typical_points(dataset):
        record = dataset.record(point_id)
        asked = [interview.messages_of_question(prompt, record) for prompt in protocol.questions]
        sizes["question"] += map(characters_of, asked)
        answer = dataset.options[point_id % 2]
        for prompt in protocol.conditions:
            text = prompts.follow_up(prompt, dataset, answer)
            messages = continued(asked[0], unasked("", f'{{"answer": "{answer}"}}'), text)
            sizes["condition"].append(characters_of(messages))
    for step in protocol.steps:
        for kind, lengths in step.sample(interview).items():
            sizes[kind] += lengths
    typical = {kind: sum(some) / max(1, len(some)) for kind, some in sizes.items()}
    about_an_sce = typical["question"] + typical.get("condition", 0)
    return defaultdict(lambda: about_an_sce, typical)


def _by_model(study):
    datasets = defaultdict(list)
    about_others = [(explainer, name) for _, name, explainer in inquiries(study)]
    for model, name in dict.fromkeys([*study.pairs, *about_others]):
        if study.config.models[model].is_asked:
            datasets[model].append(name)
    return datasets
