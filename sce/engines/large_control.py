"""The nearest counterfactual of a control respondent on a grid too large to be laid out.

Its decision function is a sum of one term per feature and the product of the first and the last. So the way
to the other side is a knapsack: for every pair of levels of these two, the other features must gain what is
left at the least cost. Found by other means than the search that it checks.
"""

import numpy as np

from sce.engines.control import THRESHOLD, decide
from sce.grids.datasets import Dataset


class FarSighted:
    """``nearest``: a nearest point of the other class under Gower's distance, or under l1."""

    def __init__(self, dataset: Dataset, l1: bool = False):
        self.dataset, self.l1 = dataset, l1
        self.sizes = dataset.shape
        self.weights = 2 / (np.arange(len(self.sizes)) + 2)
        self.goal = THRESHOLD * (self.weights.sum() + 0.5)

    def nearest(self, point_id: int) -> int:
        here = np.array(np.unravel_index(point_id, self.sizes))
        side = 1 if decide(self.dataset, here[:, None])[0] == 0 else -1
        costs, gains, chosen = self._ways(here, side)
        best = None
        last = len(self.sizes) - 1
        for first_level in range(self.sizes[0]):
            for last_level in range(self.sizes[last]):
                ends = {0: first_level, last: last_level}
                cost = sum(self._cost(i, here[i], level) for i, level in ends.items())
                u = first_level / (self.sizes[0] - 1), last_level / (self.sizes[last] - 1)
                reached = self.weights[0] * u[0] + self.weights[last] * u[1] + u[0] * u[1] / 2
                needed = side * (self.goal - reached)
                # A step before the one that seems to suffice: the decision itself says which does.
                for way in range(max(0, np.searchsorted(gains, needed) - 1), len(gains)):
                    ranks = np.array([first_level, *chosen[way], last_level])
                    if best is not None and cost + costs[way] >= best[0]:
                        break
                    if decide(self.dataset, ranks[:, None])[0] == (side > 0):
                        best = cost + costs[way], ranks
                        break
        return int(np.ravel_multi_index(best[1], self.sizes))

    def _ways(self, here, side):
        """The ways to choose the levels of all features but the first and the last that no other beats:
        their costs and gains, both rising, and the levels (ways, features)."""
        costs, gains = np.zeros(1), np.zeros(1)
        chosen = np.empty((1, 0), np.int64)
        for i in range(1, len(self.sizes) - 1):
            levels = np.arange(self.sizes[i])
            costs = (costs[:, None] + self._cost(i, here[i], levels)).ravel()
            gains = (gains[:, None] + side * self.weights[i] * levels / (self.sizes[i] - 1)).ravel()
            chosen = np.column_stack([np.repeat(chosen, len(levels), axis=0), np.tile(levels, len(chosen))])
            order = np.lexsort((-gains, costs))
            most = np.maximum.accumulate(gains[order])
            kept = order[np.concatenate([[True], most[1:] > most[:-1]])]
            costs, gains, chosen = costs[kept], gains[kept], chosen[kept]
        return costs, gains, chosen

    def _cost(self, feature, here, levels):
        """The part of a feature in the distance between its level ``here`` and ``levels``."""
        content = list(self.dataset.features.values())[feature]
        share = 1 if self.l1 else 1 / len(self.sizes)
        if content.kind == "categorical":
            return share * (np.asarray(levels) != here)
        codes = np.array(content.codes, dtype=float)
        scale = np.median(abs(codes - np.median(codes))) if self.l1 else codes[-1] - codes[0]
        return share * abs(codes[levels] - codes[here]) / scale
