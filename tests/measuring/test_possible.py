"""Where intervals end, because the quantity does."""

import numpy as np
import pandas as pd
import pytest

from sce.measuring import estimands, possible, scores
from tests.measuring.test_estimands import alone
from tests.measuring.test_scores import VALID


def test_no_interval_goes_beyond_what_is_possible():
    """The mean 0.2 of five rows has the standard error 0.2, hence the interval 0.2 +- 2.776 x 0.2."""
    values = np.array([0.0, 0, 0, 0, 1])
    free = estimands.mean(values, alone(5), "answers")
    assert (free.low, free.high) == pytest.approx((-0.3553, 0.7553), abs=1e-4)
    share = estimands.mean(values, alone(5), "answers", 0.0, 1.0)
    assert (share.low, share.high) == (0, free.high)
    lower = estimands.mean(values, alone(5), "answers", -1.0, 0.5)
    assert (lower.low, lower.high) == (free.low, 0.5)
    assert (share.p, share.effective_n, share.clusters) == (free.p, free.effective_n, free.clusters)
    wordings = estimands.over_wordings([0.9, 1.0, 1.0, 1.0, 0.95], 0.0, 1.0)  # 0.97 +- 2.776 x 0.02
    assert (wordings.low, wordings.high) == pytest.approx((0.9145, 1), abs=1e-4)


def test_what_is_possible_follows_from_the_score_and_the_distance():
    assert possible.of_score("validity", "l1") == (0, 1)
    assert possible.of_score("mean_excess", "gower") == (0, 1)
    assert possible.of_score("total_minimality_abs", "semantic") == (0, 2)
    assert possible.of_score("mean_excess", "l1") == (0, np.inf)
    assert possible.of_score("mean_relative_excess", "gower") == (0, np.inf)
    assert possible.of_differences((0, 1)) == (-1, 1)
    assert set(possible.SHARES) | set(possible.DISTANCES) <= {*scores.SCORES, scores.OF_SAMPLES}


def test_scores_of_distances_end_where_distances_do():
    """5 distances, the mean 0.74 +- 2.776 x 0.16: a distance under Gower is 1 at most, one under l1 any."""
    rows = pd.DataFrame(VALID[:1]).loc[[0] * 5].assign(point_id=range(5), sce_point_id=range(5))
    rows = rows.assign(distance=[0.1, 0.9, 0.9, 0.9, 0.9], excess=[0.1, 0.9, 0.9, 0.9, 0.9])
    half = 2.7764 * 0.16
    for metric, high in (("gower", 1), ("l1", 0.74 + half)):
        scored = scores.score(rows.assign(metric=metric), "answers").set_index("score")
        for name in ("mean_distance", "mean_excess", "total_minimality_abs"):
            ends = scored.loc[name, ["low", "high"]].tolist()
            assert ends == pytest.approx([0.74 - half, high], abs=1e-3), (metric, name)
