"""Scores of rows that are known within bounds, by hand."""

import numpy as np
import pandas as pd
import pytest

from sce.measuring import certain_scores, scores


def rows(**columns):
    """Kept, valid rows of one condition, with m and the excess exact unless told otherwise."""
    table = pd.DataFrame(columns)
    n = len(table)
    fixed = {"condition": "minimal", "metric": "gower", "point_id": range(n), "status": "kept", "valid": True}
    fixed["sce_point_id"] = range(100, 100 + n)
    table = table.assign(**fixed)
    for name in ("shortfall_low", "shortfall_high"):
        table[name] = table.get(name, np.nan)
    table["excess_low"] = table["distance"] - table["nearest_high"]
    table["excess_high"] = table["distance"] - table["nearest_low"]
    return table


def test_bounds_of_means_and_medians_by_hand():
    # m of the second start is known between 0.1 and 0.3.
    measured = rows(
        distance=[0.4, 0.5, 0.6],
        nearest_low=[0.4, 0.1, 0.2],
        nearest_high=[0.4, 0.3, 0.2],
        certainty=["exact", "bounded", "exact"],
    )
    table = certain_scores.score(measured, estimand="points").set_index("score")
    excess = table.loc["mean_excess"]
    assert (excess["certain_low"], excess["certain_high"]) == pytest.approx((0.2, 0.8 / 3))
    assert np.isnan(excess["value"])
    assert np.isnan(excess["low"])
    assert excess["reason"] == "between 0.2 and 0.2667: not all was asked"
    assert table.loc["median_excess", "certain_low"] == pytest.approx(0.2)
    assert table.loc["median_excess", "certain_high"] == pytest.approx(0.4)
    assert table.loc["mean_relative_excess", "certain_high"] == pytest.approx((0 + 4 + 2) / 3)
    assert table.loc["validity", "value"] == 1
    assert table.loc["exact_match", "value"] == pytest.approx(1 / 3)
    assert table.loc["n_exact", "value"] == 2
    assert table.loc["n_bounded", "value"] == 1


def test_an_exact_match_that_is_not_certain():
    measured = rows(distance=[0.3], nearest_low=[0.1], nearest_high=[0.3], certainty=["bounded_if_monotone"])
    match = certain_scores.score(measured, estimand="points").set_index("score").loc["exact_match"]
    assert (match["certain_low"], match["certain_high"]) == (0, 1)
    assert "if monotone" in match["reason"]


def test_a_row_without_a_bound_leaves_the_score_without():
    measured = rows(
        distance=[0.3, 0.3],
        nearest_low=[0.1, 0.3],
        nearest_high=[np.nan, 0.3],
        certainty=["bounded", "exact"],
    ).assign(valid=False, shortfall_low=[0.1, 0.2], shortfall_high=[np.nan, 0.2])
    measured[["excess_low", "excess_high"]] = np.nan
    table = certain_scores.score(measured, estimand="points").set_index("score")
    assert table.loc["mean_shortfall", "reason"] == "not enough was asked"
    assert np.isnan(table.loc["mean_shortfall", "certain_low"])


def test_certain_rows_score_as_on_a_full_grid():
    measured = rows(distance=[0.4, 0.5], nearest_low=[0.4, 0.3], nearest_high=[0.4, 0.3], certainty="exact")
    whole = measured.assign(
        nearest_distance=measured["nearest_low"],
        excess=measured["excess_low"],
        relative_excess=measured["distance"] / measured["nearest_low"] - 1,
        shortfall=np.nan,
        relative_shortfall=np.nan,
    )
    ours = certain_scores.score(measured, estimand="points")
    full = scores.score(whole, estimand="points")
    pd.testing.assert_frame_equal(ours[full.columns].head(len(full)), full)
