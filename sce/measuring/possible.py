"""Between which values a score can lie: no interval of it goes beyond (docs/statistics.md)."""

from math import inf

from sce.measuring.metrics import LARGEST

Ends = tuple[float, float]

ANY: Ends = (-inf, inf)
SHARE: Ends = (0.0, 1.0)
FROM_ZERO: Ends = (0.0, inf)  # counts, and what is relative to a distance
UP_TO_ALL: Ends = (-inf, 1.0)  # the part that is gained of what could be; any amount may be lost
SHARES = ("validity", "exact_match", "validity_with_off_grid", "validity_probability")
DISTANCES = (
    "mean_distance", "mean_excess", "median_excess", "mean_shortfall", "median_shortfall",
    "total_minimality_abs",
)  # fmt: skip


def of_score(score: str, metric: str) -> Ends:
    """The least and the largest possible value of a score (docs/protocol.md, Scores). A score relative to the
    nearest counterfactual has no largest one."""
    if score in SHARES:
        return SHARE
    return of_distances(metric) if score in DISTANCES else FROM_ZERO


def of_distances(metric: str) -> Ends:
    """The same of a mean distance, and of a mean excess, which is a part of one."""
    return 0.0, LARGEST.get(metric, inf)


def of_differences(ends: Ends) -> Ends:
    """The same of the difference of two values that both lie within ``ends``."""
    least, most = ends
    return least - most, most - least
