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

LOOKED_AT = (
    100  # starts, evenly spaced, whose bounds are looked at on the way: of a million it would take hours
)


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

    ``rounds``: metric -> the searches, once they have begun. ``ended``: nothing is asked any more.
    """

    dataset: Dataset
    metrics: list[str]
    starts: list[int]
    limits: Limits
    rounds: dict[str, Rounds] = field(default_factory=dict)
    ended: bool = False

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

    def standing(self) -> str:
        """How many starts are closed under the metric that is on, and how far the bounds are apart."""
        if not self.rounds:
            return "no start is searched yet"
        metric, rounds = list(self.rounds.items())[-1]
        exact = sum(found.status.startswith("exact") for found in rounds.bounds.values())
        low, high = self.bounds_on_the_way(metric)
        apart = np.mean(1 - low / high) if len(high) else 0
        return (
            f"{metric}: {len(rounds.bounds)} of {len(self.starts)} starts closed, {exact} exact; "
            f"the bounds lie {apart:.0%} of the upper one apart"
        )

    def bounds_on_the_way(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """(starts,) the lower and the upper bound on m that are certain now, as distances, of some LOOKED_AT
        starts with a prediction; without a known target, m is at most the distance of the farthest point."""
        shared = self.rounds[metric].shared
        some = [start for start in self.starts if shared.answers.get(start) in (0, 1)]
        some = some[:: max(1, -(-len(some) // LOOKED_AT))]
        ends = []
        for start in some:
            bounds, ranks = self.bounds_at(metric, start), shared.costs.ranks(start)
            tables = zip(shared.costs.tables, ranks, strict=True)
            farthest = shared.costs.point([table[rank].argmax() for table, rank in tables])
            ends.append([farthest if point is None else point for point in (bounds.low, bounds.high)])
        starts, points = np.array(some, np.int64), np.array(ends, np.int64).reshape(-1, 2)
        low, high = (space(self.dataset, metric).between(starts, points[:, k]) for k in (0, 1))
        return low, high

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
        self.ended = True

    def run_again(self, answers: Mapping[int, int], before: list[int]) -> None:
        """Run the rounds over answers that are all there; ``before``: the points that were asked before the
        first of them. Raises InputError where an answer is not there."""
        for _ in self.steps(answers, before):
            pass

    def steps(self, answers: Mapping[int, int], before: list[int]) -> Generator[int, None, None]:
        """The rounds of ``run_again``, one at a time: how many points were answered when each begins, and at
        the end."""
        asking = self.questions({point: answers.get(point, NONE) for point in {*self.starts, *before}})
        points, asked = next(asking, None), len({*self.starts, *before})
        while points is not None:
            yield asked
            missing = [point for point in points if point not in answers]
            if missing:
                allowed = "an answer at every point that the search asks"
                raise InputError(f"dataset {self.dataset.name}", "boundary", f"none at {missing[0]}", allowed)
            asked += len(points)
            try:
                points = asking.send({point: answers[point] for point in points})
            except StopIteration:
                points = None
        yield asked

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

    def standing(self) -> str:
        return self._survey.standing()

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
