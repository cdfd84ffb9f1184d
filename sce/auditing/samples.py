"""Intervals over the samples of answers, where questions were asked several times (docs/statistics.md,
Samples), spelled out."""

import math
from collections import Counter
from functools import reduce

from sce.auditing.intervals import Interval, at_median, student
from sce.auditing.spreads import Spread, added, mean, members, variance

VALUES = [step / 40 for step in range(41)]  # that the probability of an answer may have
STEPS = 100  # of the expectation maximization
FEWEST = 6  # different x' of which it takes more than can be told
DEGREES = (8, 4)  # of freedom that an x' brings, to the variance of majorities and of shares


def over_answers(
    value: float, moves: list[float], spreads: list, points: int, least=-math.inf, most=math.inf
) -> Interval:
    """For a value that varies by independent ``spreads``, one of which is None where it cannot be told; as
    much as the mean of how many ``moves`` is the effective number."""
    if None in spreads:
        return Interval(clusters=points, refused=True)
    spread = reduce(added, spreads)
    half, p = student(value, spread)
    size = variance(moves) / spread.variance if spread.variance and variance(moves) else None
    return Interval(max(least, value - half), min(most, value + half), points, size, p)


def over_samples(
    value: float, moves: list[float], points: list[int], least=0.0, most=math.inf, more: list = ()
) -> Interval:
    """For a value that varies as the mean of ``moves`` does, by the samples of each point, and by ``more``
    spreads."""
    spreads = [of_samples(moves, points), *more]
    return over_answers(value, moves, spreads, len(set(points)), least, most)


def of_samples(values: list[float], points: list[int], weights: list[float] | None = None) -> Spread | None:
    """The spread of the sum of values times weights (of their mean, without), through chance alone."""
    clusters = members(points)
    n, many = len(values), len(clusters)
    if n == many:
        return None
    squares = [
        (values[row] - mean([values[each] for each in rows])) ** 2 for rows in clusters for row in rows
    ]
    half_a_square = 0.5 if set(values) <= {0, 1} else 0.0
    total = 1 / n if weights is None else math.fsum(weight**2 for weight in weights)
    return Spread((math.fsum(squares) + half_a_square) / (n - many) * total, n - many)


def of_median(values: list[float], below: list[float], points: list[int]) -> Interval:
    """``below``: 1 for the values up to the median."""
    shares = over_samples(0.5, below, points, most=1.0)
    return shares if shares.refused else at_median(values, shares)


def through_answers_at_x(weighted: list[tuple[dict, float]]) -> tuple[Spread | None, Spread | None]:
    """The spread of validity, by majorities and by single answers, that comes of other answers at x'; None
    where it cannot be told. ``weighted``: kept rows with their weights in it."""
    at = {}
    for row, weight in weighted:
        at.setdefault(row["sce_point_id"], []).append((row, weight))
    if len(at) < FEWEST:
        return None, None
    signed = [math.fsum(weight if row["valid"] else -weight for row, weight in some) for some in at.values()]
    first = [some[0][0] for some in at.values()]
    askings = [(round(row["probability"] * row["askings"]), row["askings"]) for row in first]
    known = _expected(Counter(askings))
    squares = [weight**2 for weight in signed]
    return tuple(
        _summed([square * known[each][which] for square, each in zip(squares, askings, strict=True)], degrees)
        for which, degrees in enumerate(DEGREES)
    )


def _summed(parts, degrees):
    total = math.fsum(parts)
    return Spread(total, degrees * total**2 / math.fsum(part**2 for part in parts) if total else math.inf)


def _expected(askings):
    """(hits, askings) -> the variance to be expected of the majority and of the share of as many askings, by
    the distribution of probabilities that makes all of them likeliest, and one x' more that may have any."""
    likelihood = {(hits, k): [_binomial(hits, k, value) for value in VALUES] for hits, k in askings}
    share = [1 / len(VALUES)] * len(VALUES)
    for _ in range(STEPS):
        after = {each: _posterior(likelihood[each], share) for each in askings}
        sums = [
            math.fsum(after[each][place] * count for each, count in askings.items())
            for place in range(len(VALUES))
        ]
        share = [(each + 1 / len(VALUES)) / (askings.total() + 1) for each in sums]
    found = {}
    for (hits, k), weights in after.items():
        majorities = [_majority(k, value) for value in VALUES]
        found[hits, k] = (
            math.fsum(w * m * (1 - m) for w, m in zip(weights, majorities, strict=True)),
            math.fsum(w * value * (1 - value) / k for w, value in zip(weights, VALUES, strict=True)),
        )
    return found


def _posterior(likelihood, share):
    both = [a * b for a, b in zip(likelihood, share, strict=True)]
    return [each / math.fsum(both) for each in both]


def _binomial(hits, k, probability):
    return math.comb(k, hits) * probability**hits * (1 - probability) ** (k - hits)


def _majority(k, probability):
    """That more than half of k askings are hits; of as many as not, each way is as likely."""
    more = math.fsum(_binomial(hits, k, probability) for hits in range(k // 2 + 1, k + 1))
    return more + (_binomial(k // 2, k, probability) / 2 if k % 2 == 0 else 0.0)
