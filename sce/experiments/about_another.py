"""One model asked about another: each of its questions names what the other (the author) was asked at a
point, and what it answered. Shared by the kinds of experiments that ask so; their rows are an artifact
``responses`` of their own, for every author, dataset and model that is asked."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd

from sce.asking.protocol import Asked, Step, typical_points
from sce.engines import About
from sce.experiments.given import Given
from sce.experiments.kind import Kind
from sce.grids.datasets import Dataset
from sce.reading.authors import SCE, Author
from sce.wordings.prompts import Prompt


def by_explainer(given: Given, kind: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """("WORDING by B", its rows) for each wording and each model B that was asked about the author, of one
    kind of request."""
    for explainer, replies in given.explainers.items():
        for wording, rows in replies[replies["kind"] == kind].groupby("wording", sort=False):
            yield f"{wording} by {explainer}", rows


class Inquiry:
    """What a kind of experiment asks about an author. ``wordings_of``: condition -> the prompts that ask in
    the place of that condition, or about its SCEs."""

    kind: ClassVar[str]  # of the requests
    tokens_out: ClassVar[int]  # of a reply, for the plan
    schema: ClassVar[Callable[[Dataset], dict]]  # makes that of a reply
    about_sces: ClassVar[bool]  # whether there is nothing to ask before the author's SCE is known
    elsewhere: ClassVar[bool] = False  # whether it asks about other points than that of the conversation
    most = 1  # questions about one point in one wording

    def __init__(self, wordings_of: Mapping[str, list[Prompt]]):
        self.wordings_of = wordings_of

    def starts(self, dataset: Dataset) -> Sequence[int]:
        """The points that it asks about, where they have a prediction."""
        return range(dataset.size)

    def needed(self, dataset: Dataset, start: int) -> Set[int]:
        """The points whose answers decide what is asked about one of these."""
        return {start}

    def instances(self, author: Author, condition: str, start: int) -> list[dict]:
        """The records that there is a question about, at a point with a prediction."""
        raise NotImplementedError

    def about(self, author: Author, condition: str, start: int, prompt: Prompt, record: dict) -> About:
        """What the question about a record is about."""
        raise NotImplementedError


class KindAboutAnother(Kind):
    """A kind of experiment that is one inquiry, in the wordings of its one field, and shows authors beside
    those who were asked about them. ``inquires``: the inquiry."""

    inquires: ClassVar[type[Inquiry]]
    about_sces = True
    needs_explainers = True
    draws_with = "sce.showing.explainers_maps"

    @property
    def _field(self) -> str:
        [field] = self.fields
        return field

    def asks_about(self, pair):
        return pair.by_condition(self._field)

    def inquiry(self, wordings_of):
        return self.inquires(wordings_of)

    def subjects(self, experiment, config, find):
        return sorted(experiment.conditions) if getattr(experiment, self._field) else []


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
        for inquiry, condition, prompt, record in self._at(point):
            about = inquiry.about(author, condition, point, prompt, record)
            about = about._replace(schema=interview.schema(inquiry.schema))
            there = author.dataset.locate(record) if inquiry.elsewhere else None
            asked.append((inquiry.kind, prompt.name, condition, point, there))
            text = author.told(prompt, condition, point, record)
            coroutines.append(interview.ask(interview.fresh(text), about))
        entries = await interview.together(coroutines)
        for (*row, there), entry in zip(asked, entries, strict=True):
            yield Asked(*row, entry, foreseen=there)

    def _at(self, point):
        return [
            (inquiry, condition, prompt, record)
            for inquiry in self.inquiries
            if point in inquiry.starts(self.author.dataset)
            for condition, wordings in inquiry.wordings_of.items()
            for record in inquiry.instances(self.author, condition, point)
            for prompt in wordings
        ]

    def of_their_own(self):
        return Counter(inquiry.kind for point in self.author.answers for inquiry, *_ in self._at(point))

    def at_most(self, mains: Set[int], sces: Mapping[str, Set[int]]) -> Counter[str]:
        """The most questions about answers that are still to come, by kind of request: to the main question
        at the points ``mains``, and condition -> the points whose SCE is still to come."""
        number, author = Counter(), self.author
        for inquiry in self.inquiries:
            for condition, wordings in inquiry.wordings_of.items():
                waiting = mains | (sces.get(condition, set()) if inquiry.about_sces else set())
                for start in inquiry.starts(author.dataset) if waiting else ():
                    if waiting.isdisjoint(inquiry.needed(author.dataset, start)):
                        continue
                    known = inquiry.instances(author, condition, start) if start in author.answers else []
                    number[inquiry.kind] += (inquiry.most - len(known)) * len(wordings)
        return number

    def sample(self, interview):
        """Characters of questions about points here and there, as if the author had given each option in
        turn, and its SCE, or whatever else it is asked about, were the next of these points."""
        dataset, points = self.author.dataset, typical_points(self.author.dataset)
        answers = {point: dataset.options[k % 2] for k, point in enumerate(points)}
        there = dict(zip(points, map(dataset.record, np.roll(points, -1).tolist()), strict=True))
        sces = {
            (condition, point): SCE(there[point], None)
            for condition in self.author.conditions
            for point in points
        }
        author = replace(self.author, answers=answers, sces=sces)
        return {
            inquiry.kind: [
                len(author.told(prompt, condition, point, there[point]))
                for point in points
                for condition, wordings in inquiry.wordings_of.items()
                for prompt in wordings
            ]
            for inquiry in self.inquiries
        }
