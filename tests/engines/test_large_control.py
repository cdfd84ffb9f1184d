"""The nearest counterfactual on a grid that is not laid out, against the one found by laying it out."""

import numpy as np
import pytest

from sce.engines.control import boundary, decide, nearest_across
from sce.engines.large_control import FarSighted
from sce.grids.datasets import load_dataset
from sce.measuring.metrics import space


@pytest.mark.parametrize("name", ["heart_disease", "house_prices", "income"])
@pytest.mark.parametrize("metric", ["gower", "l1"])
def test_it_is_as_near_as_on_the_whole_grid(name, metric):
    dataset = load_dataset(f"resources/datasets/{name}.yaml")
    labels = boundary(dataset)
    whole = nearest_across(dataset, labels, l1=metric == "l1")
    points, sighted = space(dataset, metric), FarSighted(dataset, l1=metric == "l1")
    for start in np.random.default_rng(0).integers(0, dataset.size, 40).tolist():
        found = sighted.nearest(start)
        assert labels[found] != labels[start]
        here = np.array(start)
        assert points.between(here, np.array(found)) == points.between(here, whole[start])


@pytest.mark.parametrize("name", ["diabetes", "german_credit"])
def test_it_is_on_the_other_side_of_a_large_grid(name):
    dataset = load_dataset(f"resources/datasets/{name}.yaml")
    sighted = FarSighted(dataset)
    for start in np.random.default_rng(0).integers(0, dataset.size, 5).tolist():
        ranks = np.array(np.unravel_index([start, sighted.nearest(start)], dataset.shape))
        assert decide(dataset, ranks).sum() == 1
