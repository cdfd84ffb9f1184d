"""What latencies tell of a provider: how many requests in flight give the most answers a second.

Providers of a few kinds are held possible. Up to a bend their latencies stay as they are; beyond, they grow
in proportion to the requests in flight, with their square or with their cube. Or they grow by the same amount
with each request from the first on. The better a kind explains the latencies seen lately, the likelier it is:
by Bayes's rule from equal shares, with log-normal latencies of which only the scale is unknown.
"""

import numpy as np

POWERS = (1, 2, 3)  # of the growth beyond the bend
BENDS = 1.05 ** np.arange(135)  # 1 to 690; also the sizes that are considered
QUANTILE = 0.25  # of the latencies, by which they are compared: known before most are answered
LOWER_Z = 0.476  # standard deviations of a normal distribution from the quantile of 12.5% to that of 25%
VARIANCE = 1.86  # of that quantile, times the number of requests, in squares of that deviation
FIRST_SPREAD, SPREAD_REQUESTS = 0.6, 200  # a guess of the standard deviation, worth so many requests
MODEL_ERROR = 0.03  # of the logarithm: no provider is exactly of these kinds
FADING = 0.94  # is left of a round's weight after each later one
SURPRISE = 12  # the logarithm of a likelihood ratio: from here on a round contradicts the likeliest provider
FEWER = 0.045  # k times the size has to give k**FEWER times the answers, since each answer takes longer


class Rounds:
    """What the rounds of requests until now tell of the provider. ``size``: how many are in flight."""

    def __init__(self):
        # By size: weight (one over the variance) and mean of the logarithm of the latency.
        self._known: dict[int, tuple[float, float]] = {}
        self._spread = FIRST_SPREAD
        self.rounds = self.requests = 0  # noted since the provider was found changed

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
        self.rounds, self.requests = self.rounds + 1, self.requests + requests
        likelihoods, idle = self._fits()
        likeliest = likelihoods.argmax()
        difference = middle - idle[likeliest] - _slowdowns([size])[0, likeliest]
        if weight * difference**2 / 2 < SURPRISE:
            return 0.0
        self._known = {size: (weight, middle)}
        self.rounds = self.requests = 0
        return difference

    def best(self, sizes: set[int]) -> int:
        """Which of these sizes promises the most answers a second: the mean of their logarithm over the
        providers, by how likely each is. So a size that may turn out far too large counts as a bad one."""
        likelihoods, _ = self._fits()
        likely = np.exp(likelihoods - likelihoods.max())  # not all are too small for a number
        candidates = np.array(sorted(sizes))
        slower = _slowdowns(candidates) @ likely / likely.sum()
        return int(candidates[np.argmax((1 - FEWER) * np.log(candidates) - slower)])

    def _fits(self):
        """Of each provider the logarithm of its likelihood, and that of its latency when idle which explains
        best what is known."""
        weights, means = np.array(list(self._known.values())).T
        rests = means[:, None] - _slowdowns(list(self._known))
        idle = weights @ rests / weights.sum()
        return -weights @ (rests - idle) ** 2 / 2, idle


def _slowdowns(sizes):
    """Sizes x providers: the logarithm of the latency with so many in flight over that when idle."""
    over = np.log(np.array(sizes)[:, None] / BENDS)
    from_the_first_on = np.log1p(np.exp(over))
    return np.hstack([from_the_first_on, *(power * np.maximum(0, over) for power in POWERS)])


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
