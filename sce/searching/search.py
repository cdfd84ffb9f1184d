"""The search around one start: what to ask, and what is certain so far about its nearest counterfactual.

m is the distance from the start to the nearest point with the target answer, the option that the start did
not get. A point answered with the target bounds m from above, whoever asked it. When every point nearer than
some distance is known not to have the target, that distance bounds m from below. The bounds meet: exact.
"""

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np

from sce.measuring.codes import NONE
from sce.searching.answers import Answers
from sce.searching.costs import Costs, in_order
from sce.searching.descent import come_down
from sce.searching.frontier import Frontier
from sce.searching.surrogate import Surrogate

GUESSES = 6  # of the surrogate that may fail before its advice is left
DRAWS = 64  # points drawn to meet a first target, where nothing else leads to one
TRIES = 20  # to draw a probe that nobody asked before

Asking = Generator[list[int], None, None]


@dataclass(frozen=True)
class Bounds:
    """What is certain about m at one start, each bound given as the point whose distance it is.

    ``status``: "exact" or "bounded", without any assumption; "exact_if_monotone" or "bounded_if_monotone"
    where ``low`` takes the learned directions for true. ``low``: the nearest point that is not decided (the
    nearest target, where exact); ``sure_low``: the same without the assumption. ``high``: the nearest known
    target; None where none is known, and if exact then there is none at all. ``questions``: asked for this
    start. ``probes``: of these, the points that test the assumption, ``violations`` of which broke it.
    ``contradicted``: answers around the start contradict the assumption, which was dropped there.
    """

    start: int
    status: str
    low: int | None
    sure_low: int | None
    high: int | None
    questions: int
    probes: int = 0
    violations: int = 0
    contradicted: bool = False


@dataclass
class Shared:
    """What all searches of a study have in common: the distance, the answers and the guess made of them."""

    costs: Costs
    answers: Answers = field(init=False)
    surrogate: Surrogate = field(init=False)

    def __post_init__(self):
        self.answers, self.surrogate = Answers(self.costs), Surrogate(self.costs)


class Search:
    """Asks around one start until m is exact or its budget is spent.

    ``shared.answers`` must hold the start's own answer. ``directions``: feature -> +1 or -1, the way that
    leads to option 1; empty without the assumption, which else is tested at ``probes`` points. ``budget``:
    questions for this start; None: no limit.
    """

    def __init__(self, shared: Shared, start: int, directions=None, budget=None, probes=1, seed=0):
        self.shared, self.costs, self.answers = shared, shared.costs, shared.answers
        self.start, self.label = start, shared.answers.get(start)
        self.ranks = self.costs.ranks(start)
        self.directions = {i: sign * (1 - 2 * self.label) for i, sign in (directions or {}).items()}
        self.budget, self.wanted_probes = budget, probes
        self.rng = np.random.default_rng([seed, start])
        self.width = 1
        self.spent = self.probes = self.violations = 0
        self.broken_by: int | None = None  # the target that contradicts the assumption here
        self.high: int | None = None  # the nearest known target, and its key
        self.limit: int | None = None
        self._read = 0
        self._frontier = self._new_frontier()

    def questions(self) -> Asking:
        """Lists of points, each list to be answered into ``answers`` before the next is wanted. The points
        of one list do not depend on each other, and there are at most ``width`` of them, as it is then."""
        yield from self._guess()
        if self.limit is None:
            yield from self._draw()
        yield from self._close()
        yield from self._probe()
        if self._drops_directions():
            yield from self._close()

    def nearest_target(self) -> int | None:
        """The nearest of the targets that are known now."""
        self._look()
        return self.high

    def bounds(self) -> Bounds:
        """What is certain now."""
        self._look()
        self._drops_directions()
        low = self._frontier.batch(1, self.limit)[1]
        sure = self._nearest_unasked() if self.directions else low
        status = "bounded" if low else "exact"
        if self.directions and sure:
            status += "_if_monotone"
        low, sure = (found[1] if found else self.high for found in (low, sure))
        return Bounds(
            self.start,
            status,
            low,
            sure,
            self.high,
            self.spent,
            self.probes,
            self.violations,
            self.broken_by is not None,
        )

    def _drops_directions(self) -> bool:
        """Go on without the assumption where it fails around this start: where the nearest known target is
        among the points that it says do not have the target."""
        if self.high is None or not self._frontier.contradicts(self.high):
            return False
        self.broken_by, self.directions = self.high, {}
        self._frontier = self._new_frontier()
        return True

    def _new_frontier(self):
        return Frontier(self.costs, self.answers, self.start, self.label, self.directions)

    @property
    def _broke(self):
        return self.budget is not None and self.spent >= self.budget

    def _ask(self, points) -> Asking:
        """Ask those of the points that were not asked before, within the budget."""
        new = [point for point in dict.fromkeys(points) if point not in self.answers]
        while new and not self._broke:
            width = self.width if self.budget is None else min(self.width, self.budget - self.spent)
            part, new = new[:width], new[width:]
            self.spent += len(part)
            yield part
        self._look()

    def _look(self):
        """Take in the nearest target among all answers that are new."""
        ranks, labels = self.answers.since(self._read)
        self._read = len(self.answers)
        targets = labels == 1 - self.label
        if targets.any():
            ranks = ranks[targets]
            keys = self.costs.between(self.ranks, ranks)
            nearest = int(keys.min())
            point = int((ranks[keys == nearest] @ np.array(self.costs.strides)).min())
            if self.limit is None or (nearest, point) < (self.limit, self.high):
                self.limit, self.high = nearest, point

    def _guess(self) -> Asking:
        """Ask where the surrogate sees the nearest target, then nearer, until it has failed often enough.
        Where it never was right, come down from the nearest known target to the boundary instead."""
        self._look()
        failed, right, surrogate = 0, False, self.shared.surrogate
        while failed < GUESSES and not self._broke:
            surrogate.fit(self.answers)
            likely = surrogate.likely(self.ranks, self.label, self.limit)
            likely = [point for point in likely if point not in self.answers][: 1 + failed // 2]
            if not likely:
                break
            before = self.limit
            yield from self._ask(likely)
            nearer = self.limit != before
            right, failed = right or nearer, failed + (0 if nearer else len(likely))
        if not right and failed and self.limit is not None:
            yield from self._come_down()

    def _come_down(self) -> Asking:
        way = come_down(self.costs, self.start, self.high)
        try:
            point = next(way)
            while True:
                yield from self._ask([point])
                if point not in self.answers:  # the budget is spent
                    return
                point = way.send(self.answers.get(point) == 1 - self.label)
        except StopIteration:
            return

    def _draw(self) -> Asking:
        """Draw points until one has the target; then come down from it to the boundary."""
        drawn = 0
        while self.limit is None and drawn < min(DRAWS, self.costs.size) and not self._broke:
            points = self.rng.integers(0, self.costs.size, self.width).tolist()
            drawn += len(points)
            yield from self._ask(points)
        if self.limit is not None:
            yield from self._come_down()

    def _close(self) -> Asking:
        """Ask what is nearest and undecided until nothing nearer than the nearest target is left.

        The more was asked the more goes at once, so that little is wasted where a target turns up early.
        """
        asked = 0
        while not self._broke:
            batch, _ = self._frontier.batch(min(self.width, max(2, asked // 3)), self.limit)
            if not batch:
                return
            asked += len(batch)
            yield from self._ask(batch)

    def _probe(self) -> Asking:
        """Ask at random points that a closed ball takes as decided, without having asked them."""
        if not self.directions or self.limit is None or self._frontier.batch(1, self.limit)[0]:
            return
        for _ in range(self.wanted_probes):
            points = (self._in_ball() for _ in range(TRIES))
            point = next((point for point in points if point not in self.answers), None)
            if point is None or self._broke:
                return
            yield from self._ask([point])
            self.probes += self.answers.get(point) != NONE
            self.violations += self.answers.get(point) == 1 - self.label

    def _in_ball(self) -> int:
        """A random point nearer than the limit; every such point may come."""
        ranks, left = self.ranks.copy(), self.limit
        for feature in self.rng.permutation(len(ranks)):
            keys = self.costs.tables[feature][self.ranks[feature]]
            ranks[feature] = self.rng.choice(np.flatnonzero(keys < left))
            left -= keys[ranks[feature]]
        return self.costs.point(ranks)

    def _nearest_unasked(self):
        """(key, point) of the nearest point that nobody asked, nearer than the limit, or None."""
        for key, point in in_order(self.costs, self.start):
            if self.limit is not None and key >= self.limit:
                return None
            if point not in self.answers:
                return key, point
        return None
