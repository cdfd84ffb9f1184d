"""One model asked about another: each of its questions names what the other (the author) was asked at a
point, and what it answered. Shared by the kinds of experiments that ask so; their rows are an artifact
``responses`` of their own, for every author, dataset and model that is asked."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd

from sce.asking.protocol import Asked, Step, typical_points
from sce.engines import About
from sce.experiments.given import Given
from sce.grids.datasets import Dataset
from sce.reading.samples import first_samples
from sce.wordings import prompts
from sce.wordings.prompts import Prompt

ITSELF, MINUS = "itself", "itself minus "  # what lines of a table are about, in the column ``metric``


class SCE(NamedTuple):
    """An author's SCE: the instance and, where it is known, the author's prediction there (an option)."""

    record: dict
    prediction: str | None


@dataclass(frozen=True)
class Author:
    """The model that another is asked about. ``main``: the wording of its question; ``conditions``: how its
    SCEs were asked for, by name; ``answers``: point -> prediction; ``sces``: (condition, point) -> SCE."""

    dataset: Dataset
    main: Prompt
    conditions: Mapping[str, Prompt]
    answers: Mapping[int, str]
    sces: Mapping[tuple[str, int], SCE] = field(default_factory=dict)

    def asked(self, point: int) -> str:
        """The text of its question at a point."""
        return prompts.ask(self.main, self.dataset, self.dataset.describe(self.dataset.record(point)))

    def request(self, point: int, condition: str) -> str:
        """The text that asked for its SCE."""
        return prompts.follow_up(self.conditions[condition], self.dataset, self.answers[point])


def read_author(
    dataset: Dataset, main: Prompt, conditions: Mapping[str, Prompt], boundary: pd.DataFrame, sce
) -> Author:
    """The author of the artifacts ``boundary`` and ``sce``; of several samples of an SCE the first."""
    said = boundary[(boundary["question"] == main.name) & boundary["prediction"].notna()]
    answers = dict(zip(said["point_id"].astype(int), said["prediction"], strict=True))
    sces = {}
    for row in first_samples(sce).to_dict("records"):
        if row["status"] not in ("ok", "off_grid"):
            continue
        there = row["sce_point_id"]
        if pd.isna(there):
            record = {name: _plain(row[f"sce_{name}"]) for name in dataset.features}
            predicted = row["prediction_at_sce"] if isinstance(row["prediction_at_sce"], str) else None
        else:
            record, predicted = dataset.record(int(there)), answers.get(int(there))
        sces[row["condition"], int(row["point_id"])] = SCE(record, predicted)
    return Author(dataset, main, conditions, answers, sces)


def by_explainer(given: Given, kind: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """("WORDING by B", its rows) for each wording and each model B that was asked about the author, of one
    kind of request."""
    for explainer, replies in given.explainers.items():
        for wording, rows in replies[replies["kind"] == kind].groupby("wording", sort=False):
            yield f"{wording} by {explainer}", rows


def _plain(code):
    return int(code) if float(code).is_integer() else float(code)


class Inquiry:
    """What a kind of experiment asks about an author. ``wordings_of``: condition -> the prompts that ask in
    the place of that condition, or about its SCEs."""

    kind: ClassVar[str]  # of the requests
    tokens_out: ClassVar[int]  # of a reply, for the plan
    schema: ClassVar[Callable[[Dataset], dict]]  # makes that of a reply
    about_sces: ClassVar[bool]  # whether there is nothing to ask before the author's SCE is known

    def __init__(self, wordings_of: Mapping[str, list[Prompt]]):
        self.wordings_of = wordings_of

    def applies(self, author: Author, condition: str, point: int) -> bool:
        """Whether there is anything to ask about a point with a prediction."""
        return True

    def question(self, author: Author, condition: str, point: int, prompt: Prompt) -> tuple[str, About]:
        """The text of one question, and what it is about."""
        raise NotImplementedError


class AskAbout(Step):
    """All that is asked about one author: a conversation of its own for every question, those about one point
    side by side."""

    def __init__(self, author: Author, inquiries: list[Inquiry]):
        self.author, self.inquiries = author, inquiries
        self.wordings = tuple(author.conditions)
        self.tokens_out = {inquiry.kind: inquiry.tokens_out for inquiry in inquiries}

    def conversations(self, interview):
        return [self._about(interview, point) for point in self.author.answers]

    async def _about(self, interview, point):
        author, asked, coroutines = self.author, [], []
        for inquiry, condition, prompt in self._at(point):
            text, about = inquiry.question(author, condition, point, prompt)
            about = replace(about, schema=interview.schema(inquiry.schema))
            asked.append((inquiry.kind, prompt.name, condition, point))
            coroutines.append(interview.ask(interview.fresh(text), about))
        entries = await interview.together(coroutines)
        for row, entry in zip(asked, entries, strict=True):
            yield Asked(*row, entry)

    def _at(self, point):
        return [
            (inquiry, condition, prompt)
            for inquiry in self.inquiries
            for condition, wordings in inquiry.wordings_of.items()
            if inquiry.applies(self.author, condition, point)
            for prompt in wordings
        ]

    def of_their_own(self):
        return Counter(inquiry.kind for point in self.author.answers for inquiry, *_ in self._at(point))

    def at_most(self, points: int, sces: Mapping[str, int]) -> Counter[str]:
        """The most questions about answers that are still to come, by kind of request: those at ``points``,
        and condition -> number of SCEs at other points."""
        number = Counter()
        for inquiry in self.inquiries:
            for condition, wordings in inquiry.wordings_of.items():
                waits = points + (sces.get(condition, 0) if inquiry.about_sces else 0)
                number[inquiry.kind] += waits * len(wordings)
        return number

    def sample(self, interview):
        """Characters of questions about points here and there, as if the author had given each option in
        turn, and its SCE were the next of these points."""
        dataset, lengths = self.author.dataset, {inquiry.kind: [] for inquiry in self.inquiries}
        points = typical_points(dataset)
        answers = {point: dataset.options[k % 2] for k, point in enumerate(points)}
        there = dict(zip(points, np.roll(points, -1).tolist(), strict=True))
        sces = {
            (condition, point): SCE(dataset.record(there[point]), answers[there[point]])
            for condition in self.author.conditions
            for point in points
        }
        step = AskAbout(replace(self.author, answers=answers, sces=sces), self.inquiries)
        for point in points:
            for inquiry, condition, prompt in step._at(point):
                text, _ = inquiry.question(step.author, condition, point, prompt)
                lengths[inquiry.kind].append(len(text))
        return lengths
