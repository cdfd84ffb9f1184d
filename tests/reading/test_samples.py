"""Questions asked several times: which answer decides, and what the tables then hold, by hand."""

import pandas as pd
import pytest

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.reading.responses import boundary, counterfactuals
from sce.reading.samples import deciding, first_samples
from tests.reading.test_responses import response

DATASET = load_dataset("resources/datasets/exam.yaml")


def asked(point_id, *texts, condition=None):
    kind = "condition" if condition else "question"
    return [
        response(kind, point_id, text, "failed" if text is None else "answered", condition=condition)
        | {"sample": number}
        for number, text in enumerate(texts, 1)
    ]


SAMPLED = pd.DataFrame(
    [
        *asked(0, "Fail", "Pass", "Pass"),
        *asked(1, "perhaps", "Pass", "Fail"),
        *asked(2, None, "hm", None),
        *asked(0, '{"score": 0, "absences": 0}', "no", '{"score": 5, "absences": 0}', condition="minimal"),
        *asked(1, *['{"score": 10, "absences": 0}'] * 3, condition="minimal"),
    ]
)


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        (["a"], 0),
        (["a", "b", "b"], 1),
        (["b", "a"], 0),  # even: the first decides
        ([None, "b", "a", None], 1),
        ([None, None], None),
        ([], None),
    ],
)
def test_the_answer_of_most_decides(answers, place):
    assert deciding(answers) == place


def test_the_boundary_has_the_majority_and_its_share():
    table = boundary(SAMPLED, DATASET)
    assert table["point_id"].tolist() == [0, 1, 2]
    assert table["prediction"].fillna("").tolist() == ["Pass", "Pass", ""]
    assert table["status"].tolist() == ["ok", "ok", "request_failed"]
    assert table["askings"].tolist() == [3, 2, 0]
    assert table["share_1"].tolist()[:2] == [pytest.approx(2 / 3), 0.5]
    assert table["share_1"].isna().tolist()[2]


def test_every_sample_of_an_sce_is_a_row(tmp_path):
    table = counterfactuals(SAMPLED, DATASET, ["minimal"])
    assert table["point_id"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert table["sample"].tolist() == [1, 2, 3] * 3
    assert table["target"].tolist()[:6] == ["Fail"] * 6
    assert table["status"].tolist() == [
        "ok", "unparseable_sce", "off_grid", "ok", "ok", "ok", *["no_prediction"] * 3
    ]  # fmt: skip
    features = list(DATASET.features)
    artifacts.write(table, tmp_path / "sce.parquet", artifacts.variant("sce", table), features)
    once = first_samples(artifacts.read(tmp_path / "sce.parquet"))
    assert once["point_id"].tolist() == [0, 1, 2]
    assert artifacts.variant("sce", once.drop(columns="sample")) == "sce"


def test_what_was_asked_once_has_the_columns_that_it_had():
    once = SAMPLED[SAMPLED["sample"] == 1].drop(columns="sample")
    assert list(boundary(once, DATASET)) == list(artifacts.columns("boundary", list(DATASET.features)))
    sces = counterfactuals(once, DATASET, ["minimal"])
    assert list(sces) == list(artifacts.columns("sce", list(DATASET.features)))
    assert first_samples(sces) is sces
