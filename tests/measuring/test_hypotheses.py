"""Tests over a study, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from sce.measuring.comparisons import differences as differences_of
from sce.measuring.comparisons import ranks as ranks_of
from sce.measuring.hypotheses import adjust, benjamini_hochberg, holm, mcnemar, pattern, ranks


def test_mcnemar_is_the_sign_test_of_the_rows_that_differ():
    a, b = [1] * 6 + [0] + [1] * 5, [0] * 6 + [1] + [1] * 5
    assert mcnemar(a, b) == pytest.approx(2 * (1 + 7) / 2**7)
    assert mcnemar([1, 0], [1, 0]) is None


def test_holm_steps_down():
    assert holm([0.04, 0.01, np.nan, 0.03]) == pytest.approx([0.06, 0.03, np.nan, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert np.isnan(holm([np.nan])).all()


def test_benjamini_hochberg_steps_up():
    assert benjamini_hochberg([0.04, 0.01, np.nan]) == pytest.approx([0.04, 0.02, np.nan], nan_ok=True)


def differences(*lines):
    return pd.DataFrame(lines, columns=["dataset", "metric", "score", "a", "b", "difference", "p"])


def test_a_family_is_one_score_of_one_dataset():
    table = differences(
        ("d", "m", "validity", "x", "y", 0.1, 0.01),
        ("d", "m", "validity", "x", "z", 0.1, 0.02),
        ("e", "m", "validity", "x", "y", 0.1, 0.03),
    )
    assert adjust(table)["p_holm"].tolist() == [0.02, 0.02, 0.03]


def test_ranks_move_only_where_a_difference_is_sure():
    compared = adjust(
        differences(
            ("d", "m", "validity", "x", "y", 0.4, 1e-6),
            ("d", "m", "validity", "x", "z", 0.5, 1e-6),
            ("d", "m", "validity", "y", "z", 0.1, 0.3),
        )
    )
    found = ranks({"z": 0.4, "x": 0.9, "y": 0.5}, compared).set_index("label")
    assert found["rank"].to_dict() == {"x": 1, "y": 2, "z": 3}
    assert found[["best", "worst"]].to_numpy().tolist() == [[1, 1], [2, 3], [2, 3]]


@pytest.mark.parametrize(("farther", "p", "holds"), [(0.2, 0.015, True), (-0.2, 0.99, False)])
def test_the_pattern_needs_both_its_parts(farther, p, holds):
    pair = ("m / minimal", "m / unconstrained")  # so the signs turn round
    found = pattern(
        differences(
            ("d", "gower", "validity", *pair, -0.3, 0.02),
            ("d", "gower", "mean_distance", *pair, -farther, 0.03 if holds else 0.02),
            ("d", "gower", "mean_distance", "m / minimal", "n / minimal", -0.5, 0.5),
        )
    )
    assert found[["model", "dataset", "validity", "mean_distance", "holds"]].values.tolist() == [
        ["m", "d", 0.3, farther, holds]
    ]
    assert found["p"].tolist() == pytest.approx([p])


def test_models_are_ranked_by_condition():
    rng = np.random.default_rng(0)
    rates = {"good": 0.9, "fair": 0.5, "even": 0.48}
    tables = {}
    for model, rate in rates.items():
        rows = pd.DataFrame({"point_id": np.arange(400), "sce_point_id": np.arange(400), "status": "kept"})
        rows = rows.assign(condition="minimal", metric="gower", distance=1.0, excess=np.nan)
        tables[model, "d"] = rows.assign(valid=rng.random(400) < rate)
    compared = differences_of(tables, {}, "points")
    found = ranks_of(tables, compared).set_index("model")
    assert found.loc["good", ["rank", "best", "worst"]].tolist() == [1, 1, 1]
    assert sorted(found.loc[["fair", "even"], "rank"]) == [2, 3]
    assert found.loc[["fair", "even"], ["best", "worst"]].to_numpy().tolist() == [[2, 3], [2, 3]]
    assert len(pattern(compared)) == 0
