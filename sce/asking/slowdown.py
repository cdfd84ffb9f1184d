"""What latencies tell of a provider: how many requests in flight give the most answers a second.

Providers of a few kinds are held possible. Up to a bend their latencies stay as they are; beyond, they grow
in proportion to the requests in flight, with their square or with their cube. Or they grow by the same amount
with each request from the first on. The better a kind explains the latencies seen lately, the likelier it is:
by Bayes's rule from equal shares, with log-normal latencies of which only the scale is unknown.
"""

import math
from functools import cache

POWERS = (0, 1, 2, 3)  # of the growth beyond the bend; 0: from the first request on
STEP = 1.1  # ratio of two bends, and of two sizes that are considered
BENDS = [STEP**step for step in range(70)]  # 1 to 718
PROVIDERS = [(power, bend) for power in POWERS for bend in BENDS]
QUANTILE = 0.4  # of the latencies, by which they are compared: known before most are answered
LOWER_Z = 0.588  # standard deviations of a normal distribution from the quantile of 20% to that of 40%
VARIANCE = 1.61  # of that quantile, times the number of requests, in squares of that deviation
FIRST_SPREAD, SPREAD_REQUESTS = 0.6, 200  # a guess of the standard deviation, worth so many requests
MODEL_ERROR = 0.06  # of the logarithm: no provider is exactly of these kinds
FADING = 0.93  # is left of a round's weight after each later one
SURPRISE = 12  # the logarithm of a likelihood ratio: from here on a round contradicts the likeliest provider
DARING = 0.25  # standard deviations that are added to what is expected: what is unknown is tried
ENOUGH = 0.97  # of the best expectation: the smallest such size is taken, so that answers wait for less


class Rounds:
    """What the rounds of requests until now tell of the provider. ``size``: how many are in flight."""

    def __init__(self):
        # By size: weight (one over the variance) and mean of the logarithm of the latency.
        self._known: dict[int, tuple[float, float]] = {}
        self._spread = FIRST_SPREAD

    def note(self, size: int, requests: int, lower: float, middle: float) -> float:
        """Note a round of so many requests. ``lower``, ``middle``: logarithms of the seconds within which
        half of the QUANTILE, and the QUANTILE, of them were answered. Returns 0 where a provider explains
        this round and the earlier ones. Else the provider has changed: the earlier rounds are forgotten, and
        it returns by how much ``middle`` is above (below 0: under) what they let expect."""
        self._spread += ((middle - lower) / LOWER_Z - self._spread) * requests / (requests + SPREAD_REQUESTS)
        weight = 1 / (VARIANCE * self._spread**2 / requests + MODEL_ERROR**2)
        self._known = {n: (w * FADING, mean) for n, (w, mean) in self._known.items()}
        before, mean = self._known.get(size, (0.0, 0.0))
        self._known[size] = before + weight, (before * mean + weight * middle) / (before + weight)
        (_, idle), provider = max(zip(self._fits(), range(len(PROVIDERS)), strict=True))
        difference = middle - idle - _slowdowns(size)[provider]
        if weight * difference**2 / 2 < SURPRISE:
            return 0.0
        self._known = {size: (weight, middle)}
        return difference

    def best(self, sizes: set[int], most: int) -> int:
        """The smallest of these sizes that promises nearly as many answers a second as any of them (ENOUGH).
        ``most``: the largest size that there may ever be."""
        likelihoods = [likelihood for likelihood, _ in self._fits()]
        likeliest = max(likelihoods)  # is 1 below, so that not all are too small for a number
        likely = [math.exp(likelihood - likeliest) for likelihood in likelihoods]
        promised = {size: _promise(likely, _shares(size, most)) for size in sizes}
        best = max(promised.values())
        return min(size for size in sizes if promised[size] >= ENOUGH * best)

    def _fits(self):
        """Of each provider the logarithm of its likelihood, and of its latency where it is idle."""
        known = [(weight, mean, _slowdowns(size)) for size, (weight, mean) in self._known.items()]
        total = sum(weight for weight, _, _ in known)
        for provider in range(len(PROVIDERS)):
            rests = [(weight, mean - slowdowns[provider]) for weight, mean, slowdowns in known]
            idle = sum(weight * rest for weight, rest in rests) / total
            yield -sum(weight * (rest - idle) ** 2 for weight, rest in rests) / 2, idle


def _promise(likely, shares):
    """The mean of the shares of the most answers, over providers of these likelihoods, and a part of their
    standard deviation (DARING)."""
    total = sum(likely)
    mean = sum(p * share for p, share in zip(likely, shares, strict=True)) / total
    square = sum(p * share**2 for p, share in zip(likely, shares, strict=True)) / total
    return mean + DARING * math.sqrt(max(0.0, square - mean**2))


@cache
def _slowdowns(size):
    """Of each provider the logarithm of its latency with so many in flight over that when idle."""
    return [_slowdown(power, bend, size) for power, bend in PROVIDERS]


def _slowdown(power, bend, size):
    return power * max(0.0, math.log(size / bend)) if power else math.log1p(size / bend)


@cache
def _shares(size, most):
    """Of each provider the answers a second with so many in flight, as a share of the most it can give."""
    shares = []
    for power, bend in PROVIDERS:
        best = min(bend, most) if power else most
        slower = _slowdown(power, bend, size) - _slowdown(power, bend, best)
        shares.append(size / best * math.exp(-slower))
    return shares


def quantiles(seconds: list[float], waiting: list[float]) -> tuple[float, float]:
    """The seconds within which half of the QUANTILE, and the QUANTILE, of requests are answered, where some
    were answered after so many ``seconds`` and others have been ``waiting`` for so long (Kaplan, Meier 1958).
    The longest time of an answer stands for what has not come yet."""
    rest, left, lower = 1.0, len(seconds) + len(waiting), None
    times = sorted([(time, 0) for time in seconds] + [(time, 1) for time in waiting])
    for time, still_waits in times:
        if not still_waits:
            rest *= 1 - 1 / left
            if lower is None and rest <= 1 - QUANTILE / 2 + 1e-9:
                lower = time
            if rest <= 1 - QUANTILE + 1e-9:
                return lower, time
        left -= 1
    return (max(seconds) if lower is None else lower), max(seconds)
