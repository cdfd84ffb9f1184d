"""Distances and nearest points by trying all (docs/protocol.md, Distances), in whole numbers.

A feature's share of a distance is a fraction, or the root of one (l2); it is kept as a whole number of steps
of 10^-40, rounded down. Two sums that differ by less than a step for each feature are the same distance.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache, partial, reduce
from operator import add
from pathlib import Path
from statistics import median

from sce.auditing.grids import ranks_of
from sce.grids.datasets import Dataset

STEPS = 10**40
EMBEDDED = 1e-12  # how far the embedded distances of two ways may lie apart


def distances_of(dataset: Dataset, metric: str, embeddings: Path | None):
    """The distances between points of a dataset; None for a metric of which nothing is known here."""
    if metric in SHARES:
        return Sums(dataset, SHARES[metric])
    return Cosines(dataset, embeddings) if metric == "semantic" and embeddings else None


class Distances:
    """Distances in units of ``unit``; two that differ by at most ``slack`` of them are the same."""

    unit: float
    slack: float

    def all_from(self, point: int, others: tuple[int, ...]) -> Iterable[float]:
        """The distances from a point to the others."""
        raise NotImplementedError

    def between(self, a: int, b: int) -> float:
        return next(iter(self.all_from(a, (b,))))

    def nearest(self, point: int, others: tuple[int, ...]) -> tuple[float, list[int]]:
        """The distance to the nearest of ``others``, and all of them that are as near."""
        away = list(self.all_from(point, others))
        least = min(away)
        return least, [other for other, d in zip(others, away, strict=True) if d - least <= self.slack]


class Sums(Distances):
    """Sums of one share per feature."""

    def __init__(self, dataset: Dataset, share_of):
        features = list(dataset.features.values())
        self.unit, self.slack = 1 / STEPS, len(features)
        self.ranks = cache(lambda point: ranks_of(dataset, point))
        self.columns = cache(lambda points: list(zip(*(self.ranks(point) for point in points), strict=True)))
        self.shares = []
        for feature in features:
            codes = [Fraction(str(code)) for code in feature.codes]  # as people write them: 0.1 is a tenth
            share = mismatch if feature.kind == "categorical" else share_of(codes)
            weight = len(features) if share_of is gower else 1
            self.shares.append([[share(a, b) // weight for b in codes] for a in codes])

    def all_from(self, point: int, others: tuple[int, ...]) -> Iterable[int]:
        axes = zip(self.shares, self.ranks(point), self.columns(others), strict=True)
        parts = (map(share[rank].__getitem__, column) for share, rank, column in axes)
        return reduce(partial(map, add), parts)

    def nearer(self, point: int, limit: float) -> Iterator[tuple[int, int]]:
        """Every point of the grid that is nearer to ``point`` than ``limit``, with its distance; on a grid of
        any size, for each level is left out that is too far by itself or with those before it."""
        axes = [
            (len(shares), sorted((share, other) for other, share in enumerate(shares[rank])))
            for shares, rank in zip(self.shares, self.ranks(point), strict=True)
        ]

        def onward(axis, number, away):
            if axis == len(axes):
                yield number, away
                return
            size, levels = axes[axis]
            for share, rank in levels:
                if away + share >= limit:
                    break
                yield from onward(axis + 1, number * size + rank, away + share)

        return onward(0, 0, 0)


class Cosines(Distances):
    """1 - cosine of two embeddings, as unit vectors in multiples of 2^-26: equal distances are equal."""

    unit, slack = 1.0, EMBEDDED

    def __init__(self, dataset: Dataset, path: Path):
        import numpy as np

        vectors = np.load(path).astype(float)
        if vectors.ndim != 2 or len(vectors) != dataset.size:
            raise ValueError(f"shape {vectors.shape} for {dataset.size} points")
        units = vectors / np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        self.vectors = np.round(units * 2**26) / 2**26
        self.lengths = np.sqrt((self.vectors * self.vectors).sum(axis=1))

    def all_from(self, point: int, others: tuple[int, ...]) -> Iterable[float]:
        some = list(others)
        cosines = self.vectors[some] @ self.vectors[point] / self.lengths[some] / self.lengths[point]
        return (max(0.0, 1 - cosine) for cosine in cosines.tolist())


def mismatch(a: Fraction, b: Fraction) -> int:
    return (a != b) * STEPS


def gower(codes: list[Fraction]):
    """|a - b| / range, before the mean over the features is taken."""
    width = max(codes) - min(codes)
    return lambda a, b: math.floor(abs(a - b) / width * STEPS)


def l1(codes: list[Fraction]):
    """|a - b| / MAD."""
    middle = median(codes)
    mad = median([abs(code - middle) for code in codes])
    return lambda a, b: math.floor(abs(a - b) / mad * STEPS)


def l2(codes: list[Fraction]):
    """(a - b)^2 / standard deviation."""
    mean = sum(codes) / len(codes)
    variance = sum((code - mean) ** 2 for code in codes) / len(codes)
    return lambda a, b: math.isqrt(math.floor((a - b) ** 4 / variance * STEPS**2))


SHARES = {"gower": gower, "l1": l1, "l2": l2}
