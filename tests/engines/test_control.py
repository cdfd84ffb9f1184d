"""What a control respondent writes."""

import json

import numpy as np
import pytest

from sce.engines import open_engine
from sce.grids.datasets import load_dataset
from sce.models.catalogue import read_entry


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
