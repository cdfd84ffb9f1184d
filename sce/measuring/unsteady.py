"""How unsteady the answers at the x' are: the variance of f(x') had it been asked again as many times.

A few askings of one x' say little about it: three alike may come of a probability of 1 as of one of 0.8. So
the distribution of these probabilities over all x' is estimated first, by maximum likelihood without a form
(Laird, JASA 73, 1978; by expectation maximization over a row of values). One x' more is added, of which
nothing is known, so that askings which all agree do not make the others certain. What is to be expected of an
x' follows from the distribution and from the askings there by Bayes' rule.
"""

import numpy as np

from sce.measuring.dependence import Spread

VALUES = np.linspace(0, 1, 41)  # that a probability may have
STEPS = 100  # of the expectation maximization
FEWEST = 6  # different x' that it takes (the simulation shows why)
# Degrees of freedom that an x' brings to the variance of majorities and of shares, as the simulation shows:
# more than one, because the variances of all x' are estimated together.
OF_MAJORITY, OF_SHARE = 8, 4


def of_rows(found, valid, probability, askings, weights=None) -> tuple[Spread, Spread] | tuple[str, str]:
    """The spread of the share of ``valid`` rows (n,) and of the mean ``probability`` (n,) of the target at
    their x' through other answers there; or why they cannot be told. ``found``: the x' (n,); ``askings``: how
    many there were at each; ``weights``: of the rows, 1 / n where not given."""
    _, first, code = np.unique(found, return_index=True, return_inverse=True)
    if len(first) < FEWEST:
        reason = f"too few clusters: {len(first)} different x', whose answers may vary"
        return reason, reason
    # The valid rows at an x' have its class for their target, the invalid ones the other.
    signed = np.where(valid, 1.0, -1.0) * (1 / len(code) if weights is None else weights)
    squares = np.bincount(code, signed) ** 2
    hits = np.rint(probability[first] * askings[first])
    majority, single = variances(hits, askings[first])
    return _summed(squares * majority, OF_MAJORITY), _summed(squares * single, OF_SHARE)


def _summed(parts, degrees):
    total = float(parts.sum())
    return Spread(total, degrees * total**2 / float(np.sum(parts**2)) if total else np.inf)


def variances(hits, askings) -> tuple[np.ndarray, np.ndarray]:
    """Of m x' with so many ``hits`` among their ``askings`` (m,), 1 or more: the expected variance of the
    majority of as many askings (even ones are decided by the first), and of the share of hits (m,) each."""
    from scipy.stats import binom  # takes a while, which no reading of the Snakefile should pay

    pairs, of_pair, many = np.unique(
        np.stack([hits, askings]), axis=1, return_inverse=True, return_counts=True
    )
    hits, askings = pairs[0][:, None], pairs[1][:, None]
    likelihood = binom.pmf(hits, askings, VALUES)
    weights = np.full(len(VALUES), 1 / len(VALUES))
    for _ in range(STEPS):
        expected = likelihood * weights
        expected /= expected.sum(axis=1, keepdims=True)
        weights = (many @ expected + 1 / len(VALUES)) / (len(of_pair) + 1)
    even = np.where(askings % 2 == 0, binom.pmf(askings // 2, askings, VALUES), 0.0)
    majority = binom.sf(askings // 2, askings, VALUES) + even / 2
    single = VALUES * (1 - VALUES) / askings
    found = (expected * majority * (1 - majority)).sum(axis=1), (expected * single).sum(axis=1)
    return found[0][of_pair], found[1][of_pair]
