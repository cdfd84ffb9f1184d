"""Between which values a score can lie: no interval of it goes beyond (docs/statistics.md)."""

from math import inf

from sce.measuring.metrics import LARGEST

Ends = tuple[float, float]

ANY: Ends = (-inf, inf)
SHARE: Ends = (0.0, 1.0)
COUNT: Ends = (0.0, inf)
UP_TO_ALL: Ends = (-inf, 1.0)  # of what could be gained, some part is gained or more than that is lost
SHARES = ("validity", "exact_match", "validity_with_off_grid", "validity_probability")
DISTANCES = (
    "mean_distance", "mean_excess", "median_excess", "mean_shortfall", "median_shortfall",
    "total_minimality_abs",
)  # fmt: skip


def of_score(score: str, metric: str) -> Ends:
    """The least and the largest value of a score (docs/protocol.md, Scores). Those that divide by m have no
    largest one."""
    if score in SHARES:
        return SHARE
    return of_distances(metric) if score in DISTANCES else (0.0, inf)


def of_distances(metric: str) -> Ends:
    """Those of a mean distance, and of how much farther than needed an SCE is."""
    return 0.0, LARGEST.get(metric, inf)


def of_differences(ends: Ends) -> Ends:
    """Those of a value minus another one, both within ``ends``."""
    least, most = ends
    return least - most, most - least
