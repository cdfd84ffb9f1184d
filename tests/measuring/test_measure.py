"""The measured rows of SCEs, by hand; matrices as files."""

import json
from fractions import Fraction
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from sce.errors import InputError
from sce.files import artifacts
from sce.measuring import metrics, spaces
from sce.measuring.distances import measure
from sce.measuring.matrices import write_matrix
from sce.measuring.metrics import METRICS
from tests.measuring.test_distances import AGES


def sces(*rows, **more):
    table = pd.DataFrame(rows, columns=["point_id", "target", "sce_point_id", "status"])
    table["sce_point_id"] = table["sce_point_id"].astype("Int64")
    return table.assign(condition="plain", **more)


#                    0a 0b 10a 10b 20a 20b 40a 40b
PREDICTIONS = np.array([0, 0, 0, 0, 1, -1, 1, 1], dtype=np.int8)


def test_measure_by_hand(tmp_path):
    asked = sces(
        (0, "yes", 6, "ok"),  # valid, too far: 40 against 20 years
        (0, "yes", 4, "ok"),  # valid, exactly the nearest
        (0, "yes", 2, "ok"),  # invalid: ten years short
        (4, "no", 3, "ok"),  # valid, one sex too far
        (1, "yes", 5, "ok"),  # nothing is predicted at 20b
        (5, None, None, "no_prediction"),
        (2, "yes", None, "off_grid"),
        (3, "yes", None, "truncated"),
        (5, "yes", 0, "ok"),  # asked without a prediction
    )
    table = measure(AGES, PREDICTIONS, asked, "l1")  # a year counts 1/10, the sex 1
    kept = "kept"
    expected = {
        "status": [kept] * 4
        + ["no_prediction_at_sce", "no_prediction", "off_grid", "truncated", "no_prediction"],
        "valid": [True, True, False, True] + [None] * 5,
        "distance": [4, 2, 1, 2] + [None] * 5,
        "nearest_point_id": [4, 4, 4, 2] + [None] * 5,
        "nearest_distance": [2, 2, 2, 1] + [None] * 5,
        "excess": [2, 0, None, 1] + [None] * 5,
        "relative_excess": [1, 0, None, 1] + [None] * 5,
        "shortfall": [None, None, 1] + [None] * 6,
        "relative_shortfall": [None, None, 0.5] + [None] * 6,
        "sce_point_id": [6, 4, 2, 3, 5, None, None, None, 0],
        "point_id": [0, 0, 0, 4, 1, 5, 2, 3, 5],
    }
    artifacts.write(table, tmp_path / "distances.parquet", "distances")
    for same in (table, artifacts.read(tmp_path / "distances.parquet")):
        for column, values in expected.items():
            assert [None if pd.isna(value) else value for value in same[column]] == values, column


def test_measure_without_boundary_has_distances_and_no_nearest():
    table = measure(AGES, np.zeros(8, dtype=np.int8), sces((0, "yes", 6, "ok")), "l1")
    row = table.iloc[0]
    assert (row["status"], row["valid"], row["distance"]) == ("kept", False, 4)
    assert table[["nearest_point_id", "nearest_distance", "excess", "shortfall"]].isna().all(axis=None)


def test_measure_takes_the_option_not_predicted_where_no_target_is_given():
    with_target = measure(AGES, PREDICTIONS, sces((0, "yes", 6, "ok"), (4, "no", 2, "ok")), "gower")
    without = measure(AGES, PREDICTIONS, sces((0, None, 6, "ok"), (4, None, 2, "ok")), "gower")
    pd.testing.assert_frame_equal(with_target, without)


def test_measure_counts_answers_outside_the_options_in_validity_and_distance_only():
    predictions = np.array([0, 2, 0, 0, 1, 1, 1, 1])
    table = measure(
        AGES, predictions, sces((0, "yes", 1, "ok"), (1, "yes", 4, "ok"), (1, "yes", 0, "ok")), "l1"
    )
    assert table["valid"].tolist() == [False, True, False]
    assert table["distance"].tolist() == [1, 3, 1]
    assert table["nearest_distance"].isna().tolist() == [False, True, True]
    assert table[["excess", "shortfall"]].isna().all(axis=None)


def test_measure_judges_verified_off_grid_instances():
    asked = sces(
        (0, "yes", None, "off_grid"),
        (0, "yes", None, "off_grid"),
        (0, "yes", None, "off_grid"),
        prediction_at_sce=["yes", "no", None],
    )
    table = measure(AGES, PREDICTIONS, asked, "gower")
    assert table["valid"].tolist() == [True, False, pd.NA]
    assert table["distance"].isna().all()
    assert set(table["status"]) == {"off_grid"}


def test_measure_gives_an_empty_table_its_columns(tmp_path):
    table = measure(AGES, PREDICTIONS, sces(), "gower")
    artifacts.write(table, tmp_path / "d.parquet", "distances")
    assert len(table) == 0


def test_measure_refuses_what_makes_no_sense():
    with pytest.raises(InputError, match="metric: found 'euclid'; allowed: one of gower, l1, l2, semantic"):
        measure(AGES, PREDICTIONS, sces(), "euclid")
    with pytest.raises(InputError, match="target: found 'maybe'"):
        measure(AGES, PREDICTIONS, sces((0, "maybe", 1, "ok")), "l1")
    with pytest.raises(InputError, match="sce_point_id: found 8"):
        measure(AGES, PREDICTIONS, sces((0, "yes", 8, "ok")), "l1")
    with pytest.raises(InputError, match=r"predictions: found 'shape \(3,\)'"):
        measure(AGES, PREDICTIONS[:3], sces(), "l1")
    with pytest.raises(InputError, match="status: found 'lost'"):
        measure(AGES, PREDICTIONS, sces((0, "yes", 1, "lost")), "l1")


def test_a_new_metric_is_one_function_and_a_name():
    def hamming(levels, categorical, features):
        return spaces.Share("mismatch", Fraction(1))

    with mock.patch.dict(METRICS, hamming=metrics.separable(hamming)):
        table = measure(AGES, PREDICTIONS, sces((0, "yes", 7, "ok")), "hamming")
    assert table.loc[0, ["distance", "nearest_distance"]].tolist() == [2, 1]


# --- matrices ---


def test_matrix_and_its_sidecar(tmp_path):
    write_matrix(tmp_path / "new" / "tiny_l1.npy", AGES, "l1")
    matrix = np.load(tmp_path / "new" / "tiny_l1.npy")
    note = json.loads((tmp_path / "new" / "tiny_l1.json").read_text())
    assert matrix.dtype == np.float32
    assert matrix[0].tolist() == [0, 1, 1, 2, 2, 3, 4, 5]
    assert (matrix == matrix.T).all()
    assert (note["dataset"], note["metric"], note["points"], note["dtype"]) == ("tiny", "l1", 8, "float32")
    assert note["features"] == {
        "age": {"kind": "numeric", "levels": [0, 10, 20, 40]},
        "sex": {"kind": "categorical", "levels": [1, 2]},
    }
    assert len(note["levels_sha256"]) == 64
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["tiny_l1.json", "tiny_l1.npy"]


def test_matrix_too_large_is_not_written(tmp_path):
    with pytest.raises(InputError, match="points: found 8; allowed: up to 7"):
        write_matrix(tmp_path / "m.npy", AGES, "l1", largest=7)
    assert not list(tmp_path.iterdir())
