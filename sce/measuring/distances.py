"""Distances between the points of a full grid, and the nearest point of each prediction (design 3 and 4).

Every comparison of two distances is made in integers, so that float noise neither loses an exact match nor
decides a tie. ``gower`` and ``l1`` are sums of rational shares, one per feature: whole multiples of one
common unit. ``l2`` divides by standard deviations, square roots of rationals. Features whose variances differ
by the square of a rational have a common unit; square roots from different such groups are linearly
independent over the rationals, so two distances are equal if and only if their whole numbers agree group by
group.

On a full grid the nearest member of a class is a separable transform: each axis in turn combines, along its
lines, what the axes before it have found. Time grows with the number of points (for squares: times the levels
of one axis, at worst), memory with the number of points. No matrix of all pairs is made except on request.
"""

import hashlib
import json
import math
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from sce.errors import InputError

# What can become of a row (design 1). Scores average over the kept ones and count all the others.
STATUSES = (
    "kept",
    "no_prediction",
    "unparseable_sce",
    "missing_feature",
    "off_grid",
    "no_prediction_at_sce",
    "request_failed",
    "truncated",
    "refused",
)
NONE = -1  # no prediction; no such point
FAR = 2**62  # farther than any distance, with room to add one more without overflow
BLOCK = 2**15  # numbers that stay in the processor's cache while they are worked on
LONG = 40  # levels beyond which parabolas are quicker than trying every pair of levels, on larger grids


# --- the family: what one feature adds to a distance (design 3) ---


@dataclass(frozen=True)
class Share:
    """What one feature adds to a distance: weight * sqrt(root) * gap(x - z), with exact numbers.

    ``gap`` is "absolute" (|x - z|), "square" ((x - z)^2) or "mismatch" (1 where x and z differ).
    """

    gap: str
    weight: Fraction
    root: Fraction = Fraction(1)


GAPS = {"absolute": np.abs, "square": np.square, "mismatch": lambda d: (d != 0).astype(np.int64)}


def gower(levels: list[Fraction], categorical: bool, features: int) -> Share:
    """Mean over features of |x - z| / range, or of 0/1 for a categorical one (design 3)."""
    if categorical:
        return Share("mismatch", Fraction(1, features))
    return Share("absolute", 1 / (features * (max(levels) - min(levels))))


def l1(levels: list[Fraction], categorical: bool, features: int) -> Share:
    """Sum over features of |x - z| / MAD, a categorical mismatch counting 1 (design 3)."""
    if categorical:
        return Share("mismatch", Fraction(1))
    middle = median(levels)
    return Share("absolute", 1 / median(abs(level - middle) for level in levels))


def l2(levels: list[Fraction], categorical: bool, features: int) -> Share:
    """Sum over features of (x - z)^2 / standard deviation, a categorical mismatch counting 1 (design 3)."""
    if categorical:
        return Share("mismatch", Fraction(1))
    mean = sum(levels) / len(levels)
    variance = sum((level - mean) ** 2 for level in levels) / len(levels)
    return Share("square", Fraction(1), 1 / variance)


# --- separable distances on the grid ---


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

    def transform(self, points: int):
        """The quickest way to take this axis of a grid of so many points; all ways give the same."""
        steps = np.diff(self.positions)
        if self.gap == "absolute" and ((steps > 0).all() or (steps < 0).all()):
            return _sweep
        if self.gap == "square" and (steps > 0).all() and self.size > LONG and points > BLOCK:
            return _envelope
        return _shift


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

        ``labels``: integers (N,), anything but 0 and 1 belonging to no class. Returns ids int64 (N, 2), -1
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
            axis.transform(self.size)(axis, keys, ids)
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
        # Levels so odd that their unit would overflow get the finest that does not: 2^-60 of the farthest.
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


def _sweep(axis, keys, ids):
    """One axis of the transform where ways add up: there and back along the lines (size, lines), in place.

    On a tie the way from the left wins, whose source has the smaller rank.
    """
    steps = axis.costs(1)[:, 0]
    for here in range(1, axis.size):
        _take(keys[here], ids[here], keys[here - 1] + steps[here - 1], ids[here - 1], np.less_equal)
    for here in range(axis.size - 2, -1, -1):
        _take(keys[here], ids[here], keys[here + 1] + steps[here], ids[here + 1], np.less)


def _shift(axis, keys, ids):
    """One axis of the transform for any gap: each pair of levels, by growing shift between them, in place."""
    width = max(1, BLOCK // axis.size)
    for start in range(0, keys.shape[1], width):
        lines = slice(start, start + width)
        old_keys, old_ids = keys[:, lines].copy(), ids[:, lines].copy()
        best, source = old_keys.copy(), old_ids.copy()
        for shift in range(1, axis.size):
            costs = axis.costs(shift)
            _take(best[shift:], source[shift:], old_keys[:-shift] + costs, old_ids[:-shift], np.less_equal)
            _take(best[:-shift], source[:-shift], old_keys[shift:] + costs, old_ids[shift:], np.less)
        keys[:, lines], ids[:, lines] = best, source


def _take(keys, ids, offered_keys, offered_ids, better):
    won = better(offered_keys, keys)
    np.copyto(keys, offered_keys, where=won)
    np.copyto(ids, offered_ids, where=won)


def _envelope(axis, keys, ids):
    """One axis of the transform for squares: the lower envelope of one parabola per level, in place.

    The method of Felzenszwalb and Huttenlocher (Theory of Computing 8, 2012), over many lines at a time and
    in integers: a later parabola counts as lower only where it is strictly so, hence ties go to the smaller
    rank.
    """
    width = max(1, 64 * BLOCK // axis.size)
    for start in range(0, keys.shape[1], width):
        lines = slice(start, start + width)
        old_keys, old_ids = keys[:, lines].copy(), ids[:, lines].copy()
        lowest = _lowest_parabolas(axis, old_keys)
        costs = np.square(axis.positions[:, None] - axis.positions[lowest]) * axis.key
        # Lines without any member stay at FAR.
        keys[:, lines] = np.minimum(np.take_along_axis(old_keys, lowest, axis=0) + costs, FAR)
        ids[:, lines] = np.take_along_axis(old_ids, lowest, axis=0)


def _lowest_parabolas(axis, keys):
    """For each level of each line the rank of the level whose parabola is the lowest there: (size, lines)."""
    x = axis.positions
    count = keys.shape[1]
    heights = keys + (x**2 * axis.key)[:, None]
    ranks = np.zeros(keys.shape, np.int64)  # per line the parabolas of its envelope so far, a stack,
    begins = np.zeros(keys.shape, np.int64)  # the first position where each is the lowest,
    top = np.full(count, -1)  # and the place of the last one
    for rank in range(axis.size):
        lines = np.flatnonzero(keys[rank] < FAR)
        while len(lines):
            last = top[lines]
            beneath = ranks[last, lines]
            rise = heights[rank, lines] - heights[beneath, lines]
            run = 2 * axis.key * (x[rank] - x[beneath])
            begin = np.where(last < 0, 0, rise // np.maximum(run, 1) + 1)
            beaten = (last >= 0) & (begin <= begins[last, lines])
            settled, place = lines[~beaten], last[~beaten] + 1
            top[settled], ranks[place, settled], begins[place, settled] = place, rank, begin[~beaten]
            lines = lines[beaten]
            top[lines] -= 1

    lowest = np.empty(keys.shape, np.int64)
    at = np.zeros(count, np.int64)
    for rank in range(axis.size):
        lines = np.arange(count)
        while len(lines):
            following = np.minimum(at[lines] + 1, axis.size - 1)
            lines = lines[(at[lines] < top[lines]) & (begins[following, lines] <= x[rank])]
            at[lines] += 1
        lowest[rank] = ranks[at, np.arange(count)]
    return lowest


# --- distances between descriptions ---


class EmbeddedSpace:
    """A dataset's points under 1 - cosine of the embeddings of their descriptions (design 3).

    The unit vectors are rounded to multiples of 2^-26, finer than their own precision. All products and sums
    are then exact in float64, whatever the order of summation, the block size or the number of threads: a
    distance is the same float wherever it is computed, and ties are decided on it.
    """

    def __init__(self, dataset, embeddings):
        """``embeddings``: floats (N, dimensions) in point_id order. Raises InputError for anything else."""
        if embeddings is None or np.ndim(embeddings) != 2 or len(embeddings) != dataset.size:
            found = "nothing" if embeddings is None else f"shape {np.shape(embeddings)}"
            allowed = f"one row of numbers for each of the {dataset.size} points (semantic.embed)"
            raise InputError(f"dataset {dataset.name}", "embeddings", found, allowed)
        vectors = np.asarray(embeddings, dtype=float)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise InputError(f"dataset {dataset.name}", "embeddings", "zeros or no numbers", "finite vectors")
        self.size = dataset.size
        self.vectors = np.rint(vectors / lengths * 2**26) / 2**26
        self.squares = np.einsum("ij,ij->i", self.vectors, self.vectors)

    def between(self, a, b) -> np.ndarray:
        """Distances from the points ``a`` to the points ``b``: integer arrays of one shape (n,)."""
        a, b = np.atleast_1d(a), np.atleast_1d(b)
        result = np.empty(len(a))
        for rows in _blocks(len(a), self.vectors.shape[1]):
            products = np.einsum("ij,ij->i", self.vectors[a[rows]], self.vectors[b[rows]])
            result[rows] = _one_minus_cosine(products, self.squares[a[rows]] * self.squares[b[rows]])
        return result

    def nearest(self, labels) -> np.ndarray:
        """As GridSpace.nearest, by blocks of the product of all points with the members of each class."""
        ids = np.full((self.size, 2), NONE)
        for label in (0, 1):
            members = np.flatnonzero(labels == label)
            if len(members):
                for rows in _blocks(self.size, len(members)):
                    ids[rows, label] = members[self._rows(rows, members).argmin(axis=1)]
        return ids

    def matrix(self) -> np.ndarray:
        """All distances as float32 (N, N)."""
        result = np.empty((self.size, self.size), np.float32)
        for rows in _blocks(self.size, self.size):
            result[rows] = self._rows(rows, slice(None))
        return result

    def _rows(self, rows, columns):
        products = self.vectors[rows] @ self.vectors[columns].T
        return _one_minus_cosine(products, self.squares[rows, None] * self.squares[columns])


def _one_minus_cosine(products, squares):
    return np.maximum(1 - products / np.sqrt(squares), 0)


def _blocks(rows, columns):
    """Slices over ``rows`` so that one by ``columns`` holds some 4 million numbers."""
    height = max(1, 2**22 // columns)
    return [slice(start, min(start + height, rows)) for start in range(0, rows, height)]


# --- the metrics by name, and what is measured with them ---


def separable(share, published_quirk=True):
    """The family member made of one Share per feature.

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


def space(dataset, metric: str, embeddings=None, as_published=False):
    """The points of ``dataset`` under a metric: ``between(a, b)``, ``nearest(labels)`` and ``matrix()``.

    Raises InputError for an unknown metric and for one that the dataset cannot support.
    """
    if metric not in METRICS:
        raise InputError(f"dataset {dataset.name}", "metric", metric, "one of " + ", ".join(METRICS))
    return METRICS[metric](dataset, embeddings, as_published)


def nearest(dataset, labels, metric: str, embeddings=None) -> tuple[np.ndarray, np.ndarray]:
    """For every point and class the nearest point of that class, and how far it is.

    ``labels``: integers (N,), 0 and 1 being the classes. Returns ids int64 (N, 2), -1 for an empty class, and
    distances float64 (N, 2), NaN there. Smallest point_id among equally near ones.
    """
    points = space(dataset, metric, embeddings)
    ids = points.nearest(_labels(dataset, labels))
    distances = np.full(ids.shape, np.nan)
    for label in (0, 1):
        if ids[0, label] != NONE:
            distances[:, label] = points.between(np.arange(dataset.size), ids[:, label])
    return ids, distances


def measure(dataset, predictions, sces, metric: str, embeddings=None, as_published=False) -> pd.DataFrame:
    """The ``distances`` artifact: one row per row of ``sces``, in its order (design 1, 4 and 6).

    dataset: the sce.grids.datasets.Dataset.
    predictions: int8 (N,), the index of the option predicted at every grid point, -1 for none. Codes above 1
        stand for answers outside the options, which only published files have: such rows count in validity
        and mean distance and nowhere else.
    sces: columns condition, point_id, target (option or null: then the option not predicted), sce_point_id,
        status ("ok" or a reason of design 1), and perhaps prediction_at_sce (option or null): the model's own
        verdict on an instance off the grid, which sets ``valid`` there; its distances stay null.
    metric: a name in METRICS; "semantic" needs ``embeddings`` (N, dimensions).

    With x the point, x' its SCE, t the target, f the predictions: distance d(x, x'), nearest_distance
    m = min d(x, z) over f(z) = t, excess d - m and relative_excess d/m - 1 on valid rows, shortfall
    b = min d(x', z) over f(z) != f(x') and relative_shortfall b/m on invalid ones. Undefined is null.
    Raises InputError for an unknown metric, a target that is no option, points that are not on the grid.
    """
    points = space(dataset, metric, embeddings, as_published)
    predictions = _labels(dataset, predictions)
    x = _point_ids(dataset, sces, "point_id")
    y = _point_ids(dataset, sces, "sce_point_id")
    target = _options(dataset, sces, "target")
    status = _statuses(sces, predictions, x, y)
    kept = status == "kept"

    at_x, at_y = predictions[x], np.where(kept, predictions[y], NONE)
    target = np.where((target == NONE) & (at_x >= 0) & (at_x <= 1), 1 - at_x, target)
    valid = kept & (at_y == target)
    judged = kept
    if "prediction_at_sce" in sces:
        verdict = _options(dataset, sces, "prediction_at_sce")
        verified = (status == "off_grid") & (at_x != NONE) & (verdict != NONE)
        valid |= verified & (verdict == target)
        judged = kept | verified

    ids = points.nearest(predictions)
    counted = kept & (at_x <= 1) & (target != NONE)
    near = _nearest_of(ids, x, target, counted)
    beyond = _nearest_of(ids, y, 1 - at_y, counted & ~valid & (at_y <= 1))

    distance = _distances(points, x, y, kept)
    to_boundary = _distances(points, x, near, near != NONE)
    shortfall = _distances(points, y, beyond, beyond != NONE)
    excess = np.where(valid, distance - to_boundary, np.nan)
    base = np.where(to_boundary > 0, to_boundary, np.nan)
    return pd.DataFrame(
        {
            "condition": sces["condition"].array,
            "metric": pd.array([metric], dtype="str").repeat(len(sces)),
            "point_id": x,
            "sce_point_id": pd.array(sces["sce_point_id"], dtype="Int64"),
            "status": status,
            "valid": pd.arrays.BooleanArray(valid, ~judged),
            "distance": distance,
            "nearest_point_id": pd.arrays.IntegerArray(near, near == NONE),
            "nearest_distance": to_boundary,
            "excess": excess,
            "relative_excess": excess / base,
            "shortfall": shortfall,
            "relative_shortfall": shortfall / base,
        }
    )


def _labels(dataset, labels):
    labels = np.asarray(labels)
    if labels.shape != (dataset.size,):
        raise InputError(
            f"dataset {dataset.name}", "predictions", f"shape {labels.shape}", f"({dataset.size},)"
        )
    return labels.astype(np.int64)


def _point_ids(dataset, sces, column):
    """A column of point ids as int64, -1 where null."""
    ids = pd.array(sces[column], dtype="Int64").to_numpy(dtype=np.int64, na_value=NONE)
    lowest = 0 if column == "point_id" else NONE
    wrong = (ids < lowest) | (ids >= dataset.size)
    if wrong.any():
        raise InputError(
            f"dataset {dataset.name}", column, int(ids[wrong][0]), f"a point_id below {dataset.size}"
        )
    return ids


def _options(dataset, sces, column):
    """A column of options as their indices, -1 where null."""
    values = sces[column].to_numpy(dtype=object)
    codes = np.full(len(values), NONE)
    for code, option in enumerate(dataset.options):
        codes[values == option] = code
    unknown = (codes == NONE) & ~pd.isna(values)
    if unknown.any():
        found = values[unknown][0]
        raise InputError(f"dataset {dataset.name}", column, found, "one of " + ", ".join(dataset.options))
    return codes


def _statuses(sces, predictions, x, y):
    """What became of every row (design 1): an array of STATUSES."""
    given = sces["status"].to_numpy(dtype=object)
    unknown = set(given) - set(STATUSES) - {"ok"} | set(given) & {"kept"}
    if unknown:
        allowed = "one of " + ", ".join(("ok", *STATUSES[1:]))
        raise InputError("the SCEs", "status", sorted(map(str, unknown))[0], allowed)
    ok = given == "ok"
    reasons = [
        ok & (predictions[x] == NONE),
        ok & (y == NONE),
        ok & (predictions[y] == NONE),
        ok,
    ]
    return np.select(reasons, ["no_prediction", "off_grid", "no_prediction_at_sce", "kept"], given)


def _nearest_of(ids, points, labels, rows):
    """For the ``rows`` (bools) the point nearest to ``points`` with the label; -1 elsewhere."""
    result = np.full(len(points), NONE)
    result[rows] = ids[points[rows], labels[rows]]
    return result


def _distances(points, a, b, rows):
    """Distances of the ``rows`` (bools) from a to b; NaN elsewhere."""
    result = np.full(len(a), np.nan)
    result[rows] = points.between(a[rows], b[rows])
    return result


# --- matrices, for people and notebooks ---


def distance_matrix(dataset, metric: str, embeddings=None) -> np.ndarray:
    """All distances as float32 (N, N), rows and columns in point_id order. 4 N^2 bytes."""
    return space(dataset, metric, embeddings).matrix()


def write_matrix(path, dataset, metric: str, embeddings=None, largest: int = 10_000) -> None:
    """Write the matrix to ``path`` (.npy) and what it holds to the .json beside it, each whole or not at all.

    Raises InputError for a dataset of more than ``largest`` points.
    """
    if dataset.size > largest:
        raise InputError(f"dataset {dataset.name}", "points", dataset.size, f"up to {largest} for a matrix")
    path = Path(path)
    matrix = distance_matrix(dataset, metric, embeddings)
    features = {
        name: {"kind": feature.kind, "levels": feature.codes} for name, feature in dataset.features.items()
    }
    note = {
        "dataset": dataset.name,
        "metric": metric,
        "features": features,
        "levels_sha256": hashlib.sha256(json.dumps(features).encode()).hexdigest(),
        "order": "row i and column i: point_id i, row-major over the features as listed, the last fastest",
        "points": dataset.size,
        "dtype": str(matrix.dtype),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with open(partial, "wb") as file:
        np.save(file, matrix)
    partial.replace(path)
    partial.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    partial.replace(path.with_suffix(".json"))
