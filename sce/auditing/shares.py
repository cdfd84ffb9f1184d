"""The interval of a share whose rows hang together (docs/statistics.md, How an interval is made): all shares
from which what was seen is not too far, by the saddlepoint approximation spelled out."""

import math
from collections import Counter

FARTHEST = 40.0  # log odds, beyond which a share is 0 or 1

Units = list[tuple[float, float]]  # (weight in the share, how many such units)


def units_of(sizes: list[int], alike: float, size: float) -> Units:
    """What hits or misses as one: a cluster of n rows is n / (1 + (n - 1) alike) of them. All are as large as
    it takes for as many as ``size`` equal ones to tell as much."""
    rows, many = sum(sizes), Counter(sizes)
    large = {n: 1 + (n - 1) * alike for n in many}
    total = math.fsum(count * n / rows * large[n] for n, count in many.items())
    weights = {n: large[n] / total / size for n in many}
    return [(weights[n], count * n / rows / weights[n]) for n, count in many.items()]


def interval(portion: float, units: Units, quantile: float) -> tuple[float, float]:
    """All shares from which the ``portion`` of hits lies less than ``quantile`` normal deviates."""
    return lower_end(portion, units, quantile), 1 - lower_end(1 - portion, units, quantile)


def lower_end(portion: float, units: Units, quantile: float) -> float:
    from scipy import optimize, special

    if portion <= 0:
        return 0.0
    if portion >= 1:  # that all units are hits has a probability of its own
        return float(special.ndtr(-quantile)) ** (1 / math.fsum(count for _, count in units))
    odds = math.log(portion / (1 - portion))
    if deviates(portion, units, odds - FARTHEST) <= quantile:
        return 0.0
    # So far a normal distribution would have it. Far nearer to what was seen rounding decides.
    away = quantile * math.sqrt(math.fsum(n * w**2 for w, n in units) / portion / (1 - portion))
    ends = odds - FARTHEST, odds - away / 20
    found = optimize.brentq(lambda at: deviates(portion, units, at) - quantile, *ends, xtol=1e-11)
    return _share(found)


def deviates(portion: float, units: Units, odds: float) -> float:
    """How many normal deviates the ``portion`` lies above what is expected of hits with the log ``odds``,
    which are below its own (r* of Barndorff-Nielsen)."""
    from scipy import optimize

    def short(tilt):
        return math.fsum(n * w * _share(odds + tilt * w) for w, n in units) - portion

    most = (math.log(portion / (1 - portion)) - odds) / min(weight for weight, _ in units)
    tilt = optimize.brentq(short, 0.0, most, xtol=1e-13) if short(most) > 0 else most
    cumulant = math.fsum(n * (_log_of_one_more(odds + tilt * w) - _log_of_one_more(odds)) for w, n in units)
    root = math.sqrt(2 * (tilt * portion - cumulant))
    hits = [(w, n, _share(odds + tilt * w)) for w, n in units]
    scale = tilt * math.sqrt(math.fsum(n * w**2 * share * (1 - share) for w, n, share in hits))
    return root + math.log(scale / root) / root


def _share(odds):
    return 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))


def _log_of_one_more(odds):
    """log(1 + exp(odds)), which does not overflow."""
    return max(odds, 0.0) + math.log1p(math.exp(-abs(odds)))
