"""A separable distance as tables of whole numbers, one per feature, and the grid's points in order of it.

A *key* is a distance as an integer: the sum over features of what it costs to go from one level to another.
Two distances compare as their keys do. Points are known by their ``point_id`` (row-major, the last feature
running fastest) or by their *ranks*, the position of each feature's level.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

import numpy as np


@dataclass(frozen=True)
class Costs:
    """``tables[i][a, b]``: the key between levels ``a`` and ``b`` of feature i, int64 (levels, levels).
    ``ordered[i]``: whether the levels stand in an order, along which the key grows."""

    tables: tuple[np.ndarray, ...]
    ordered: tuple[bool, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(table) for table in self.tables)

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """How far apart in ``point_id`` two neighbouring levels of each feature are."""
        strides = [1]
        for size in reversed(self.shape[1:]):
            strides.append(strides[-1] * size)
        return tuple(reversed(strides))

    @cached_property
    def size(self) -> int:
        return self.strides[0] * self.shape[0]

    def ranks(self, points) -> np.ndarray:
        """(n, features) ranks of the points (n,); of one point (features,)."""
        points = np.asarray(points, dtype=np.int64)
        return np.stack([points // s % n for s, n in zip(self.strides, self.shape, strict=True)], axis=-1)

    def point(self, ranks) -> int:
        return sum(int(rank) * stride for rank, stride in zip(ranks, self.strides, strict=True))

    def between(self, start, others) -> np.ndarray:
        """(n,) keys from the ranks ``start`` (features,) to the ranks ``others`` (n, features)."""
        others = np.asarray(others)
        return sum(table[start[i]][others[:, i]] for i, table in enumerate(self.tables))


def costs_of(space, ordered) -> Costs:
    """The tables of a GridSpace. ``ordered``: of each feature, whether its levels have an order."""
    tables = []
    for axis in space.axes:
        ranks = np.arange(axis.size)
        tables.append(axis.units(ranks[:, None], ranks) // axis.count * axis.key)
    return Costs(tuple(tables), tuple(ordered))


def in_order(costs: Costs, start: int) -> Iterator[tuple[int, int]]:
    """Every point of the grid as (key, point_id), nearest to ``start`` first, the smaller id among equals.

    Lazy: after n points some 2n numbers are kept, whatever the size of the grid.
    """
    ranks = costs.ranks(start)
    features = range(len(costs.shape))
    levels = [levels_as_numbers(costs, i, ranks[i], range(costs.shape[i])) for i in features]
    return decoded(costs, start, sums(levels))


def decoded(costs: Costs, start: int, totals: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Sums of ``levels_as_numbers`` as (key, point_id)."""
    for total in totals:
        key = (total + costs.size) // (2 * costs.size)
        yield key, start + total - key * 2 * costs.size


def levels_as_numbers(costs, feature, rank, levels) -> list[int]:
    """Each level as one number: its key in front and its shift of ``point_id`` behind. Such numbers add and
    compare as the pairs (key, shift) do."""
    keys, stride = costs.tables[feature][rank], costs.strides[feature]
    return [int(keys[level]) * 2 * costs.size + (level - int(rank)) * stride for level in levels]


def sums(lists: list[list[int]]) -> Iterator[int]:
    """The sums of one number from each list, all of them, in increasing order, lazily.

    Every choice but the cheapest has one parent that is no dearer: with the lists in order of their first
    step, the last number that was raised is lowered by one, or its raise moved to the list before. So a heap
    of the children of what was given already holds the next one, and no choice comes twice (the enumeration
    of Lawler, Management Science 18, 1972, with three children each).
    """
    lists = [sorted(numbers) for numbers in lists]
    total = sum(numbers[0] for numbers in lists)
    lists = sorted((n for n in lists if len(n) > 1), key=lambda numbers: numbers[1] - numbers[0])
    steps = [numbers[1] - numbers[0] for numbers in lists]
    yield total
    heap = [(total + steps[0], 0, 1)] if lists else []
    while heap:
        total, place, level = heappop(heap)
        yield total
        numbers = lists[place]
        if level + 1 < len(numbers):
            heappush(heap, (total - numbers[level] + numbers[level + 1], place, level + 1))
        if place + 1 < len(lists):
            heappush(heap, (total + steps[place + 1], place + 1, 1))
            if level == 1:
                heappush(heap, (total - steps[place] + steps[place + 1], place + 1, 1))
