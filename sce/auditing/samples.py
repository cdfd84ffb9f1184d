"""Intervals over the samples of answers, where questions were asked several times (docs/statistics.md,
Samples), spelled out."""

import math
from collections import Counter

from sce.auditing.intervals import Interval, at_median, student
from sce.auditing.spreads import Spread, mean, members, variance

VALUES = [step / 40 for step in range(41)]  # that the probability of an answer may have
STEPS = 100  # of the expectation maximization


def over_samples(
    value: float, moves: list[float], points: list[int], least=0.0, most=math.inf, more: float = 0.0
) -> Interval:
    """For a value that varies as the mean of ``moves`` does, by the samples of each point. ``more``: variance
    that comes to it by other answers at x'."""
    clusters = members(points)
    n, many = len(moves), len(clusters)
    if n == many:
        return Interval(clusters=many, refused=True)
    squares = [(moves[row] - mean([moves[each] for each in rows])) ** 2 for rows in clusters for row in rows]
    half_a_square = 0.5 if set(moves) <= {0, 1} else 0.0
    spread = Spread((math.fsum(squares) + half_a_square) / (n - many) / n + more, n - many)
    half, p = student(value, spread)
    size = variance(moves) / spread.variance if spread.variance and variance(moves) else None
    return Interval(max(least, value - half), min(most, value + half), many, size, p)


def of_median(values: list[float], below: list[float], points: list[int]) -> Interval:
    """``below``: 1 for the values up to the median."""
    shares = over_samples(0.5, below, points, most=1.0)
    return shares if shares.refused else at_median(values, shares)


def through_answers_at_x(rows: list[dict]) -> tuple[float, float]:
    """The variance of validity, by majorities and by single answers, that comes of other answers at x'.
    ``rows``: kept ones, by point."""
    at = {}
    for row in rows:
        at.setdefault(row["sce_point_id"], []).append(row)
    weights = [sum(1 if row["valid"] else -1 for row in some) / len(rows) for some in at.values()]
    askings = [
        (round(some[0]["probability"] * some[0]["askings"]), some[0]["askings"]) for some in at.values()
    ]
    known = _expected(Counter(askings))
    majority, single = ([known[each][which] for each in askings] for which in (0, 1))
    return tuple(
        math.fsum(weight**2 * each for weight, each in zip(weights, some, strict=True))
        for some in (majority, single)
    )


def _expected(askings):
    """(hits, askings) -> the variance to be expected of the majority and of the share of as many askings, by
    the distribution of probabilities that makes all of them likeliest."""
    likelihood = {(hits, k): [_binomial(hits, k, value) for value in VALUES] for hits, k in askings}
    share = [1 / len(VALUES)] * len(VALUES)
    for _ in range(STEPS):
        after = {each: _posterior(likelihood[each], share) for each in askings}
        share = [
            math.fsum(after[each][place] * count for each, count in askings.items()) / askings.total()
            for place in range(len(VALUES))
        ]
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
