"""What a mean over rows is worth whose values hang together: through a shared x', and through neighbours.

Two rows with the same x' hang on one answer, which was asked once. The values of clusters of them are taken
for exchangeable, their intraclass correlation estimated by the analysis of variance, which pools over all
clusters and so stays steady where one cluster holds a quarter of the rows (Kish, Survey Sampling, 1965).

Neighbouring points of the grid give similar answers. How far that reaches is read off the autocovariance of
the values over the grid: pairs of points are counted by their distance (in lengths of the axes), outwards
until they no longer agree on average (Conley, Journal of Econometrics 92, 1999; the stop is Geyer's,
Statistical Science 7, 1992). Taking the mean off the values makes the autocovariances too small by the
variance of the mean itself; that is put back.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

CELLS = 25  # along an axis: longer ones are joined into cells, which costs nothing that could be seen
RING = 0.05  # width of the rings of distance, in lengths of the axes
CHOSEN = 4  # degrees of freedom lost where the reach is read off the values (the simulation shows it)
LEAST = 0.4  # the share of them that stays at least
TRACE = 1e-10  # of what products could add up to: where they cancel, the transform leaves less than that
DENSE = 8  # so many labels a row are counted in less time than rows are sorted
WIDEST = 0.5  # share of all pairs of points within reach of each other beyond which nothing can be said


@dataclass(frozen=True)
class Lattice:
    """The axes of a grid: their numbers of levels, and which of them have an order."""

    shape: tuple[int, ...]
    ordered: tuple[bool, ...]

    @classmethod
    def of(cls, dataset) -> "Lattice":
        kinds = [feature.kind for feature in dataset.features.values()]
        return cls(tuple(dataset.shape), tuple(kind != "categorical" for kind in kinds))


@dataclass(frozen=True)
class Spread:
    """The variance of a mean (or other sum of contributions) and the degrees of freedom it is known with."""

    variance: float
    degrees: float

    def __add__(self, other: "Spread") -> "Spread":
        """The sum of two independent parts; the degrees after Satterthwaite (Biometrics Bulletin 2, 1946)."""
        total = self.variance + other.variance
        if total == 0:
            return Spread(0.0, min(self.degrees, other.degrees))
        unknown = sum(part.variance**2 / part.degrees for part in (self, other) if part.variance)
        return Spread(total, total**2 / unknown if unknown else np.inf)


@dataclass(frozen=True)
class Clusters:
    """The clusters of n rows: the code of each row's own (n,), from 0 on, and how many rows each has."""

    codes: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, labels) -> "Clusters":
        """Rows with one label belong together; those labelled -1 stand alone."""
        labels = np.asarray(labels)
        alone = labels < 0
        if alone.any():
            labels = np.where(alone, labels.max(initial=0) + 1 + np.arange(len(labels)), labels)
        if labels.max(initial=0) > DENSE * len(labels):
            _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
            return cls(codes, sizes.astype(float))
        sizes = np.bincount(labels)  # the same without sorting
        some = sizes > 0
        return cls((np.cumsum(some) - 1)[labels], sizes[some].astype(float))

    @cached_property
    def effective(self) -> float:
        """So many clusters of one size would tell as much, were the rows of each all alike."""
        return float(self.sizes.sum() ** 2 / np.sum(self.sizes**2))

    def means(self, values) -> np.ndarray:
        return np.bincount(self.codes, values, len(self.sizes)) / self.sizes


@dataclass(frozen=True)
class Components:
    """The variance of one row's value, between the clusters (0 or more) and within them."""

    between: float
    within: float

    @classmethod
    def of(cls, values, clusters: Clusters) -> "Components":
        """By the analysis of variance of rows in two clusters or more."""
        n, many = len(values), len(clusters.sizes)
        means = clusters.means(values)
        among = np.sum(clusters.sizes * (means - values.mean()) ** 2) / (many - 1)
        if many == n:
            return cls(float(among), 0.0)
        inside = np.sum((values - means[clusters.codes]) ** 2) / (n - many)
        size = (n - np.sum(clusters.sizes**2) / n) / (many - 1)
        return cls(max(0.0, float((among - inside) / size)), float(inside))


def of_clusters(components: Components, clusters: Clusters) -> Spread:
    """The spread of the mean of rows in clusters."""
    n, many = clusters.sizes.sum(), len(clusters.sizes)
    between = Spread(components.between / clusters.effective, max(clusters.effective - 1, 1.0))
    return between + Spread(components.within / n, max(n - many, 1.0))


def without_clusters(values, clusters: Clusters, components: Components) -> np.ndarray:
    """The values less what their clusters, as far as can be told, put on them (n,)."""
    share = components.between * clusters.sizes
    total = share + components.within
    weight = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    effects = weight * (clusters.means(values) - values.mean())
    return values - values.mean() - effects[clusters.codes]


@dataclass(frozen=True)
class Neighbours:
    """Rows that stand at points of a lattice: the cell of each (n,), and how many ordered pairs of them there
    are by the ring of their distance."""

    lattice: Lattice
    cells: np.ndarray
    pairs: np.ndarray

    @classmethod
    def of(cls, points, lattice: Lattice) -> "Neighbours":
        cells = _cells(lattice)[0][points]
        return cls(lattice, cells, np.rint(_by_ring(None, cells, lattice)))


def of_neighbours(values, neighbours: Neighbours) -> Spread | None:
    """The spread of the mean of ``values`` (n,) of rows that are neighbours.

    None where more than WIDEST of all pairs of rows lie within reach of each other.
    """
    n = len(values)
    off = values - values.mean()
    alone = np.sum(off**2) / n / max(n - 1, 1)
    sums, pairs = _by_ring(off, neighbours.cells, neighbours.lattice), neighbours.pairs
    covered, agreed, largest = pairs[0], sums[0], np.max(off**2, initial=0.0)
    for many, agreement in zip(pairs[1:], sums[1:], strict=True):
        if many and agreement <= TRACE * many * largest:
            break
        covered, agreed = covered + many, agreed + agreement
        if covered > WIDEST * n**2:
            return None
    reach = covered / n**2
    if reach > WIDEST:
        return None
    # So many stretches are independent. The mean takes one from them, and reading off how long they are more.
    stretches = 1 / reach
    degrees = stretches - 1
    if covered > pairs[0]:
        degrees = max(stretches - CHOSEN, LEAST * degrees)
    return Spread(max(agreed / n**2 / (1 - reach), alone), max(degrees, 1.0))


@lru_cache(maxsize=8)
def _cells(lattice):
    """The cell of every point, and per difference of two cells (padded, flat) its ring, 0 for none.

    Levels without an order are as near as can be, but not in one cell.
    """
    from scipy import fft  # not at every reading of the Snakefile

    joined = [
        -(-size // CELLS) if order else 1 for size, order in zip(lattice.shape, lattice.ordered, strict=True)
    ]
    shape = [-(-size // join) for size, join in zip(lattice.shape, joined, strict=True)]
    ranks = np.unravel_index(np.arange(np.prod(lattice.shape)), lattice.shape)
    cells = np.ravel_multi_index([r // join for r, join in zip(ranks, joined, strict=True)], shape)
    padded = [fft.next_fast_len(2 * size - 1, real=True) for size in shape]
    squares = np.zeros(padded)
    for axis, (size, join, order) in enumerate(zip(lattice.shape, joined, lattice.ordered, strict=True)):
        steps = np.arange(padded[axis])
        lags = np.minimum(steps, padded[axis] - steps) * join / size * order
        squares += np.square(lags).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    rings = 1 + np.ceil(np.sqrt(squares) / RING - 1e-9).astype(np.int64).ravel()
    rings[0] = 0
    return cells, (tuple(shape), tuple(padded), rings)


def _by_ring(weights, cells, lattice):
    """Sum of products of the ``weights`` (n,), 1 where None, of ordered pairs of rows by the ring of their
    distance."""
    from scipy import fft

    _, (shape, padded, ring) = _cells(lattice)
    grid = np.bincount(cells, weights, math.prod(shape)).astype(float).reshape(shape)
    power = np.abs(fft.rfftn(grid, padded)) ** 2
    return np.bincount(ring, fft.irfftn(power, padded).ravel())
