"""Which features are changed: hand-computed values, and control respondents whose outcome is known."""

import numpy as np
import pytest

from sce.experiments.changed_features import flips, how_far
from sce.experiments.registry import kind
from sce.grids.datasets import load_dataset
from sce.measuring.codes import NONE
from tests.experiments.respondent import given_of, study_of

EXAM = load_dataset("resources/datasets/exam.yaml")
SHAPE = EXAM.shape


def measured(tmp_path, policy, dataset="house_prices_coarse"):
    study = study_of(policy, dataset, conditions=["minimal"], changed_features=True)
    table = kind("changed_features").measure(given_of(study, "changed_features", dataset, tmp_path))
    return table.set_index(["condition", "metric", "score"])


def test_how_far_a_feature_is_changed_is_a_part_of_its_range():
    last = EXAM.size - 1
    assert how_far(EXAM, np.array([0, 0]), np.array([last, 1])).tolist() == [[1, 0], [1, 1 / (SHAPE[1] - 1)]]


def test_another_level_of_a_category_is_as_far_as_can_be():
    heart = load_dataset("resources/datasets/heart_disease.yaml")
    sex = list(heart.features).index("sex")
    a, b = ({**heart.record(0), "sex": code} for code in heart.features["sex"].codes[:2])
    assert how_far(heart, np.array([heart.locate(a)]), np.array([heart.locate(b)]))[sex] == [1]


def test_a_boundary_across_the_first_feature_is_sensitive_to_it_alone():
    """Half of the levels of the first feature have the other prediction: one level is enough beside the
    boundary, any level everywhere."""
    codes = np.repeat(np.arange(SHAPE[0]) >= 4, SHAPE[1]).astype(int)
    found = flips(EXAM, codes)
    assert found["flips_at_any_level"].mean(axis=1).tolist() == [1, 0]
    assert found["flips_at_one_level"].mean(axis=1) == pytest.approx([2 / SHAPE[0], 0])


def test_points_without_a_prediction_are_left_out():
    codes = np.full(EXAM.size, NONE)
    codes[:2] = [0, 1]  # neighbours along the second feature; along the first they have none
    first, second = flips(EXAM, codes)["flips_at_one_level"]
    assert np.isnan(first).all()
    assert second[:2].tolist() == [1, 1]
    assert np.isnan(second[2:]).all()


def test_nearest_changes_what_the_nearest_counterfactual_changes(tmp_path):
    table = measured(tmp_path, "nearest")
    assert table.value["minimal", "gower", "overlap"] == 1
    assert table.value["minimal", "gower", "same_features"] == 1
    assert table.value["minimal", "gower", "rank_with_nearest"] == pytest.approx(1)


def test_echo_changes_nothing_and_has_no_ranking(tmp_path):
    table = measured(tmp_path, "echo")
    assert (table.value.xs(("minimal", "changed"), level=("condition", "score")) == 0).all()
    assert table.value["minimal", "gower", "overlap"] == 0
    assert "alike for all features" in table.reason["minimal", "gower", "rank_with_nearest"]


def test_without_a_boundary_no_feature_matters_and_none_is_nearest(tmp_path):
    table = measured(tmp_path, "constant")
    assert (table.value.xs(("boundary", "flips_at_any_level"), level=("condition", "score")) == 0).all()
    assert table.value["nearest_gower"].isna().all()
    assert table.value["minimal", "gower", "overlap"] is None or np.isnan(
        table.value["minimal", "gower", "overlap"]
    )
