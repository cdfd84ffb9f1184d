"""How far a mean may vary over rows of which some share an x' (docs/statistics.md, How an interval is made):
the formulas once more, row by row.
"""

import math
from collections import defaultdict
from dataclasses import dataclass


class Unclear(Exception):
    """Something cannot be told here: rounding decides it, or it would take too long."""


@dataclass(frozen=True)
class Spread:
    """The variance of a mean, and the degrees of freedom that it is known with."""

    variance: float
    degrees: float


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def variance(values: list[float]) -> float:
    """Of the values themselves, not of a population that they stand for."""
    if len(set(values)) == 1:
        return 0.0
    middle = mean(values)
    return math.fsum((value - middle) ** 2 for value in values) / len(values)


def added(first: Spread, second: Spread) -> Spread:
    """Of two parts that vary independently of each other; degrees after Satterthwaite."""
    total = first.variance + second.variance
    if total == 0:
        return Spread(0.0, min(first.degrees, second.degrees))
    unknown = math.fsum(part.variance**2 / part.degrees for part in (first, second) if part.variance)
    return Spread(total, total**2 / unknown if unknown else math.inf)


def members(labels: list) -> list[list[int]]:
    """The rows of each cluster, by their numbers; rows without a label (None) stand alone."""
    found = defaultdict(list)
    for number, label in enumerate(labels):
        found[("alone", number) if label is None else label].append(number)
    return list(found.values())


def effective(clusters: list[list[int]]) -> float:
    """So many clusters of one size would be worth as much."""
    return sum(map(len, clusters)) ** 2 / sum(len(rows) ** 2 for rows in clusters)


def between_and_within(values: list[float], clusters: list[list[int]]) -> tuple[float, float]:
    """The variance of a row's value, split by the analysis of variance."""
    n, many = len(values), len(clusters)
    middle = mean(values)
    means = [mean([values[row] for row in rows]) for rows in clusters]
    among = math.fsum(len(rows) * (at - middle) ** 2 for rows, at in zip(clusters, means, strict=True))
    among /= many - 1
    if many == n:
        return among, 0.0
    squares = [(values[row] - at) ** 2 for rows, at in zip(clusters, means, strict=True) for row in rows]
    within = math.fsum(squares) / (n - many)
    size = (n - sum(len(rows) ** 2 for rows in clusters) / n) / (many - 1)
    return max(0.0, (among - within) / size), within


def of_clusters(values: list[float], clusters: list[list[int]], of_share: bool) -> Spread:
    """Through the clusters of one way. Of a share only how alike rows of a cluster are has to be estimated,
    and not even that where they all agree."""
    n, many = len(values), len(clusters)
    between, within = between_and_within(values, clusters)
    far = Spread(between / effective(clusters), max(effective(clusters) - 1, 1.0))
    found = added(far, Spread(within / n, max(n - many, 1.0)))
    if not of_share:
        return found
    return Spread(found.variance, math.inf if within == 0 else many - 1.0)


def of_ways(values: list[float], ways: list[list], of_share: bool) -> Spread:
    """Through the clusters of one way or two; two are added up, less what they share."""
    spreads = [of_clusters(values, members(labels), of_share) for labels in ways]
    if len(spreads) == 1:
        return spreads[0]
    # A row without a label is alone by that way, so by both.
    named = [
        [("alone", number) if label is None else label for number, label in enumerate(way)] for way in ways
    ]
    both = of_clusters(values, members(list(zip(*named, strict=True))), False)
    total = added(*spreads)
    widest = max(spread.variance for spread in spreads)
    return Spread(max(widest, total.variance - both.variance), total.degrees)


def without_clusters(values: list[float], clusters: list[list[int]]) -> list[float]:
    """The values less their mean and what their clusters seem to put on them."""
    between, within = between_and_within(values, clusters)
    middle, rest = mean(values), [0.0] * len(values)
    for rows in clusters:
        total = between * len(rows) + within
        weight = between * len(rows) / total if total > 0 else 0.0
        effect = weight * (mean([values[row] for row in rows]) - middle)
        for row in rows:
            rest[row] = values[row] - middle - effect
    return rest
