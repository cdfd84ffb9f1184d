"""Distances and nearest points by trying all (docs/protocol.md, Distances), in whole numbers.

A feature's share of a distance is a fraction, or the root of one (l2); it is kept as a whole number of steps
of 10^-40, rounded down. Two sums that differ by less than a step for each feature are the same distance.
"""

import math
from fractions import Fraction
from pathlib import Path
from statistics import median

from sce.auditing.replies import level_codes
from sce.grids.datasets import Dataset

STEPS = 10**40
EMBEDDED = 1e-12  # how far the embedded distances of two ways may lie apart


def distances_of(dataset: Dataset, metric: str, embeddings: Path | None):
    """The distances between points of a dataset; None for a metric of which nothing is known here."""
    if metric in SHARES:
        return Sums(dataset, SHARES[metric])
    return Cosines(embeddings) if metric == "semantic" and embeddings else None


class Distances:
    """``between(a, b)`` in units of ``unit``; two that differ by at most ``slack`` of them are the same."""

    unit: float
    slack: float

    def nearest(self, point: int, others: tuple[int, ...]) -> tuple[float, list[int]]:
        """The distance to the nearest of ``others``, and all of them that are as near."""
        away = [self.between(point, other) for other in others]
        least = min(away)
        return least, [other for other, d in zip(others, away, strict=True) if d - least <= self.slack]


class Sums(Distances):
    """Sums of one share per feature."""

    def __init__(self, dataset: Dataset, share):
        features = list(dataset.features.values())
        self.unit, self.slack = 1 / STEPS, len(features)
        self.ranks = [ranks_of(dataset, point) for point in range(dataset.size)]
        self.shares = [
            [[share([_exact(c) for c in f.codes], f.kind, a, b, len(features)) for b in range(len(f.codes))]
             for a in range(len(f.codes))]
            for f in features
        ]  # fmt: skip

    def between(self, a: int, b: int) -> int:
        return sum(share[i][j] for share, i, j in zip(self.shares, self.ranks[a], self.ranks[b], strict=True))


class Cosines(Distances):
    """1 - cosine of two embeddings, as unit vectors in multiples of 2^-26: equal distances are equal."""

    unit, slack = 1.0, EMBEDDED

    def __init__(self, path: Path):
        import numpy as np

        vectors = np.load(path).astype(float)
        units = vectors / np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        self.vectors = np.round(units * 2**26) / 2**26
        self.lengths = np.sqrt((self.vectors * self.vectors).sum(axis=1))

    def between(self, a: int, b: int) -> float:
        return self.nearest(a, (b,))[0]

    def nearest(self, point: int, others: tuple[int, ...]) -> tuple[float, list[int]]:
        some = list(others)
        cosines = self.vectors[some] @ self.vectors[point] / self.lengths[some] / self.lengths[point]
        away = 1 - cosines
        least = max(0.0, float(away.min()))
        return least, [other for other, d in zip(others, away, strict=True) if d - least <= self.slack]


def gower(codes, kind, a, b, features) -> int:
    if kind == "categorical":
        return math.floor(Fraction(a != b, features) * STEPS)
    return math.floor(abs(codes[a] - codes[b]) / (max(codes) - min(codes)) / features * STEPS)


def l1(codes, kind, a, b, features) -> int:
    if kind == "categorical":
        return (a != b) * STEPS
    middle = median(codes)
    return math.floor(abs(codes[a] - codes[b]) / median([abs(code - middle) for code in codes]) * STEPS)


def l2(codes, kind, a, b, features) -> int:
    if kind == "categorical":
        return (a != b) * STEPS
    mean = sum(codes) / len(codes)
    variance = sum((code - mean) ** 2 for code in codes) / len(codes)
    return math.isqrt(math.floor((codes[a] - codes[b]) ** 4 / variance * STEPS**2))


SHARES = {"gower": gower, "l1": l1, "l2": l2}


def ranks_of(dataset, point):
    codes = level_codes(dataset, point)
    return [feature.codes.index(codes[name]) for name, feature in dataset.features.items()]


def _exact(code):
    """A level as people write it: 0.1 is one tenth."""
    return Fraction(str(code))
