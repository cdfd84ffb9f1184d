"""The points of a full grid under a distance that is a sum over features.

Every comparison of two distances is made in integers, so that float noise neither loses an exact match nor
decides a tie. Gower's distance and l1 are sums of rational shares, one per feature: whole multiples of one
common unit. l2 divides by standard deviations, square roots of rationals. Features whose variances differ by
the square of a rational have a common unit; square roots from different such groups are linearly independent
over the rationals, so two distances are equal if and only if their whole numbers agree group by group.

On a full grid the nearest member of a class is a separable transform (``sce.measuring.transforms``): each
axis in turn combines, along its lines, what the axes before it have found. Time grows with the number of
points (for squares: times the levels of one axis, at worst), memory with the number of points. No matrix of
all pairs is made except on request.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sce.errors import InputError
from sce.measuring.codes import NONE
from sce.measuring.transforms import FAR, quickest


@dataclass(frozen=True)
class Share:
    """What one feature adds to a distance: weight * sqrt(root) * gap(x - z), with exact numbers.

    ``gap`` is "absolute" (|x - z|), "square" ((x - z)^2) or "mismatch" (1 where x and z differ).
    """

    gap: str
    weight: Fraction
    root: Fraction = Fraction(1)


GAPS = {"absolute": np.abs, "square": np.square, "mismatch": lambda d: (d != 0).astype(np.int64)}


@dataclass(frozen=True)
class Axis:
    """One feature of the grid: level k stands at the integer ``positions[k]``.

    Two levels differ by ``count * gap(difference)`` whole units of the ``group``; ``key`` replaces ``count``
    on the integer scale on which distances of all groups are compared.
    """

    positions: np.ndarray
    gap: str
    count: int
    group: int
    key: int

    @property
    def size(self) -> int:
        return len(self.positions)

    def units(self, a, b):
        """Whole units between the levels of rank ``a`` and ``b`` (integer arrays that broadcast)."""
        return GAPS[self.gap](self.positions[a] - self.positions[b]) * self.count

    def costs(self, shift: int):
        """Keys between each level and the one ``shift`` ranks further: int64 (size - shift, 1)."""
        difference = self.positions[shift:] - self.positions[:-shift]
        return (GAPS[self.gap](difference) * self.key)[:, None]


class GridSpace:
    """A dataset's full grid under a distance that is a sum over features, one exact Share each."""

    def __init__(self, dataset, share, codes_are_numbers=False):
        """``share(levels, categorical, features) -> Share``.

        ``codes_are_numbers``: take the codes of categorical features for numbers, as the published code does
        under l1 and l2. Raises InputError where a feature's levels cannot carry the distance.
        """
        self.size = dataset.size
        places, shares = [], []
        for name, feature in dataset.features.items():
            levels = [Fraction(str(code)) for code in feature.codes]
            categorical = feature.kind == "categorical" and not codes_are_numbers
            try:
                term = share(levels, categorical, len(dataset.features))
            except ZeroDivisionError:
                found = f"{len(levels)} levels without spread"
                raise InputError(f"dataset {dataset.name}", name, found, "levels that differ") from None
            positions, step = _positions(levels, term.gap)
            reach = _reach(positions, term.gap)
            if reach >= FAR:
                allowed = "levels whose squared differences, in their smallest step, stay below 2^62"
                raise InputError(f"dataset {dataset.name}", name, f"differences up to {reach}", allowed)
            size = {"absolute": step, "square": step**2, "mismatch": 1}[term.gap]
            places.append((positions, reach))
            shares.append((term, term.weight * size))
        self.axes, self.units = _on_one_scale(places, shares)

    def between(self, a, b) -> np.ndarray:
        """Distances from the points ``a`` to the points ``b`` (integer arrays that broadcast).

        Equal distances give the very same float, so ``==`` between results is exact.
        """
        totals = [0] * len(self.units)
        stride = self.size
        for axis in self.axes:
            stride //= axis.size
            totals[axis.group] += axis.units(a // stride % axis.size, b // stride % axis.size)
        return sum(total * unit for total, unit in zip(totals, self.units, strict=True))

    def nearest(self, labels) -> np.ndarray:
        """For every point x and class c the nearest point z with labels[z] == c; smallest id among equals.

        ``labels``: integers (N,), anything but 0 and 1 belonging to no class. Returns ids int64 (N, 2), NONE
        for an empty class. Axes run from the last to the first: a smaller rank along an axis then always
        means a smaller point id, which settles ties.
        """
        members = np.stack([labels == 0, labels == 1])
        keys = np.where(members, 0, FAR)
        ids = np.tile(np.arange(self.size), (2, 1))
        for axis in reversed(self.axes):
            # The last axis moves to the front; after a full turn every axis is back and the class comes last.
            keys = np.ascontiguousarray(keys.reshape(-1, axis.size).T)
            ids = np.ascontiguousarray(ids.reshape(-1, axis.size).T)
            quickest(axis, self.size)(axis, keys, ids)
        ids = ids.reshape(self.size, 2)
        ids[:, ~members.any(axis=1)] = NONE
        return ids

    def matrix(self) -> np.ndarray:
        """All distances as float32 (N, N): the axes' small matrices, joined one after the other."""
        joined = np.zeros((1, 1))
        for axis in self.axes:
            ranks = np.arange(axis.size)
            own = axis.units(ranks[:, None], ranks) * self.units[axis.group]
            side = len(joined) * axis.size
            kind = np.float32 if axis is self.axes[-1] else np.float64
            wider = np.empty((len(joined), axis.size, len(joined), axis.size), kind)
            np.add(joined[:, None, :, None], own[None, :, None, :], out=wider, casting="same_kind")
            joined = wider.reshape(side, side)
        return joined


def _positions(levels, gap):
    """The levels as int64 counted in their largest common step from the least one, and that step."""
    if gap == "mismatch":
        return np.arange(len(levels)), Fraction(1)
    step = _common_unit([level - levels[0] for level in levels])
    low = min(levels)
    return np.array([int((level - low) / step) for level in levels]), step


def _reach(positions, gap):
    """The largest gap between two levels, as a Python integer, which cannot overflow."""
    span = int(positions.max()) - int(positions.min())
    return {"absolute": span, "square": span**2, "mismatch": 1}[gap]


def _common_unit(numbers):
    """The largest rational of which all ``numbers`` (rationals, not all zero) are whole multiples."""
    scale = math.lcm(*(number.denominator for number in numbers))
    return Fraction(math.gcd(*(int(number * scale) for number in numbers)), scale)


def _on_one_scale(places, shares):
    """The Axes, and per group of commensurable ones the size of its unit as a float."""
    roots, groups, counts = [], [], []
    for term, size in shares:
        ratios = [_rational_root(term.root / root) for root in roots]
        group = next((i for i, ratio in enumerate(ratios) if ratio is not None), len(roots))
        if group == len(roots):
            roots.append(term.root)
            ratios.append(Fraction(1))
        groups.append(group)
        counts.append(size * ratios[group])

    units = []
    for group in range(len(roots)):
        members = [i for i, own in enumerate(groups) if own == group]
        unit = _common_unit([counts[i] for i in members])
        farthest = sum(counts[i] * places[i][1] for i in members)
        # Where the common unit of the levels is so small that counts would overflow, take the finest that
        # does not: 2^-60 of the farthest.
        units.append(max(unit, farthest / 2**60))
        for i in members:
            counts[i] = round(counts[i] / units[group])

    scales = _scales(units, roots, groups, counts, places)
    axes = [
        Axis(positions, term.gap, counts[i], groups[i], counts[i] * scales[groups[i]])
        for i, ((positions, _), (term, _)) in enumerate(zip(places, shares, strict=True))
    ]
    return axes, [float(unit) * math.sqrt(root) for unit, root in zip(units, roots, strict=True)]


def _scales(units, roots, groups, counts, places):
    """Per group the integer that stands for its unit where distances are compared.

    One group: 1, and comparison is exact. Several: the units as whole multiples of about 2^-60 of the
    farthest distance. Equal distances still get equal keys; different ones nearer to each other than that
    times their number of units (about 1e-12 of the farthest distance) could be taken for equal.
    """
    if len(units) == 1:
        return [1]
    farthest = sum(
        counts[i] * reach * units[groups[i]] * Fraction(math.sqrt(roots[groups[i]]))
        for i, (_, reach) in enumerate(places)
    )
    fine = 2**60 / farthest
    return [max(1, _isqrt(unit**2 * root * fine**2)) for unit, root in zip(units, roots, strict=True)]


def _isqrt(number):
    return math.isqrt(number.numerator // number.denominator)


def _rational_root(number):
    """The square root of a rational if it is rational too, else None."""
    above, below = math.isqrt(number.numerator), math.isqrt(number.denominator)
    exact = above**2 == number.numerator and below**2 == number.denominator
    return Fraction(above, below) if exact else None
