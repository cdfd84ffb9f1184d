"""Operationalising distance: can a model see which of a few instances is nearest to a start? The tasks, and
how well they were solved."""

import json
import re
from collections import Counter

import numpy as np
import pandas as pd
from pydantic import Field

from sce.asking.messages import object_schema
from sce.asking.protocol import Asked, Step
from sce.engines import About
from sce.errors import InputError
from sce.experiments.kind import Kind
from sce.files.artifacts import INT, TEXT
from sce.files.contracts import Contract
from sce.files.values import Seed
from sce.grids.datasets import Dataset
from sce.measuring import metrics, outcomes
from sce.reading.replies import after_reasoning
from sce.wordings import prompts
from sce.wordings.names import Wordings
from sce.wordings.prompts import LETTERS

prompts.add_prompt_kind("choice", {"start", "candidates"})

DRAWN_BY = "gower"  # the distance under which the tasks have one nearest candidate
STUDIED = 4  # candidates of the study
NAMED = re.compile(r'"?\banswer\b"?(?:\s+is)?\s*[:=]?\s*[\[("*`\s]*([A-Z])\b', re.IGNORECASE)
ALONE = re.compile(r'[\s\[({"*`]*([A-Za-z])[\s\])}"*`.:]*')


class Choosing(Contract):
    """The tasks of choosing the nearest: up to so many starts, each with so many ``candidates``, drawn with
    ``seed``; starts with two nearest candidates are left out."""

    tasks: int = Field(1000, ge=1, le=1_000_000)
    candidates: int = Field(STUDIED, ge=2, le=26)
    seed: Seed = 42


class Choose(Step):
    """Every wording poses every task, in a conversation of its own. ``tasks``: what ``Choices.draw_tasks``
    made."""

    tokens_out = {"choice": 20}

    def __init__(self, wordings, tasks):
        self.prompts = wordings
        self.wordings = [prompt.name for prompt in wordings]
        candidates = map(json.loads, tasks["candidates"])
        self.tasks = list(zip(map(int, tasks["point_id"]), candidates, strict=True))

    def conversations(self, interview):
        return [self._pose(interview, *task) for task in self.tasks]

    async def _pose(self, interview, start, candidates):
        dataset = interview.dataset
        records = [dataset.record(point) for point in candidates]
        letters = list(LETTERS[: len(candidates)])
        schema = interview.schema(lambda _: object_schema({"answer": {"enum": letters}}))
        for prompt in self.prompts:
            messages = interview.fresh(prompts.choose(prompt, dataset, start, candidates))
            about = About(
                "choice", prompt.name, dataset.record(start), schema=schema, more={"candidates": records},
                control=_by_control,
            )  # fmt: skip
            yield Asked("choice", prompt.name, None, start, await interview.ask(messages, about))

    def of_their_own(self):
        return Counter(choice=len(self.tasks) * len(self.prompts))

    def sample(self, interview):
        texts = [
            prompts.choose(prompt, interview.dataset, *task)
            for task in self.tasks[:20]
            for prompt in self.prompts
        ]
        return {"choice": list(map(len, texts))}


def _by_control(respondent, body) -> str:
    """The letter of the candidate nearest under Gower's distance; where the respondent is to be wrong, the
    letter after it."""
    record, candidates = body["record"], body["more"]["candidates"]
    far = [_gower(respondent.dataset, record, candidate) for candidate in candidates]
    nearest = int(np.argmin(far))
    right = respondent.is_right("choice", record)
    return json.dumps({"answer": LETTERS[nearest if right else (nearest + 1) % len(candidates)]})


def _gower(dataset, one, other) -> float:
    """Gower's distance, computed independently of sce.measuring so that it checks the distances there."""
    parts = [
        one[name] != other[name]
        if feature.kind == "categorical"
        else abs(one[name] - other[name]) / (feature.codes[-1] - feature.codes[0])
        for name, feature in dataset.features.items()
    ]
    return sum(parts) / len(parts)


class Choices(Kind):
    """By wording and metric, over the tasks in which one candidate is nearest under that metric: ``accuracy``
    over the replies that can be read, ``accuracy_of_all`` (the others count as wrong), the number of
    ``questions`` and of ``unparseable`` replies, those that failed or were cut off included, and
    ``chance``."""

    name = "choices"
    draws_with = "sce.showing.choices_figure"
    fields = {"choices": (Wordings, [])}
    wordings = {"choices": "choice"}
    sections = {"choosing": Choosing}
    needs = ("responses", "tasks")
    tasks_columns = {"point_id": INT, "candidates": TEXT, "nearest": INT}
    tasks_section = "choosing"

    def check(self, experiment, config, dataset):
        if experiment.choices:
            _check_size(dataset, config.choosing.candidates)

    def asks(self, pair):
        wordings = pair.of("choices")
        return {"wordings": wordings} if wordings else {}

    def step(self, asks, find, tasks):
        return Choose([find(name) for name in asks["wordings"]], tasks)

    def subjects(self, experiment, config, find):
        return [label(name, config.choosing.candidates) for name in experiment.choices]

    def draw_tasks(self, dataset, options):
        return draw(dataset, **options)

    def measure(self, given):
        tasks, responses = given.tables["tasks"], given.tables["responses"]
        asked = responses[responses["kind"] == "choice"]
        return outcomes.table(
            given.by_metric(lambda metric: _lines(given, asked, _nearest(given, tasks, metric), metric))
        )


def _nearest(given, tasks, metric):
    """Start -> (number of candidates, index of the nearest under a metric), where exactly one is nearest."""
    posed = list(zip(map(int, tasks["point_id"]), map(json.loads, tasks["candidates"]), strict=True))
    if metric == DRAWN_BY:
        nearest = map(int, tasks["nearest"])
        return {start: (len(them), which) for (start, them), which in zip(posed, nearest, strict=True)}
    space = metrics.space(given.dataset, metric, given.embeddings)
    found = {}
    for start, candidates in posed:
        far = space.between(np.full(len(candidates), start), np.array(candidates))
        nearest = np.flatnonzero(far == far.min())
        if len(nearest) == 1:
            found[start] = len(candidates), int(nearest[0])
    return found


def _lines(given, asked, nearest, metric):
    lines = []
    for wording, rows in asked[asked["point_id"].isin(list(nearest))].groupby("wording", sort=False):
        candidates, right = zip(*(nearest[int(point)] for point in rows["point_id"]), strict=True)
        name = label(wording, candidates[0])
        replies = rows["response"].where(rows["status"] == "answered")
        read = [read_letter(text if isinstance(text, str) else None, candidates[0]) for text in replies]
        solved = zip(read, right, strict=True)
        hit = np.array([np.nan if letter is None else letter == answer for letter, answer in solved])
        unread = int(np.isnan(hit).sum())
        about = given.scoring | {"points": rows["point_id"]}
        lines += [
            outcomes.mean(name, metric, "accuracy", hit, **about),
            outcomes.mean(name, metric, "accuracy_of_all", np.nan_to_num(hit), **about),
            outcomes.number(name, metric, "questions", len(rows), len(rows)),
            outcomes.number(name, metric, "unparseable", unread, len(rows)),
            outcomes.number(name, metric, "chance", 1 / candidates[0], len(rows)),
        ]
    return lines


def label(name: str, candidates: int) -> str:
    """What the tasks of a wording are called in tables, where a condition stands."""
    return name if candidates == STUDIED else f"{name}_of_{candidates}"


def _check_size(dataset, candidates):
    if dataset.size <= candidates:
        allowed = f"more than {candidates} points, because of choices"
        raise InputError(f"dataset {dataset.name}", "size", dataset.size, allowed)


def draw(dataset: Dataset, tasks: int, candidates: int, seed: int) -> pd.DataFrame:
    """The tasks: a start and its candidates (grid points), and which of them is nearest.

    Starts are different points, so that a point names its task; where two candidates are nearest, the task is
    left out. Raises InputError for a grid with too few points.
    """
    _check_size(dataset, candidates)
    rng = np.random.default_rng(seed)
    space = metrics.space(dataset, DRAWN_BY)
    rows = []
    for start in rng.permutation(dataset.size)[:tasks]:
        others = rng.choice(dataset.size - 1, candidates, replace=False)
        others += others >= start
        far = space.between(start, others)
        nearest = np.flatnonzero(far == far.min())
        if len(nearest) == 1:
            rows.append((int(start), json.dumps(others.tolist()), int(nearest[0])))
    return pd.DataFrame(rows, columns=["point_id", "candidates", "nearest"])


def read_letter(text: str | None, candidates: int) -> int | None:
    """Which candidate a reply names, as an index: the last it calls its answer, or the letter that it is."""
    said = after_reasoning(text or "")
    alone = ALONE.fullmatch(said)
    named = [alone.group(1)] if alone else NAMED.findall(said)
    letters = LETTERS[:candidates]
    return letters.index(named[-1].upper()) if named and named[-1].upper() in letters else None


KIND = Choices()
