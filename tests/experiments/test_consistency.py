"""Boundaries under several wordings of the question, by hand-computed values."""

import numpy as np
import pandas as pd
import pytest

from sce.experiments.consistency import Consistency
from sce.experiments.given import Given
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.reading import responses
from sce.reading.responses import features_at
from sce.showing.consistency_map import consistency_map
from sce.showing.style import FigureStyle
from tests.experiments.respondent import SCORING, answers_of, study_of

EXAM = load_dataset("resources/datasets/exam.yaml")
FIRST, SECOND = EXAM.options


def boundary(*predictions, probability=None):
    """A boundary artifact: for each wording the predictions at the first points; the rest have none."""
    parts = []
    for number, given in enumerate(predictions):
        ids = np.arange(EXAM.size)
        answers = pd.Series(list(given) + [None] * (EXAM.size - len(given)), dtype=object)
        known = pd.array([probability[number]] * EXAM.size if probability else [None] * EXAM.size, "Float64")
        parts.append(
            pd.DataFrame(
                {
                    "question": f"q{number}",
                    "point_id": ids,
                    **features_at(EXAM, ids),
                    "prediction": answers,
                    "status": "ok",
                    "probability_0": 1 - known,
                    "probability_1": known,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def sces(*rows):
    """An sce artifact of the condition minimal: (point, target, point of the SCE)."""
    return pd.DataFrame(
        [("minimal", x, target, there, "ok") for x, target, there in rows],
        columns=["condition", "point_id", "target", "sce_point_id", "status"],
    ).astype({"sce_point_id": "Int64"})


def test_points_count_votes():
    a, b = FIRST, SECOND
    found = Consistency().points(
        EXAM, boundary([a, a, a, a], [a, b, b, b], [a, b, a, None], probability=[0.1, 0.3, 0.5])
    )
    assert list(found.columns) == list(artifacts.columns(Consistency.points_columns, list(EXAM.features)))
    assert found["wordings"].head(5).tolist() == [3, 3, 3, 2, 0]
    assert found["agreement"].head(4).tolist() == [1, 2 / 3, 2 / 3, 1 / 2]
    assert found["majority"].fillna("none").head(5).tolist() == [a, b, a, "none", "none"]
    assert found["main"].fillna("none").head(5).tolist() == [a, a, a, a, "none"]
    assert found["probability_1"].head(5).tolist() == pytest.approx([0.3] * 5)
    assert found["probabilities"].iloc[0] == 3


def test_the_same_sces_are_judged_by_both_boundaries():
    a, b = FIRST, SECOND
    found = Consistency().points(EXAM, boundary([a, a, b, a], [a, b, b, b], [a, b, b, None]))
    # to 2: valid for both, all agree; to 1: for the majority only, uncertain; to 0: for neither; to 3: even
    judged = sces((0, b, 2), (3, b, 1), (1, b, 0), (2, b, 3))
    table = Consistency().measure(Given(EXAM, {"points": found, "sce": judged}, ["gower"], {}, **SCORING))
    values = table.set_index(["condition", "score"])
    assert values.value["boundary", "agreement"] == pytest.approx((1 + 2 / 3 + 1 + 1 / 2) / 4)
    assert values.value["boundary", "unanimous"] == 0.5
    assert values.value["boundary", "even"] == 0.25
    assert values.value["boundary", "main_is_majority"] == pytest.approx(2 / 3)
    assert values.value["minimal", "validity_main"] == pytest.approx(1 / 3)
    assert values.value["minimal", "validity_majority"] == pytest.approx(2 / 3)
    assert values.value["minimal", "valid_uncertain"] == 0
    assert values.value["minimal", "invalid_uncertain"] == 0.5
    assert values.n["minimal", "validity_main"] == 3


def test_the_map_of_uncertainty_has_a_layer_for_probabilities_where_there_are_any():
    one = boundary([FIRST] * 30 + [SECOND] * 36, [FIRST] * 66)
    two = boundary([FIRST] * 30 + [SECOND] * 36, [FIRST] * 66, probability=[0.2, 0.4])
    layers = [
        sum(
            len(axes.images)
            for axes in consistency_map(EXAM, Consistency().points(EXAM, b), "m", FigureStyle()).axes
        )
        for b in (one, two)
    ]
    assert layers == [1, 2]


def test_a_boundary_that_moves_with_the_wording_at_a_known_rate(tmp_path):
    """One in ten of the answers to the 20 numbered wordings differs: of 21 wordings, 19 agree on average."""
    names = ["question", "question_01..question_20"]
    study = study_of("nearest", "house_prices_coarse", {"wavers": 0.1}, questions=names)
    dataset = study.datasets["house_prices_coarse"]
    raw, *_ = answers_of(study, "house_prices_coarse", tmp_path)
    found = Consistency().points(dataset, responses.boundary(raw, dataset))
    assert (found["majority"] == found["main"]).all()
    assert found["agreement"].mean() == pytest.approx((1 + 20 * 0.9) / 21, abs=0.01)
