"""The interval of a share, a mean, a median or a difference (docs/statistics.md, How an interval is made),
from the spreads of their rows."""

import math
from dataclasses import dataclass, replace
from statistics import median

from sce.auditing import shares, spreads
from sce.auditing.neighbours import ROUNDING, Neighbours
from sce.auditing.spreads import Spread, Unclear, between_and_within, effective, mean, members, variance

LEVEL = 0.95
MORE = 0.5  # effective rows that are added to those of a difference of shares
FEWEST = 4.0  # effective clusters below which there is no interval


@dataclass(frozen=True)
class Interval:
    """``refused``: that the rows are too much alike for one."""

    low: float | None = None
    high: float | None = None
    clusters: int | None = None
    effective_n: float | None = None
    p: float | None = None
    refused: bool = False

    @property
    def cells(self) -> dict:
        return {name: getattr(self, name) for name in ("low", "high", "clusters", "effective_n")}


@dataclass(frozen=True)
class Over:
    """The rows that a score is over: the point of each, the ways in which they fall into clusters, the label
    of every row's; ``neighbours``: None where these are not told apart."""

    points: list[int]
    ways: list[list]
    neighbours: Neighbours | None

    def only(self, chosen: list[bool]) -> "Over":
        points, *ways = (_only(some, chosen) for some in (self.points, *self.ways))
        return replace(self, points=points, ways=ways)

    @property
    def clusters(self) -> int:
        return min(len(members(labels)) for labels in self.ways)

    @property
    def effective(self) -> float:
        return min(effective(members(labels)) for labels in self.ways)


def _only(some, chosen):
    return [each for each, wanted in zip(some, chosen, strict=True) if wanted]


def spread_of(values: list[float], over: Over, of_share: bool = False) -> Spread | None:
    """The spread of a mean over points (over answers, without neighbours); None where it is refused."""
    if over.effective < FEWEST:
        return None
    if len(set(values)) == 1:
        values = [0.0] * len(values)  # how far they vary does not hang on their level
    shared = spreads.of_ways(values, over.ways, of_share)
    if over.neighbours is None:
        return shared
    alone = over.neighbours.spread(values, over.points)
    rest = values
    for labels in over.ways:
        rest = spreads.without_clusters(rest, members(labels))
    apart = over.neighbours.spread(rest, over.points)
    if alone is None or apart is None:
        return None
    more = max(0.0, apart.variance - variance(rest) / max(len(rest) - 1, 1))
    joint = spreads.added(shared, Spread(more, apart.degrees))
    return joint if joint.variance > alone.variance else alone


def worth(values: list[float], over: Over, spread: Spread) -> float:
    """The number of independent rows whose mean would vary as much; of clusters, where nothing varies."""
    if variance(values) == 0 or spread.variance == 0:
        return over.effective
    return min(len(values), variance(values) / spread.variance)


def of_share(hits: list[float], over: Over) -> Interval:
    """Of hits that come in units as large as the rows of a cluster are alike."""
    spread = spread_of(hits, over, of_share=True)
    if spread is None:
        return Interval(clusters=over.clusters, refused=True)
    size = worth(hits, over, spread)
    clusters = min((members(labels) for labels in over.ways), key=effective)
    between, within = between_and_within(hits, clusters)
    alike, around = 1.0, size
    if between + within:  # the variance around the true share is larger than around the one seen
        alike, around = between / (between + within), min(len(hits), size + 1)
    units = shares.units_of(list(map(len, clusters)), alike, around)
    ends = shares.interval(mean(hits), units, quantile(spread.degrees))
    return Interval(*ends, over.clusters, size)


def of_mean(values: list[float], over: Over, least=-math.inf, most=math.inf) -> Interval:
    """Student's, cut at what a mean can be."""
    return around(mean(values), values, over, least, most)


def around(value: float, moves: list[float], over: Over, least=-math.inf, most=math.inf) -> Interval:
    """Student's for a value that varies as the mean of ``moves`` does."""
    spread = spread_of(moves, over)
    if spread is None:
        return Interval(clusters=over.clusters, refused=True)
    half, p = student(value, spread)
    size = worth(moves, over, spread)
    return Interval(max(least, value - half), min(most, value + half), over.clusters, size, p)


def of_median(values: list[float], over: Over) -> Interval:
    """Woodruff's: the values at the ends of the interval of the share below the median."""
    below = [float(value <= median(values)) for value in values]
    spread = spread_of(below, over)
    if spread is None:
        return Interval(clusters=over.clusters, refused=True)
    size = worth(below, over, spread)
    return at_median(values, Interval(*wilson(size, spread.degrees), over.clusters, size))


def at_median(values: list[float], below: Interval) -> Interval:
    """The interval of a median from that of the share of values below it."""
    ordered, last = sorted(values), len(values) - 1
    low, high = math.floor(_clear(below.low * last)), math.ceil(_clear(below.high * last))
    return replace(below, low=ordered[low], high=ordered[high], p=None)


def _clear(place):
    """A place between two values; rounding must not decide which one is next to it."""
    if 0 < abs(place - round(place)) < ROUNDING:
        raise Unclear("the end of a median's interval is as near to one value as to the next")
    return place


def of_difference_of_shares(differences: list[float], over: Over) -> Interval:
    """After Bonett and Price, with a quarter of an effective row more each way."""
    spread = spread_of(differences, over, of_share=True)
    if spread is None:
        return Interval(clusters=over.clusters, refused=True)
    size = worth(differences, over, spread)
    value = mean(differences) * size / (size + MORE)
    square = (mean([each**2 for each in differences]) * size + MORE) / (size + MORE)
    degrees = spread.degrees if spread.variance else max(over.effective - 1, 1.0)
    half, p = student(value, Spread((square - value**2) / (size + MORE), degrees))
    return Interval(max(-1.0, value - half), min(1.0, value + half), over.clusters, size, p)


def wilson(size: float, degrees: float) -> tuple[float, float]:
    """The shares p with |1/2 - p| <= t sqrt(p (1 - p) / size): the roots of a square equation in p."""
    t = quantile(degrees)
    a, b, c = 1 + t**2 / size, -(1 + t**2 / size), 0.25
    root = math.sqrt(b**2 - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def student(value: float, spread: Spread) -> tuple[float, float | None]:
    """Half the width of the interval, and the p of a true value of 0; None where nothing varies."""
    from scipy import special

    error = math.sqrt(spread.variance)
    if error == 0:
        return 0.0, None
    t = abs(value) / error
    if math.isinf(spread.degrees):
        return quantile(spread.degrees) * error, float(2 * special.ndtr(-t))
    # Both tails of Student's distribution, by the incomplete beta function.
    p = float(special.betainc(spread.degrees / 2, 0.5, spread.degrees / (spread.degrees + t**2)))
    return quantile(spread.degrees) * error, p


def quantile(degrees: float) -> float:
    """Of Student's distribution, for an interval of LEVEL."""
    from scipy import special

    if math.isinf(degrees):
        return float(special.ndtri((1 + LEVEL) / 2))
    return float(special.stdtrit(degrees, (1 + LEVEL) / 2))
