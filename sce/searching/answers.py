"""What was answered so far, shared by all starts: points with the index of their option."""

import numpy as np

from sce.searching.costs import Costs


class Answers:
    """point_id -> 0, 1 or NONE (asked, and no prediction came), with the ranks of all points as one array.
    A point is answered once."""

    def __init__(self, costs: Costs):
        self.costs = costs
        self._labels: dict[int, int] = {}
        self._ranks = np.empty((64, len(costs.shape)), np.int16)
        self._given = np.empty(64, np.int8)

    def __len__(self) -> int:
        return len(self._labels)

    def __contains__(self, point: int) -> bool:
        return point in self._labels

    def get(self, point: int) -> int | None:
        """The label, NONE where it was asked in vain; None where it was not asked."""
        return self._labels.get(point)

    def add(self, labels: dict[int, int]) -> None:
        """Take in what was answered; points that are known stay as they are."""
        new = {point: label for point, label in labels.items() if point not in self._labels}
        if not new:
            return
        old, count = len(self), len(self) + len(new)
        while count > len(self._given):
            self._ranks = np.concatenate([self._ranks, np.empty_like(self._ranks)])
            self._given = np.concatenate([self._given, np.empty_like(self._given)])
        self._ranks[old:count] = self.costs.ranks(list(new))
        self._given[old:count] = list(new.values())
        self._labels |= new

    def since(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The ranks (n, features) and labels (n,) of all answers but the first ``count``."""
        return self._ranks[count : len(self)], self._given[count : len(self)]
