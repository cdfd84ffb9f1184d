"""Which way each feature leads, learned from answers at the boundary.

An assumption, never a finding: that raising a feature never takes option 1 away (+1), or never gives it (-1).
"""

from collections import Counter
from collections.abc import Generator

import numpy as np

from sce.measuring.codes import NONE
from sce.searching.descent import come_down
from sce.searching.search import Shared

PAIRS = 6  # places of the boundary at which every feature is tried
DISSENT = 0.1  # share of the votes against a direction up to which it is kept


class Learner:
    """Asks around some starts on either side and counts how every feature's ends answer.

    ``found`` holds feature -> +1 or -1, for features with an order or with two levels; one with votes on both
    sides has no direction, and is searched without the assumption.
    """

    def __init__(self, shared: Shared):
        self.shared, self.costs, self.answers = shared, shared.costs, shared.answers
        self.votes: Counter[tuple[int, int]] = Counter()

    def questions(self, starts) -> Generator[list[int], None, None]:
        """Lists of points, each to be answered before the next is wanted: from up to PAIRS pairs of starts
        with different options down to the boundary, then the ends of every feature there."""
        sides = [[s for s in starts if self.answers.get(s) == label] for label in (0, 1)]
        for pair in list(zip(*sides, strict=False))[:PAIRS]:
            way = come_down(self.costs, *pair)
            ends = yield from self._followed(way, self.answers.get(pair[1]))
            for ranks in ends:
                yield from self._ask(self._ends_of_features(ranks))
                self._count(ranks)

    @property
    def found(self) -> dict[int, int]:
        """The directions, as far as they are known; none where no place of the boundary was seen."""
        if not self.votes:
            return {}
        self.shared.surrogate.fit(self.answers)
        directions = {}
        for i, size in enumerate(self.costs.shape):
            if not (self.costs.ordered[i] or size == 2):
                continue
            up, down = self.votes[i, 1], self.votes[i, -1]
            if not up + down:
                sign = self._slope(i)
            else:
                sign = 1 if up > down else -1
                if min(up, down) > DISSENT * (up + down):
                    continue
            directions[i] = sign
        return directions

    def _followed(self, way, target):
        try:
            point = next(way)
            while True:
                yield from self._ask([point])
                point = way.send(self.answers.get(point) == target)
        except StopIteration as end:
            return end.value

    def _ask(self, points):
        new = [point for point in dict.fromkeys(points) if point not in self.answers]
        if new:
            yield new

    def _ends_of_features(self, ranks) -> list[int]:
        """The points that differ from ``ranks`` in one feature, at one of its two ends."""
        points = []
        for i, size in enumerate(self.costs.shape):
            if self.costs.ordered[i] or size == 2:
                for end in {0, size - 1} - {int(ranks[i])}:
                    moved = ranks.copy()
                    moved[i] = end
                    points.append(self.costs.point(moved))
        return points

    def _count(self, ranks):
        """A vote for every end that answers otherwise than the point itself."""
        here = self.answers.get(self.costs.point(ranks))
        for point in self._ends_of_features(ranks):
            there = self.answers.get(point)
            if here == NONE or there in (None, NONE, here):
                continue
            moved = self.costs.ranks(point)
            feature = int(np.flatnonzero(moved != ranks)[0])
            higher = moved[feature] > ranks[feature]
            self.votes[feature, 1 if (there == 1) == higher else -1] += 1

    def _slope(self, feature) -> int:
        """The surrogate's mean slope over what was answered; +1 where it knows none."""
        ranks, _ = self.answers.since(max(0, len(self.answers) - 100))
        slopes = [self.shared.surrogate.slopes(row, 0) for row in ranks[:20]]
        known = [slope[feature] for slope in slopes if slope is not None]
        return 1 if not known or np.mean(known) >= 0 else -1
