"""From raw responses to tables, by hand."""

import json
import math

import pandas as pd
import pytest

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.reading.responses import boundary, counterfactuals

DATASET = load_dataset("resources/datasets/exam.yaml")


def response(kind, point_id, text, status="answered", finish="stop", condition=None, logprobs=None):
    row = dict.fromkeys(artifacts.columns("responses"))
    return row | {
        "kind": kind,
        "wording": "question",
        "condition": condition,
        "point_id": point_id,
        "status": status,
        "response": text,
        "finish_reason": finish,
        "logprobs": logprobs,
    }


RESPONSES = pd.DataFrame(
    [
        response("question", 0, '{"answer": "Fail"}'),
        response("question", 1, "Pass"),
        response("question", 2, "Perhaps."),
        response("question", 3, None, "failed", None),
        response("question", 4, '{"answer": "Pa', "truncated", "length"),
        response("question", 5, "no", "refused", "refusal"),
        response("question", 6, '{"answer": "Fail"}'),
        response("question", 7, '{"answer": "Fail"}'),
        response("condition", 0, '{"score": 100, "absences": 0}', condition="minimal"),
        response("condition", 1, '{"score": 5, "absences": 0}', condition="minimal"),
        response("condition", 6, '{"score": 50}', condition="minimal"),
        response("condition", 7, "no idea", condition="minimal"),
    ]
)


def test_predictions_by_hand():
    table = boundary(RESPONSES, DATASET)
    assert table["prediction"].fillna("").tolist() == ["Fail", "Pass", "", "", "", "", "Fail", "Fail"]
    assert table["status"].tolist() == [
        "ok", "ok", "unparseable", "request_failed", "truncated", "refused", "ok", "ok"
    ]  # fmt: skip
    assert table["score"].tolist() == [0, 0, 0, 0, 0, 0, 10, 10]
    assert table["absences"].tolist() == [0, 4, 8, 12, 16, 20, 0, 4]
    assert table["probability_0"].isna().all()


def test_counterfactuals_by_hand(tmp_path):
    table = counterfactuals(RESPONSES, DATASET, ["minimal", "unconstrained"])
    first = table[table["condition"] == "minimal"]
    assert first["status"].tolist() == [
        "ok", "off_grid", "no_prediction", "no_prediction", "no_prediction", "no_prediction",
        "missing_feature", "unparseable_sce",
    ]  # fmt: skip
    assert first["target"].tolist()[:2] == ["Pass", "Fail"]
    assert first["sce_point_id"].tolist()[0] == DATASET.locate({"score": 100, "absences": 0})
    assert first["sce_score"].tolist()[:2] == [100, 5]
    assert first["sce_score"].tolist()[6] == 50
    assert first["sce_absences"].isna().tolist()[6]
    assert (table[table["condition"] == "unconstrained"]["status"] == "no_prediction").all()
    artifacts.write(table, tmp_path / "sce.parquet", "sce", list(DATASET.features))
    assert artifacts.read(tmp_path / "sce.parquet")["sce_point_id"].isna().sum() == len(table) - 1


def test_probabilities_stand_beside_the_prediction_they_are_of():
    said = json.dumps(
        [{"token": "Pass", "logprob": 0, "top": [["Pass", math.log(0.9)], ["Fail", math.log(0.1)]]}]
    )
    rows = [
        response("question", 0, "Pass", logprobs=said),
        response("question", 1, "Maybe Pass", logprobs=None),
    ]
    table = boundary(pd.DataFrame(rows), DATASET)
    assert table["probability_0"].tolist()[0] == pytest.approx(0.1)
    assert table["probability_1"].tolist()[0] == pytest.approx(0.9)
    assert table[["probability_0", "probability_1"]].isna().all(axis=1).tolist() == [False, True]
