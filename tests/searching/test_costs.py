"""The grid in order of distance, lazily: by hand, against sorting, and on grids that nobody could sort."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sce.grids.datasets import Dataset
from sce.measuring.metrics import space
from sce.searching.costs import Costs, costs_of, in_order, sums


def line(levels):
    """|a - b| between so many levels."""
    ranks = np.arange(levels)
    return abs(ranks[:, None] - ranks)


def cube(shape, kinds=None):
    features = {
        f"f{i}": {"kind": kind, "levels": list(range(1, size + 1)), "wording": "{value}"}
        for i, (size, kind) in enumerate(zip(shape, kinds or ["numeric"] * len(shape), strict=True))
    }
    texts = {"title": "t", "subject": "s", "question": "q", "options": ["a", "b"]}
    return Dataset.model_validate({"name": "cube", **texts, "features": features})


def test_a_small_grid_by_hand():
    # Two features of 3 and 2 levels; a step of the first costs 1, of the second 3. Point 2 is (1, 0).
    costs = Costs((line(3), 3 * line(2)), (True, True))
    assert costs.shape == (3, 2)
    assert costs.size == 6
    assert costs.ranks(2).tolist() == [1, 0]
    assert list(in_order(costs, 2)) == [(0, 2), (1, 0), (1, 4), (3, 3), (4, 1), (4, 5)]


def test_sums_by_hand():
    assert list(sums([[0, 5], [0, 2, 9]])) == [0, 2, 5, 7, 9, 14]
    assert list(sums([[3], [4]])) == [7]
    assert list(sums([])) == [0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=4), min_size=1, max_size=5))
def test_sums_are_all_sums_in_order(lists):
    assert list(sums(lists)) == sorted(map(sum, itertools.product(*lists)))


@pytest.mark.parametrize("metric", ["gower", "l1", "l2"])
def test_the_order_is_that_of_the_distances(metric):
    dataset = cube((4, 3, 5), ["numeric", "categorical", "ordinal"])
    points = space(dataset, metric)
    costs = costs_of(points, [True, False, True])
    everywhere = np.arange(dataset.size)
    for start in (0, 31, 59):
        distances = points.between(np.array(start), everywhere)
        order = [point for _, point in in_order(costs, start)]
        assert order == sorted(everywhere.tolist(), key=lambda point: (distances[point], point))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_ties_come_by_point_id(data):
    shape = data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=4))
    steps = data.draw(st.lists(st.integers(1, 3), min_size=len(shape), max_size=len(shape)))
    tables = [line(n) * step for n, step in zip(shape, steps, strict=True)]
    costs = Costs(tuple(tables), (True,) * len(shape))
    start = data.draw(st.integers(0, costs.size - 1))
    keys = costs.between(costs.ranks(start), costs.ranks(np.arange(costs.size)))
    assert list(in_order(costs, start)) == sorted((int(key), point) for point, key in enumerate(keys))


def test_a_grid_of_ten_to_the_twelve_takes_little_memory():
    costs = costs_of(space(cube((10,) * 12), "gower"), [True] * 12)
    assert costs.size == 10**12
    tracemalloc.start()
    found = list(itertools.islice(in_order(costs, 123_456_789_012), 20_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == sorted(found)
    assert len(set(found)) == 20_000
    assert found[0] == (0, 123_456_789_012)
    assert peak < 20e6
