"""What a control respondent writes, and which SCEs it gives."""

import json

import numpy as np
import pytest

from sce.engines import open_engine
from sce.grids.datasets import load_dataset
from sce.measuring import distances
from sce.measuring.boundaries import predictions
from sce.models.catalogue import read_entry
from sce.reading import responses
from tests.experiments.respondent import answers_of, study_of


@pytest.mark.parametrize("name", ["heart_disease", "weather", "german_credit"])
def test_a_point_is_written_as_json_writes_it(name):
    """Its reply is part of the requests that follow, so another blank would be other keys in the ledger."""
    dataset = load_dataset(f"resources/datasets/{name}.yaml")
    entry = read_entry({"models": {"m": {"engine": "control", "policy": "echo"}}}, "m")
    respondent = open_engine(entry, dataset)
    for point in np.random.default_rng(0).integers(0, dataset.size, 20).tolist():
        record = dataset.record(point)
        told = {
            name: record[name] if feature.is_number else feature.labels[feature.codes.index(record[name])]
            for name, feature in dataset.features.items()
        }
        assert respondent.written(point) == json.dumps(told)


@pytest.mark.parametrize(
    ("policy", "own", "other"), [("nearest", "gower", "l1"), ("nearest_l1", "l1", "gower")]
)
def test_a_control_follows_its_own_distance(policy, own, other, tmp_path):
    study = study_of(policy, "house_prices_coarse", conditions=["minimal"])
    dataset = study.datasets["house_prices_coarse"]
    raw, *_ = answers_of(study, "house_prices_coarse", tmp_path)
    sce = responses.counterfactuals(raw, dataset, ["minimal"])
    codes = predictions(dataset, responses.boundary(raw, dataset))
    excess = {metric: distances.measure(dataset, codes, sce, metric)["excess"] for metric in (own, other)}
    assert (excess[own] == 0).all()
    assert excess[other].mean() > 0
