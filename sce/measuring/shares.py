"""The interval of a share whose rows hang together: all values of it that the rows do not contradict.

Were the truth p, the share would be a weighted mean of independent hits, each with probability p: of rows
that stand alone, of whole clusters where the rows of a cluster are all alike. Its tail probabilities follow
by saddlepoint approximation (Lugannani and Rice, Advances in Applied Probability 12, 1980, in the form r* of
Barndorff-Nielsen, Biometrika 73, 1986). It needs no symmetry, so it holds with a handful of uneven clusters
and near 0 and 1, where a normal distribution (Wilson, JASA 22, 1927) does not; that of independent rows is
close to the exact mid-p.
"""

from dataclasses import dataclass

import numpy as np

FARTHEST = 40.0  # log odds: beyond them a probability is 0 or 1


@dataclass(frozen=True)
class Units:
    """What hits or misses as one: the weights (k,) of units in the share, and how many units have each; these
    may be fractions, and all of them weigh 1."""

    weights: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, sizes, alike: float, size: float) -> "Units":
        """Of clusters of ``sizes`` rows (g,) whose rows are ``alike`` (their intraclass correlation, 0 to 1).

        A cluster of n rows is taken for n / (1 + (n - 1) alike) units (Kish 1965). Then all are made larger
        by one factor, so that as many as ``size`` equal ones would tell as much.
        """
        sizes, many = np.unique(sizes, return_counts=True)
        rows = np.sum(sizes * many)
        units = 1 + (sizes - 1) * alike
        shares = many * sizes / rows
        weights = units / np.sum(shares * units) / size
        return cls(weights, shares / weights)


def interval(portion: float, units: Units, quantile: float) -> tuple[float, float]:
    """All p from which the ``portion`` of hits lies less than ``quantile`` normal deviates: low and high."""
    low = _end(portion, units, quantile)
    return low, 1 - _end(1 - portion, units, quantile)


def _end(portion, units, quantile):
    """The lower end."""
    from scipy import optimize, special  # takes a while, which no reading of the Snakefile should pay

    if portion <= 0:
        return 0.0
    if portion >= 1:  # the probability that all are hits is exact
        return float(special.ndtr(-quantile) ** (1 / np.sum(units.counts)))
    odds = np.log(portion / (1 - portion))
    lowest = odds - FARTHEST
    if deviates(portion, units, lowest) <= quantile:
        return 0.0
    found = optimize.brentq(lambda at: deviates(portion, units, at) - quantile, lowest, odds, xtol=1e-9)
    return float(1 / (1 + np.exp(-found)))


def deviates(portion: float, units: Units, odds: float) -> float:
    """How many normal deviates a ``portion`` between 0 and 1 lies above what is expected where each unit hits
    with probability 1 / (1 + exp(-odds))."""
    from scipy import optimize, special

    weights, counts = units.weights, units.counts
    apart = np.log(portion / (1 - portion)) - odds
    if abs(apart) < 1e-6:
        return 0.0

    def excess(tilt):
        return np.sum(counts * weights * special.expit(odds + tilt * weights)) - portion

    # At the ends the heaviest, or the lightest, units alone hit as often as was seen.
    ends = apart / weights.max(), apart / weights.min()
    tilt = optimize.brentq(excess, *ends) if excess(ends[0]) * excess(ends[1]) < 0 else ends[0]
    hits = special.expit(odds + tilt * weights)
    cumulant = np.sum(counts * (np.logaddexp(0, odds + tilt * weights) - np.logaddexp(0, odds)))
    root = np.sign(tilt) * np.sqrt(2 * (tilt * portion - cumulant))
    scale = tilt * np.sqrt(np.sum(counts * weights**2 * hits * (1 - hits)))
    return float(root + np.log(scale / root) / root)
