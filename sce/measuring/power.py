"""What a study can show before it is run: the least difference in validity that it finds, and the starts that
a wanted one needs (docs/statistics.md)."""

import math
from statistics import NormalDist

from sce.measuring.estimands import LEVEL

POWER = 0.8
# Variance of the difference of two verdicts on a start that are right half the time and know nothing of each
# other: no other validities vary more.
VARIANCE = 0.5
FACTOR = NormalDist().inv_cdf((1 + LEVEL) / 2) + NormalDist().inv_cdf(POWER)


def detectable(starts: int, worth: float = 1.0) -> float:
    """The least difference in validity between two conditions or models that is found with POWER, at the
    level of the intervals. ``worth``: independent rows that a row is worth."""
    return min(1.0, FACTOR * math.sqrt(VARIANCE / (starts * worth)))


def starts_needed(difference: float, worth: float = 1.0) -> int:
    """The starts with which a ``difference`` in validity is found with POWER."""
    return math.ceil(VARIANCE * (FACTOR / difference) ** 2 / worth)
