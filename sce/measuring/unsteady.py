"""How unsteady the answers at the x' are: the variance of f(x') had it been asked again as many times.

A few askings of one x' say little about it: three alike may come of a probability of 1 as of one of 0.8. So
the distribution of these probabilities over all x' is estimated first, by maximum likelihood without a form
(Laird, JASA 73, 1978; by expectation maximization over a row of values). What is to be expected of an x'
follows from it and from the askings there by Bayes' rule.
"""

import numpy as np

VALUES = np.linspace(0, 1, 41)  # that a probability may have
STEPS = 100  # of the expectation maximization


def of_rows(found, valid, probability, askings) -> tuple[float, float]:
    """The variance of the share of ``valid`` rows (n,) and of the mean ``probability`` (n,) of the target at
    their x' through other answers there. ``found``: the x' (n,); ``askings``: how many there were at each."""
    _, first, code = np.unique(found, return_index=True, return_inverse=True)
    # The valid rows at an x' have its class for their target, the invalid ones the other.
    weights = np.bincount(code, np.where(valid, 1.0, -1.0)) / len(code)
    hits = np.rint(probability[first] * askings[first])
    majority, single = (np.sum(weights**2 * some) for some in variances(hits, askings[first]))
    return float(majority), float(single)


def variances(hits, askings) -> tuple[np.ndarray, np.ndarray]:
    """Of m x' with so many ``hits`` among their ``askings`` (m,), 1 or more: the expected variance of the
    majority of as many askings (even ones are decided by the first), and of the share of hits (m,) each."""
    from scipy.stats import binom  # takes a while, which no reading of the Snakefile should pay

    hits, askings = np.asarray(hits)[:, None], np.asarray(askings)[:, None]
    likelihood = binom.pmf(hits, askings, VALUES)
    weights = np.full(len(VALUES), 1 / len(VALUES))
    for _ in range(STEPS):
        expected = likelihood * weights
        expected /= expected.sum(axis=1, keepdims=True)
        weights = expected.mean(axis=0)
    even = np.where(askings % 2 == 0, binom.pmf(askings // 2, askings, VALUES), 0.0)
    majority = binom.sf(askings // 2, askings, VALUES) + even / 2
    single = VALUES * (1 - VALUES) / askings
    return (expected * majority * (1 - majority)).sum(axis=1), (expected * single).sum(axis=1)
