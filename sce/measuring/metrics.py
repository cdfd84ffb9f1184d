"""The distances by name. A new one is added here.

Formulas and their sources: docs/protocol.md, Distances. This module is read with the Snakefile, so what it
imports must be quick to import.
"""

from fractions import Fraction
from statistics import median

import numpy as np

from sce.errors import InputError
from sce.measuring.codes import NONE, for_every_point
from sce.measuring.embedded_space import EmbeddedSpace
from sce.measuring.spaces import GridSpace, Share


def gower(levels: list[Fraction], categorical: bool, features: int) -> Share:
    """Mean over features of |x - z| / range, or of 0/1 for a categorical one."""
    if categorical:
        return Share("mismatch", Fraction(1, features))
    return Share("absolute", 1 / (features * (max(levels) - min(levels))))


def l1(levels: list[Fraction], categorical: bool, features: int) -> Share:
    """Sum over features of |x - z| / MAD, a categorical mismatch counting 1."""
    if categorical:
        return Share("mismatch", Fraction(1))
    middle = median(levels)
    return Share("absolute", 1 / median(abs(level - middle) for level in levels))


def l2(levels: list[Fraction], categorical: bool, features: int) -> Share:
    """Sum over features of (x - z)^2 / standard deviation, a categorical mismatch counting 1."""
    if categorical:
        return Share("mismatch", Fraction(1))
    mean = sum(levels) / len(levels)
    variance = sum((level - mean) ** 2 for level in levels) / len(levels)
    return Share("square", Fraction(1), 1 / variance)


def separable(share, published_quirk=True):
    """A metric that is a sum over features, one Share each.

    ``published_quirk``: whether the published code takes categorical codes for numbers under this metric.
    """

    def points(dataset, embeddings, as_published):
        return GridSpace(dataset, share, codes_are_numbers=published_quirk and as_published)

    return points


# A metric is a function (dataset, embeddings, as_published) -> an object with between, nearest and matrix.
METRICS = {
    "gower": separable(gower, published_quirk=False),
    "l1": separable(l1),
    "l2": separable(l2),
    "semantic": lambda dataset, embeddings, as_published: EmbeddedSpace(dataset, embeddings),
}
MAIN_METRIC = "gower"  # the one of a figure with room for one; the names of scores need no word for it
# How large a distance can be by its definition, on any grid; those that are not here have no such limit.
LARGEST = {"gower": 1.0, "semantic": 2.0}
OVER_EMBEDDINGS = {"semantic"}  # metrics that are no sum over features, but need the descriptions' embeddings


def space(dataset, metric: str, embeddings=None, as_published=False):
    """The points of ``dataset`` under a metric: ``between(a, b)``, ``nearest(labels)`` and ``matrix()``.

    Raises InputError for an unknown metric and for one that the dataset cannot support.
    """
    if metric not in METRICS:
        raise InputError(f"dataset {dataset.name}", "metric", metric, "one of " + ", ".join(METRICS))
    return METRICS[metric](dataset, embeddings, as_published)


def nearest(dataset, labels, metric: str, embeddings=None) -> tuple[np.ndarray, np.ndarray]:
    """For every point and class the nearest point of that class, and how far it is.

    ``labels``: integers (N,), 0 and 1 being the classes. Returns ids int64 (N, 2), NONE for an empty class,
    and distances float64 (N, 2), NaN there. Smallest point_id among equally near ones.
    """
    points = space(dataset, metric, embeddings)
    ids = points.nearest(for_every_point(dataset, labels))
    distances = np.full(ids.shape, np.nan)
    for label in (0, 1):
        if ids[0, label] != NONE:
            distances[:, label] = points.between(np.arange(dataset.size), ids[:, label])
    return ids, distances
