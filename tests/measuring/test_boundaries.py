"""What a boundary is like: its regions, its raggedness, and which wording counts."""

import pandas as pd
import pytest

from sce.grids.datasets import DATASETS, load_dataset
from sce.measuring import boundaries
from tests.showing.figures import NAMES, diagonal, labelled, make_boundary, make_dataset, numeric, shuffled


def describe(dataset, codes):
    return boundaries.describe_boundary(dataset, make_boundary(dataset, codes))


def test_a_staircase_by_hand():
    facts = describe(make_dataset(a=numeric(3), b=numeric(3)), [0, 0, 1, 0, 1, 1, 1, 1, 1])
    assert (facts["n"], facts["answered"], facts["missing"]) == (9, 9, 0)
    assert (facts["n_0"], facts["n_1"], facts["boundary"]) == (3, 6, True)
    assert (facts["share_0"], facts["share_1"]) == pytest.approx((1 / 3, 2 / 3))
    assert facts["disagreeing"] == pytest.approx(4 / 12)
    assert (facts["n_regions"], facts["n_regions_0"], facts["n_regions_1"]) == (2, 1, 1)
    assert facts["raggedness"] == 0
    assert facts["verdict"] == "clean"
    assert facts["sentence"] == (
        "clean boundary: raggedness 0.00 (0 without a spike, 1 as if shuffled); "
        "33.3% of neighbouring pairs disagree; regions: 1 of 'A', 1 of 'B'"
    )


def test_a_chessboard_by_hand():
    facts = describe(make_dataset(a=numeric(3), b=numeric(3)), [0, 1, 0, 1, 0, 1, 0, 1, 0])
    assert facts["disagreeing"] == 1
    assert (facts["n_regions_0"], facts["n_regions_1"]) == (5, 4)
    assert facts["raggedness"] == pytest.approx(6 / (6 * 5 / 9 * 4 / 9))  # 6 triples, all of them spikes
    assert facts["verdict"] == "ragged"


def test_points_without_a_prediction_join_nothing():
    facts = describe(make_dataset(a=numeric(5)), [0, None, 0, 1, 0])
    assert (facts["answered"], facts["missing"], facts["share_1"]) == (4, 1, 0.25)
    assert facts["disagreeing"] == 1  # of the pairs (3, 4) and (4, 5)
    assert (facts["n_regions_0"], facts["n_regions_1"]) == (3, 1)
    assert facts["raggedness"] == pytest.approx(1 / (1 * 0.25 * 0.75))
    assert facts["sentence"].endswith("; 1 without a prediction")


def test_levels_of_a_categorical_feature_are_all_neighbours():
    facts = describe(make_dataset(a=labelled("categorical", "x", "y", "z")), [0, 1, 0])
    assert facts["disagreeing"] == pytest.approx(2 / 3)
    assert (facts["n_regions_0"], facts["n_regions_1"]) == (1, 1)
    assert facts["raggedness"] is None  # no order, so no spike
    assert facts["verdict"] == "clean"


def test_no_boundary_and_no_predictions():
    dataset = make_dataset(a=numeric(1200))
    facts = describe(dataset, [1] * 1199 + [None])
    assert (facts["boundary"], facts["verdict"], facts["raggedness"]) == (False, "no boundary", None)
    assert facts["sentence"] == "no boundary: always 'B' (1,199 of 1,200 points); 1 without a prediction"
    facts = describe(dataset, [None] * 1200)
    assert (facts["verdict"], facts["share_0"], facts["disagreeing"]) == ("no predictions", None, None)
    assert facts["sentence"] == "no predictions at any of the 1,200 points"


@pytest.mark.parametrize("name", NAMES)
def test_raggedness_knows_oblique_from_shuffled_on_every_dataset(name):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    clean, ragged = describe(dataset, diagonal(dataset)), describe(dataset, shuffled(dataset))
    assert (clean["raggedness"], clean["verdict"]) == (0, "clean")
    assert ragged["raggedness"] == pytest.approx(1, abs=0.1 if dataset.size > 1000 else 0.5)
    assert ragged["verdict"] == "ragged"


def test_the_first_wording_counts_and_unknown_predictions_are_refused():
    dataset = make_dataset(a=numeric(3))
    table = pd.concat(
        [make_boundary(dataset, [0, 1, 1], "plain"), make_boundary(dataset, [1, 0, 0], "formal")]
    )
    assert boundaries.predictions(dataset, table).tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match=r"no option of made.*maybe"):
        boundaries.predictions(dataset, table.replace({"prediction": {"A": "maybe"}}))
