"""How far a mean may vary over rows whose neighbours on the grid are alike (docs/statistics.md, How an
interval is made): by every pair of cells, ring by ring.
"""

import math
from fractions import Fraction
from functools import cached_property
from itertools import product

import numpy as np

from sce.auditing.grids import ranks_of
from sce.auditing.spreads import Spread, Unclear, mean
from sce.grids.datasets import Dataset

CELLS = 25  # along an axis with an order: levels of longer ones are joined
RINGS = 20  # to the length of an axis
WITHIN_REACH = 0.5  # share of all pairs of rows above which nothing can be said
CHOSEN = 4  # degrees of freedom that go where the reach is read off the values
LEAST = 0.4  # share of them that stays
ROUNDING = 1e-10  # of what products could add up to: less is as good as nothing
LARGEST = 3_000  # cells of a grid of which every pair is looked at


class Neighbours:
    """The cells of a grid, and the pairs of them by the ring of their distance."""

    def __init__(self, dataset: Dataset):
        self.dataset = dataset
        features = list(dataset.features.values())
        sizes = [len(feature.codes) for feature in features]
        ordered = [feature.kind != "categorical" for feature in features]
        self.joined = [-(-size // CELLS) if order else 1 for size, order in zip(sizes, ordered, strict=True)]
        self.shape = [-(-size // join) for size, join in zip(sizes, self.joined, strict=True)]
        # How far a cell is from the next one along each axis, in lengths of the axis.
        axes = zip(self.joined, sizes, ordered, strict=True)
        self.steps = [Fraction(join, size) if order else Fraction(0) for join, size, order in axes]

    def spread(self, values: list[float], points: list[int]) -> Spread | None:
        """Of the mean of values that stand at points of the grid; None where they are alike too far."""
        n, middle = len(values), mean(values)
        off = [0.0] * n if len(set(values)) == 1 else [value - middle for value in values]
        sums, counts = np.zeros(math.prod(self.shape)), np.zeros(math.prod(self.shape))
        for value, point in zip(off, points, strict=True):
            sums[self.cell_of[point]] += value
            counts[self.cell_of[point]] += 1
        own = float(counts @ counts)
        covered, agreed, largest = own, float(sums @ sums), max(off, key=abs) ** 2
        for first, second in self.rings:
            pairs = 2 * float(counts[first] @ counts[second])
            agreement = 2 * float(sums[first] @ sums[second])
            if pairs and agreement <= ROUNDING * pairs * largest:
                break
            covered, agreed = covered + pairs, agreed + agreement
            if covered > WITHIN_REACH * n**2:
                return None
        reach = covered / n**2
        if reach > WITHIN_REACH:
            return None
        alone = math.fsum(value**2 for value in off) / n / max(n - 1, 1)
        degrees = 1 / reach - 1
        if covered > own:  # the reach was read off the values
            degrees = max(1 / reach - CHOSEN, LEAST * degrees)
        return Spread(max(agreed / n**2 / (1 - reach), alone), max(degrees, 1.0))

    @cached_property
    def cell_of(self) -> list[int]:
        """The cell of every point."""
        numbers = {place: number for number, place in enumerate(product(*map(range, self.shape)))}
        ranks = (ranks_of(self.dataset, point) for point in range(self.dataset.size))
        places = (tuple(rank // join for rank, join in zip(at, self.joined, strict=True)) for at in ranks)
        return [numbers[place] for place in places]

    @cached_property
    def rings(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each ring, the innermost first, the pairs of cells in it: two arrays of cells."""
        many = math.prod(self.shape)
        if many > LARGEST:
            raise Unclear(f"a grid of {many:,} cells; of at most {LARGEST:,} every pair is looked at")
        first, second = (side.astype(np.int32) for side in np.triu_indices(many, 1))
        lags = np.zeros(len(first), np.int32)  # how far apart, a number for all axes
        for axis, ranks in enumerate(np.indices(self.shape, np.int32).reshape(len(self.shape), -1)):
            lags = lags * self.shape[axis] + np.abs(ranks[first] - ranks[second])
        ring_of = np.array([self._ring(lag) for lag in product(*map(range, self.shape))])
        rings = ring_of[lags]
        order = np.argsort(rings, kind="stable")
        ends = np.cumsum(np.bincount(rings)).tolist()
        parts = [order[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
        return [(first[part], second[part]) for part in parts if len(part)]

    def _ring(self, lag):
        """The ring of two cells that lie so many steps apart: the first for those no step of an ordered axis
        apart, then one more for each RINGS-th of the length of an axis."""
        square = sum((apart * step) ** 2 for apart, step in zip(lag, self.steps, strict=True))
        whole = math.ceil(square * RINGS**2)
        return 1 + math.isqrt(whole - 1) if whole else 0
