"""Asking one model about a grid in part: from which starts, how much, and what is certain afterwards.

The same rounds are run twice. While a model is asked they say what to ask; when its answers lie in the
``boundary`` artifact they are run again over these, which gives the same bounds, so no other record of them
is needed.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

import numpy as np

from sce.errors import InputError
from sce.grids.datasets import Dataset
from sce.measuring.codes import NONE
from sce.measuring.metrics import space
from sce.searching.costs import costs_of
from sce.searching.rounds import Limits, Rounds
from sce.searching.search import Bounds, Search, Shared

Round = Generator[list[int], dict[int, int], None]


def survey_of(dataset: Dataset, asked: dict) -> "Survey":
    """The survey that a parameter of a job describes: ``metrics``, ``starts`` (point ids, a number of them to
    be drawn, or "all") and the fields of Limits."""
    limits = Limits(**{key: value for key, value in asked.items() if key not in ("metrics", "starts")})
    return Survey(dataset, asked["metrics"], _starts(dataset, asked["starts"], limits.seed), limits)


def _starts(dataset, starts, seed) -> list[int]:
    if isinstance(starts, list):
        return starts
    if starts == "all" or starts >= dataset.size:
        return list(range(dataset.size))
    rng, drawn = np.random.default_rng(seed), {}
    while len(drawn) < starts:
        drawn |= dict.fromkeys(rng.integers(0, dataset.size, starts - len(drawn)).tolist())
    return sorted(drawn)


@dataclass
class Survey:
    """A grid asked around ``starts`` (point ids) under each of ``metrics`` in turn, within ``limits`` each.

    ``rounds``: metric -> the searches, once they have begun.
    """

    dataset: Dataset
    metrics: list[str]
    starts: list[int]
    limits: Limits
    rounds: dict[str, Rounds] = field(default_factory=dict)

    @property
    def at_most(self) -> int | None:
        """Questions of all searches; None without a limit."""
        limits = [self.limits.in_all]
        if self.limits.per_start is not None:
            limits.append(self.limits.per_start * len(self.starts))
        known = [number for number in limits if number is not None]
        return min(known) * len(self.metrics) if known else None

    @property
    def closed(self) -> int:
        """Starts whose search has ended, under the metric that is on."""
        return len(list(self.rounds.values())[-1].bounds) if self.rounds else 0

    def questions(self, known: Mapping[int, int]) -> Round:
        """Lists of points to ask, each answered by ``send``: point -> 0, 1 or NONE. ``known``: what was
        answered so, among it the starts."""
        known = dict(sorted(known.items()))
        for metric in self.metrics:
            shared = self._shared(metric, known)
            self.rounds[metric] = rounds = Rounds(shared, self.starts, self.limits)
            for points in rounds.questions():
                answers = yield points
                shared.answers.add(answers)
                known |= answers

    def run_again(self, answers: Mapping[int, int], before: list[int]) -> None:
        """Run the rounds over answers that are all there; ``before``: the points that were asked before the
        first of them. Raises InputError where an answer is not there."""
        asking = self.questions({point: answers.get(point, NONE) for point in {*self.starts, *before}})
        points = next(asking, None)
        while points is not None:
            missing = [point for point in points if point not in answers]
            if missing:
                allowed = "an answer at every point that the search asks"
                raise InputError(f"dataset {self.dataset.name}", "boundary", f"none at {missing[0]}", allowed)
            try:
                points = asking.send({point: answers[point] for point in points})
            except StopIteration:
                points = None

    def bounds_at(self, metric: str, point: int) -> Bounds:
        """What the answers so far say about any answered point, a start or not."""
        rounds = self.rounds[metric]
        if point in rounds.bounds:
            return rounds.bounds[point]
        return Search(rounds.shared, point, rounds.trusted_directions).bounds()

    def _shared(self, metric, known):
        ordered = [feature.kind != "categorical" for feature in self.dataset.features.values()]
        shared = Shared(costs_of(space(self.dataset, metric), ordered))
        shared.answers.add(known)
        return shared


class Simulated:
    """A survey that goes on with the answers of ``decide(dataset, ranks)`` where a model's are not known."""

    def __init__(self, survey: Survey, decide):
        self._survey, self._decide = survey, decide
        self.starts, self.at_most = survey.starts, survey.at_most

    @property
    def closed(self) -> int:
        return self._survey.closed

    def questions(self, known: Mapping[int, int]) -> Round:
        asking = self._survey.questions(self._filled(known))
        points = next(asking, None)
        while points is not None:
            answers = yield points
            try:
                points = asking.send(self._filled(answers))
            except StopIteration:
                return

    def simulated(self) -> int:
        """How many questions the searches ask where no answer is known."""
        asking = self.questions(dict.fromkeys(self.starts, NONE))
        points, count = next(asking, None), 0
        while points is not None:
            count += len(points)
            try:
                points = asking.send(dict.fromkeys(points, NONE))
            except StopIteration:
                points = None
        return count

    def _filled(self, answers):
        dataset = self._survey.dataset
        unknown = [point for point, label in answers.items() if label == NONE]
        ranks = np.array(np.unravel_index(np.array(unknown, dtype=np.int64), dataset.shape))
        return {**answers, **dict(zip(unknown, self._decide(dataset, ranks).tolist(), strict=True))}
