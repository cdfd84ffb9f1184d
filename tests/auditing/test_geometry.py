"""The audit's distances are those that were measured, found by other means."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sce.auditing.geometry import distances_of
from sce.auditing.regions import description_of
from sce.grids.datasets import load_dataset
from sce.measuring import metrics
from sce.measuring.boundaries import describe_boundary
from tests.conftest import ROOT
from tests.fuzzing import tried

NAMES = ("exam", "weather", "heart_disease_coarse")
DATASETS = {name: load_dataset(ROOT / f"resources/datasets/{name}.yaml") for name in NAMES}


@pytest.mark.parametrize("metric", ["gower", "l1", "l2", "semantic"])
@pytest.mark.parametrize("name", NAMES)
def test_nearest_points_and_distances_are_those_of_the_measure(tmp_path, name, metric):
    dataset, chance = DATASETS[name], np.random.default_rng(1)
    path = tmp_path / "embeddings.npy"
    embeddings = chance.normal(size=(dataset.size, 8)).astype(np.float32)
    np.save(path, embeddings)
    labels = chance.integers(0, 2, dataset.size)
    ids, far = metrics.nearest(dataset, labels, metric, embeddings)
    slow = distances_of(dataset, metric, path)
    for point in chance.integers(0, dataset.size, 25).tolist():
        for label in (0, 1):
            least, near = slow.nearest(point, tuple(np.flatnonzero(labels == label).tolist()))
            assert near[0] == ids[point, label]
            assert least * slow.unit == pytest.approx(far[point, label], abs=1e-12)


@tried(20)
@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1), st.sampled_from([0, 0.1, 0.5, 1]), st.booleans())
def test_what_a_boundary_is_like(name, seed, share, some_missing):
    dataset, chance = DATASETS[name], np.random.default_rng(seed)
    options = np.array(dataset.options, dtype=object)[(chance.random(dataset.size) < share).astype(int)]
    if some_missing:
        options[chance.random(dataset.size) < 0.2] = None
    table = pd.DataFrame({"question": "q", "point_id": range(dataset.size), "prediction": options})
    expected = describe_boundary(dataset, table)
    found = description_of(dataset, dict(enumerate(options)))
    for column, value in found.items():
        assert value == (pytest.approx(expected[column]) if value is not None else expected[column]), column
