"""The control respondent whose replies are malformed: on every kind of dataset, in each of its five ways."""

import asyncio

import pytest

from sce.engines import About, open_engine
from sce.grids.datasets import Dataset
from sce.models.catalogue import read_entry
from sce.reading.parsing import parse_sce

FEATURES = {
    "size": {"kind": "numeric", "levels": [1, 2, 3], "wording": "Size: {value}"},
    "grade": {"kind": "ordinal", "levels": ["low", "mid", "top"], "wording": "Grade: {value}"},
    "sex": {"kind": "categorical", "levels": {2: "Female", 1: "Male"}, "wording": "Sex: {value}"},
}


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["size", "sex"], ("ok", {"size": 2.123, "sex": 2})),
        (["sex", "size"], ("ok", {"sex": 2, "size": 3.123})),
        (["grade", "sex"], ("missing_feature", {"grade": None, "sex": 2})),
        (["sex", "grade"], ("missing_feature", {"sex": None, "grade": 3})),
    ],
)
def test_a_value_is_off_the_grid_whatever_the_features(names, read):
    features = {name: FEATURES[name] for name in names}
    dataset = Dataset(
        name="t", title="T", subject="t", question="Which?", options=["A", "B"], features=features
    )
    model = read_entry({"models": {"m": {"engine": "control", "policy": "malformed"}}}, "m")
    engine = open_engine(model, dataset)
    replies = []
    for point_id in range(dataset.size):
        body = engine.body([], About("condition", "minimal", dataset.record(point_id), "A"))
        replies.append(asyncio.run(engine.ask(body)))
    assert [reply.status for reply in replies[:5]] == [*["answered"] * 3, "truncated", "refused"]
    assert parse_sce(replies[2].response, dataset) == read
