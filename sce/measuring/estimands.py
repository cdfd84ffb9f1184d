"""What an interval is over, and the interval: docs/statistics.md argues for each and shows how it holds.

``census``: the number is exact for this grid and these answers, so it has no interval. ``answers``: the same
questions asked again; rows with one x' hang on one answer, and where each was asked several times, their
samples say how much answers vary. ``points``: other points of the same kind; so do neighbours on the grid.
``wordings``: other wordings of the same request, of which several were asked.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sce.measuring import shares
from sce.measuring.dependence import (
    Clusters,
    Components,
    Lattice,
    Neighbours,
    Spread,
    of_clusters,
    of_neighbours,
    without_clusters,
)

CENSUS, ANSWERS, POINTS, WORDINGS = ESTIMANDS = ("census", "answers", "points", "wordings")
LEVEL = 0.95
MORE = 0.5  # effective rows that are added to those of a difference of shares
FEWEST = 4.0  # effective clusters that a 95% interval needs (the simulation shows why)


@dataclass(frozen=True)
class Interval:
    """A 95% interval, the number of clusters behind it and the number of independent rows worth as much;
    or a ``reason`` instead of its ends. A census has neither. ``p``: of a true value of 0, two-sided, for
    means and differences."""

    low: float | None = None
    high: float | None = None
    clusters: int | None = None
    effective_n: float | None = None
    reason: str | None = None
    p: float | None = None


@dataclass(frozen=True)
class Rows:
    """The rows that scores are over: their points (n,), and one or two ways (a difference has two x') in
    which they fall into clusters of one x'. Without a lattice neighbours are not told apart. ``samples``:
    whether the rows of a point are samples of one answer; they are then a cluster too."""

    points: np.ndarray
    ways: tuple[Clusters, ...]
    lattice: Lattice | None
    samples: bool = False

    @classmethod
    def of(cls, points, *ways, lattice: Lattice | None = None, samples: bool = False) -> "Rows":
        """ways: the sce_point_id (n,) of each side; -1 for none, which is then alike with no other."""
        points = np.asarray(points)
        ways = (*ways, points) if samples else ways
        return cls(points, tuple(map(Clusters.of, ways)), lattice, samples)

    def __getitem__(self, chosen) -> "Rows":
        """The rows where ``chosen`` (n,) is true."""
        ways = tuple(Clusters.of(way.codes[chosen]) for way in self.ways)
        return Rows(self.points[chosen], ways, self.lattice, self.samples)

    @property
    def clusters(self) -> int:
        """How many clusters there are, by the way that has fewer."""
        return min(len(way.sizes) for way in self.ways)

    @property
    def effective(self) -> float:
        return min(way.effective for way in self.ways)

    @cached_property
    def neighbours(self) -> Neighbours:
        return Neighbours.of(self.points, self.lattice)

    @cached_property
    def crossed(self) -> Clusters:
        """The clusters of rows that are together both ways."""
        first, second = self.ways
        return Clusters.of(first.codes * np.int64(len(second.sizes)) + second.codes)


def share(hits, rows: Rows, estimand: str, of_found: Spread | str | None = None) -> Interval:
    """For the share of true ``hits`` (n,): that of ``sce.measuring.shares``, of units as large as rows hang
    together. of_found: see ``over_samples``."""
    hits = np.asarray(hits, float)
    if rows.samples and estimand == ANSWERS:
        return over_samples(hits.mean(), hits, rows, most=1.0, of_found=of_found)
    spread = spread_of(hits, rows, estimand, of_share=True)
    if not isinstance(spread, Spread):
        return _without(rows, spread)
    size = _effective(hits, rows, spread)
    return Interval(*_of_hits(hits, rows, size, spread.degrees), rows.clusters, size)


def worth(hits, rows: Rows, estimand: str) -> float | None:
    """``effective_n`` of ``share``, without its interval; None where it cannot be told."""
    spread = spread_of(hits, rows, estimand, of_share=True)
    return _effective(np.asarray(hits, float), rows, spread) if isinstance(spread, Spread) else None


def mean(
    values,
    rows: Rows,
    estimand: str,
    least: float = -np.inf,
    most: float = np.inf,
    of_found: Spread | str | None = None,
) -> Interval:
    """For the mean of ``values`` (n,), none of which can lie below ``least`` or above ``most``. of_found: see
    ``over_samples``."""
    values = np.asarray(values, float)
    value = values.mean() if len(values) else None
    return around(value, values, rows, estimand, least, most, of_found)


def over_samples(
    value,
    influences,
    rows: Rows,
    least: float = 0.0,
    most: float = np.inf,
    of_found: Spread | str | None = None,
) -> Interval:
    """For a ``value`` that varies as the mean of ``influences`` (n,) does, had the same questions been asked
    again. of_found: the spread of the value besides, through other answers at x', or why it is not known."""
    spreads = [of_samples(influences, rows.points), of_found]
    return over_answers(value, influences, spreads, len(np.unique(rows.points)), least, most)


def over_answers(
    value, influences, spreads, points: int, least: float = -np.inf, most: float = np.inf
) -> Interval:
    """For a ``value`` that varies by the independent ``spreads`` had the same questions about so many
    ``points`` been asked again; a text among them says why there is no interval, None stands for none."""
    reasons = [spread for spread in spreads if isinstance(spread, str)]
    if reasons:
        return Interval(clusters=points, reason=reasons[0])
    spread = sum((spread for spread in spreads if spread is not None), Spread(0.0, np.inf))
    half, p = _half_and_p(value, spread)
    size = float(np.var(influences) / spread.variance) if spread.variance and np.ptp(influences) else None
    return Interval(*_within(least, most, value - half, value + half), points, size, p=p)


def of_samples(values, points, weights=None) -> Spread | str:
    """The spread through chance of the sum of ``values`` (n,) that are samples of answers about ``points``
    (n,), times ``weights`` (1 / n where not given): the samples of a point differ by chance alone.

    To that of hits half a square is added, as if one more point had had two samples of which one is a hit, so
    that samples which all agree do not make a share certain."""
    by_point = Clusters.of(points)
    n, many = len(points), len(by_point.sizes)
    if n == many:
        return "no point has two samples"
    values = np.asarray(values, float)
    squares = np.sum((values - by_point.means(values)[by_point.codes]) ** 2)
    more = 0.5 if np.isin(values, (0, 1)).all() else 0.0
    total = 1 / n if weights is None else np.sum(np.square(weights))
    return Spread(float((squares + more) / (n - many) * total), n - many)


def around(
    value,
    influences,
    rows: Rows,
    estimand: str,
    least: float = -np.inf,
    most: float = np.inf,
    of_found: Spread | str | None = None,
) -> Interval:
    """For a ``value`` between ``least`` and ``most`` that varies as the mean of the rows' ``influences`` (n,)
    does (the delta method). of_found: see ``over_samples``."""
    if rows.samples and estimand == ANSWERS:
        return over_samples(value, influences, rows, least, most, of_found)
    spread = spread_of(influences, rows, estimand)
    if not isinstance(spread, Spread):
        return _without(rows, spread)
    half, p = _half_and_p(value, spread)
    size = _effective(influences, rows, spread)
    low, high = _within(least, most, value - half, value + half)
    return Interval(low, high, rows.clusters, size, p=p)


def difference_of_shares(differences, rows: Rows, estimand: str) -> Interval:
    """For the mean of ``differences`` (n,) of two hits each, so -1, 0 or 1. A quarter of an effective
    row of 1 and as much of one of -1 are added, so that rows which all agree do not make it certain (after
    Bonett and Price, JEBS 37, 2012, who add whole ones, which the simulation shows to be more than enough).
    """
    differences = np.asarray(differences, float)
    spread = spread_of(differences, rows, estimand, of_share=True)
    if not isinstance(spread, Spread):
        return _without(rows, spread)
    size = _effective(differences, rows, spread)
    value = differences.mean() * size / (size + MORE)
    square = (np.mean(differences**2) * size + MORE) / (size + MORE)
    degrees = spread.degrees if spread.variance else max(rows.effective - 1, 1.0)
    half, p = _half_and_p(value, Spread((square - value**2) / (size + MORE), degrees))
    return Interval(*_within(-1.0, 1.0, value - half, value + half), rows.clusters, size, p=p)


def median(values, rows: Rows, estimand: str) -> Interval:
    """For the median: the quantiles at the ends of the interval of the share below it (Woodruff, JASA 47,
    1952)."""
    values = np.asarray(values, float)
    below = (values <= np.median(values) if len(values) else values).astype(float)
    if rows.samples and estimand == ANSWERS:
        around_half = over_samples(0.5, below, rows, most=1.0)
        return around_half if around_half.reason else _of_quantiles(values, around_half)
    spread = spread_of(below, rows, estimand)
    if not isinstance(spread, Spread):
        return _without(rows, spread)
    size = _effective(below, rows, spread)
    return _of_quantiles(values, Interval(*_wilson(size, spread.degrees), rows.clusters, size))


def _of_quantiles(values, shares: Interval) -> Interval:
    """The interval of the median from that of the share of values below it."""
    low = np.quantile(values, shares.low, method="lower")
    high = np.quantile(values, shares.high, method="higher")
    return Interval(float(low), float(high), shares.clusters, shares.effective_n)


def slope_at_median(interval: Interval) -> float:
    """How far a median moves when the share of values below it does, as its interval says."""
    return (interval.high - interval.low) * np.sqrt(interval.effective_n or 0.0) / _quantile(np.inf)


def spread_of(values, rows: Rows, estimand: str, of_share: bool = False) -> Spread | str | None:
    """The spread of the mean of ``values`` (n,) under ``answers`` or ``points``; None under ``census``; or
    why it cannot be told."""
    if estimand == CENSUS:
        return None
    if estimand == WORDINGS:
        return "one wording was asked"
    if rows.effective < FEWEST:
        fewest = min(rows.ways, key=lambda way: way.effective)
        largest = fewest.sizes.max(initial=0) / max(len(rows.points), 1)
        what = "points" if rows.samples and fewest is rows.ways[-1] else "different x'"
        return f"too few clusters: {rows.clusters} {what}, the commonest on {largest:.0%} of the rows"
    values = np.asarray(values, float)
    if np.ptp(values) == 0:
        values = np.zeros(len(values))  # else rounding of their mean would pass for variance
    shared = _shared(values, rows, of_share)
    if estimand == ANSWERS or rows.lattice is None:
        return shared
    alone = of_neighbours(values, rows.neighbours)
    rest = values
    for way in rows.ways:
        rest = without_clusters(rest, way, Components.of(rest, way))
    apart = of_neighbours(rest, rows.neighbours)
    if alone is None or apart is None:
        return "too few clusters: values are alike over too much of the grid"
    more = max(0.0, apart.variance - rest.var() / max(len(rest) - 1, 1))
    joint = shared + Spread(more, apart.degrees)
    return max(alone, joint, key=lambda spread: spread.variance)


def over_wordings(values, least: float = -np.inf, most: float = np.inf) -> Interval:
    """For the mean over wordings of a score between ``least`` and ``most``, of which each wording has one
    value: a t interval."""
    values = np.asarray(values, float)
    if len(values) < FEWEST:
        return Interval(clusters=len(values), reason=f"too few clusters: {len(values)} wordings")
    half = _quantile(len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    ends = _within(least, most, values.mean() - half, values.mean() + half)
    return Interval(*ends, len(values), len(values))


def _within(least, most, low, high):
    """The part of an interval that is possible, which holds the truth as often as the whole of it."""
    return float(max(least, low)), float(min(most, high))


def _shared(values, rows, of_share):
    """The spread through shared x'; with two ways as Cameron, Gelbach and Miller (2011) add them up."""
    spreads = []
    for way in rows.ways:
        components = Components.of(values, way)
        spread = of_clusters(components, way)
        if of_share:
            # The variance of a share follows from the share. Only how alike the rows of a cluster are has to
            # be estimated, and not even that where they all agree.
            known = np.inf if components.within == 0 else len(way.sizes) - 1.0
            spread = Spread(spread.variance, known)
        spreads.append(spread)
    if len(spreads) == 1:
        return spreads[0]
    within = of_clusters(Components.of(values, rows.crossed), rows.crossed).variance
    total = spreads[0] + spreads[1]
    widest = max(spread.variance for spread in spreads)
    return Spread(max(widest, total.variance - within), total.degrees)


def _half_and_p(value, spread):
    """Half the width of the t interval around ``value``, and the p of a true value of 0."""
    from scipy import special  # takes a while, which no reading of the Snakefile should pay

    error = np.sqrt(spread.variance)
    if error == 0:
        return 0.0, None
    p = 2 * special.stdtr(spread.degrees, -abs(value) / error)
    return float(_quantile(spread.degrees) * error), float(p)


def _effective(values, rows, spread):
    """The number of independent rows whose mean would vary as much; where nothing varies, of clusters."""
    if np.ptp(values) == 0 or spread.variance == 0:
        return rows.effective
    return float(min(len(values), values.var() / spread.variance))


def _of_hits(hits, rows, size, degrees):
    """The interval of the share of ``hits`` (n,), of rows that are worth ``size`` independent ones."""
    way = min(rows.ways, key=lambda way: way.effective)
    parts = Components.of(hits, way)
    total = parts.between + parts.within
    if total:  # by the variance around the true share: that around the one seen is less by that of its mean
        size = min(len(hits), size + 1)
    units = shares.Units.of(way.sizes, parts.between / total if total else 1.0, size)
    return shares.interval(hits.mean(), units, _quantile(degrees))


def _wilson(size, degrees):
    """Wilson's interval (1927) around one half, of ``size`` rows, which need not be a whole number."""
    t = _quantile(degrees)
    half = t * np.sqrt(1 / size + (t / size) ** 2) / (1 + t**2 / size) / 2
    return 0.5 - half, 0.5 + half


def _quantile(degrees):
    """Of Student's t with so many degrees of freedom, at the upper end of the interval."""
    from scipy import special  # not stats, which takes three times as long to import

    return special.stdtrit(degrees, (1 + LEVEL) / 2)


def _without(rows, reason):
    return Interval(clusters=rows.clusters if reason else None, reason=reason)
