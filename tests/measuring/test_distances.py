"""Distances and nearest points: hand-computed values, and brute force in exact numbers on random grids."""

from decimal import Decimal, localcontext
from fractions import Fraction
from statistics import median
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sce.errors import InputError
from sce.grids.datasets import Dataset, Feature, load_dataset
from sce.measuring import transforms
from sce.measuring.matrices import distance_matrix
from sce.measuring.metrics import nearest, space
from tests.conftest import ROOT

DATASETS = ROOT / "resources" / "datasets"
STUDY = ("income", "house_prices", "heart_disease")


def grid(**features):
    """A dataset with the features given as (kind, levels)."""
    named = {n: {"kind": k, "levels": v, "wording": n + " {value}"} for n, (k, v) in features.items()}
    texts = {"title": "t", "subject": "s", "context": "c", "question": "q"}
    return Dataset.model_validate({"name": "tiny", **texts, "options": ["no", "yes"], "features": named})


AGES = grid(age=("numeric", [0, 10, 20, 40]), sex=("categorical", ["a", "b"]))  # ids: 0a 0b 10a 10b 20a ...


# --- hand-computed ---


@pytest.mark.parametrize(
    ("metric", "a", "b", "expected"),
    [
        ("gower", 0, 6, 0.5),  # (40/40 + 0) / 2
        ("gower", 0, 3, (10 / 40 + 1) / 2),
        ("l1", 0, 3, 10 / 10 + 1),  # median 15, deviations 15 5 5 25: MAD 10
        ("l1", 2, 7, 30 / 10 + 1),
        ("l2", 0, 2, 100 / 218.75**0.5),  # mean 17.5, variance (306.25+56.25+6.25+506.25)/4 = 218.75
        ("l2", 0, 3, 100 / 218.75**0.5 + 1),
    ],
)
def test_distances_by_hand(metric, a, b, expected):
    assert space(AGES, metric).between(np.array([a]), np.array([b])) == pytest.approx([expected], rel=1e-15)


def test_published_quirk_takes_codes_of_categories_for_numbers_under_l1_and_l2_only():
    a, b = np.array([0]), np.array([1])
    assert [space(AGES, m, as_published=True).between(a, b)[0] for m in ("gower", "l1", "l2")] == [0.5, 2, 2]
    assert [space(AGES, m).between(a, b)[0] for m in ("gower", "l1", "l2")] == [0.5, 1, 1]


def test_nearest_by_hand_with_ties_to_the_smallest_id():
    line = grid(x=("numeric", [0, 1, 2, 3, 4]))
    ids, far = nearest(line, [1, 0, 0, 0, 1], "l1")  # MAD 1
    assert ids.tolist() == [[1, 0], [1, 0], [2, 0], [3, 4], [3, 4]]
    assert far[:, 1].tolist() == [0, 1, 2, 1, 0]


def test_nearest_of_an_empty_class_is_null():
    ids, far = nearest(AGES, [0] * 7 + [-1], "gower")
    assert (ids[:, 1] == -1).all()
    assert np.isnan(far[:, 1]).all()
    assert ids[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 5]


# --- brute force ---


def literal_shares(feature, metric, features):
    """docs/protocol.md, Distances, transcribed for one feature: exact numbers for gower and l1, 60 digits for
    l2."""
    levels = [Fraction(str(code)) for code in feature.codes]
    if feature.kind == "categorical":
        share = Fraction(1, features) if metric == "gower" else 1
        return [[share * (a != b) for b in levels] for a in levels]
    if metric == "l2":
        mean = sum(levels) / len(levels)
        std = _decimal(sum((level - mean) ** 2 for level in levels) / len(levels)).sqrt()
        return [[_decimal((a - b) ** 2) / std for b in levels] for a in levels]
    mad = median([abs(level - median(levels)) for level in levels])
    scale = features * (max(levels) - min(levels)) if metric == "gower" else mad
    return [[abs(a - b) / scale for b in levels] for a in levels]


def _decimal(number):
    return Decimal(number.numerator) / Decimal(number.denominator)


def literal_matrix(dataset, metric):
    with localcontext() as context:
        context.prec = 60
        shares = [literal_shares(f, metric, len(dataset.features)) for f in dataset.features.values()]
        points = list(np.ndindex(dataset.shape))
        matrix = [
            [sum(s[a][b] for s, a, b in zip(shares, x, z, strict=True)) for z in points] for x in points
        ]
        # Equal sums of square roots differ in the last of 60 digits; different ones far before.
        return [[round(Decimal(d), 40) for d in row] for row in matrix] if metric == "l2" else matrix


def literal_nearest(matrix, labels, label):
    members = [z for z, own in enumerate(labels) if own == label]
    return [min(members, key=lambda z, row=row: (row[z], z), default=-1) for row in matrix]


LEVELS = st.lists(st.integers(-30, 60), min_size=2, max_size=5, unique=True).map(sorted)
UNEVEN = LEVELS.map(lambda levels: [level / 8 for level in levels])
EVEN = st.tuples(st.integers(2, 5), st.integers(1, 3)).map(lambda t: [5 + t[1] * i for i in range(t[0])])
NUMBERS = st.tuples(st.sampled_from(["numeric", "ordinal"]), st.one_of(LEVELS, UNEVEN, EVEN))
LABELS = st.tuples(st.just("categorical"), st.integers(2, 4).map(lambda n: list("abcd"[:n])))


@st.composite
def labelled_grids(draw):
    features = draw(st.lists(st.one_of(NUMBERS, NUMBERS, LABELS), min_size=1, max_size=3))
    dataset = grid(**{f"f{i}": feature for i, feature in enumerate(features)})
    assume(dataset.size <= 60)
    some = draw(st.sampled_from([[0, 1], [-1, 0, 1], [-1, -1, -1, 0, 1], [0, 0, 0, 0, 1], [0]]))
    return dataset, np.array(
        draw(st.lists(st.sampled_from(some), min_size=dataset.size, max_size=dataset.size))
    )


@pytest.mark.parametrize(("metric", "long"), [("gower", 40), ("l1", 40), ("l2", 40), ("l2", 1)])
@settings(max_examples=100, deadline=None)
@given(labelled=labelled_grids())
def test_transform_equals_brute_force(metric, long, labelled):
    dataset, labels = labelled
    matrix = literal_matrix(dataset, metric)
    with mock.patch.multiple(transforms, LONG=long, BLOCK=4):  # every way to take an axis, in small blocks
        ids, far = nearest(dataset, labels, metric)
    for label in (0, 1):
        expected = literal_nearest(matrix, labels, label)
        assert ids[:, label].tolist() == expected
        if label in labels:
            values = [float(matrix[x][z]) for x, z in enumerate(expected)]
            assert far[:, label] == pytest.approx(values, rel=1e-14, abs=0)


@pytest.mark.parametrize("metric", ["gower", "l1", "l2"])
@settings(max_examples=50, deadline=None)
@given(labelled=labelled_grids())
def test_equal_distances_are_the_same_float_and_different_ones_are_not(metric, labelled):
    dataset, _ = labelled
    matrix = literal_matrix(dataset, metric)
    points = np.arange(dataset.size)
    ours = space(dataset, metric).between(points[:, None], points)
    literal_of = {}
    for x in points:
        for z in points:
            assert literal_of.setdefault(matrix[x][z], ours[x, z]) == ours[x, z]
    assert len(set(literal_of.values())) == len(literal_of)


@pytest.mark.parametrize("metric", ["gower", "l1", "l2"])
@pytest.mark.parametrize("name", STUDY)
def test_study_grids_equal_brute_force_over_the_matrix(name, metric):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    labels = np.random.default_rng(0).integers(-1, 2, dataset.size)
    points = np.arange(dataset.size)
    matrix = space(dataset, metric).between(points[:, None], points)
    ids, far = nearest(dataset, labels, metric)
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        assert (ids[:, label] == members[matrix[:, members].argmin(axis=1)]).all()
        assert (far[:, label] == matrix[:, members].min(axis=1)).all()
    np.testing.assert_allclose(distance_matrix(dataset, metric), matrix, rtol=1e-6)


@pytest.mark.parametrize("name", STUDY)
def test_l2_compares_the_study_grids_without_doubt(name):
    """Different l2 distances are much farther apart than what the integer scale of comparison resolves."""
    points = space(load_dataset(DATASETS / f"{name}.yaml"), "l2")
    totals = {tuple([0] * len(points.units)): 0}
    for axis in points.axes:
        steps = {int(u) for u in axis.units(np.arange(axis.size)[:, None], np.arange(axis.size)).ravel()}
        moved = {}
        for total, key in totals.items():
            for step in steps:
                counts = list(total)
                counts[axis.group] += step
                moved[tuple(counts)] = key + step // axis.count * axis.key
        totals = moved
    keys = np.sort(np.array(list(totals.values())))
    most_units = max(sum(counts) for counts in totals)
    assert np.diff(keys).min() > 1000 * most_units
    assert keys.max() < transforms.FAR


def test_levels_too_odd_for_whole_units_still_work():
    primes = [999983, 999979, 999961, 999959, 999953]
    dataset = grid(**{f"f{i}": ("numeric", [0, 1, p]) for i, p in enumerate(primes)})
    labels = np.zeros(dataset.size, dtype=int)
    labels[-1] = 1
    ids, far = nearest(dataset, labels, "gower")
    assert (ids[:, 1] == dataset.size - 1).all()
    assert far[0, 1] == pytest.approx(1)
    assert far[-2, 1] == pytest.approx((1 - 1 / primes[-1]) / 5)


def test_levels_whose_squares_overflow_are_refused():
    with pytest.raises(InputError, match="dataset tiny: f: found 'differences up to"):
        space(grid(f=("numeric", [0, 0.000000001, 10**9])), "l2")


def test_a_feature_without_spread_is_refused():
    flat = Feature.model_construct(kind="numeric", levels=[3, 3], wording="{value}")
    dataset = AGES.model_copy(update={"features": {"flat": flat}})
    for metric in ("gower", "l1", "l2"):
        with pytest.raises(InputError, match="dataset tiny: flat: found '2 levels without spread'"):
            space(dataset, metric)


def test_a_long_grid_is_exact_and_lean():
    """100 x 50 x 21 points: squares by parabolas, against one row of brute force."""
    dataset = grid(
        a=("numeric", list(range(100))), b=("numeric", list(range(50))), c=("numeric", list(range(21)))
    )
    ranks = np.indices(dataset.shape).reshape(3, -1)
    labels = (ranks[0] + 2 * ranks[1] > 140).astype(int)
    for metric in ("gower", "l2"):
        ids, far = nearest(dataset, labels, metric)
        points = space(dataset, metric)
        for x in (0, 777, 52_345, 104_999):
            for label in (0, 1):
                members = np.flatnonzero(labels == label)
                row = points.between(x, members)
                assert (ids[x, label], far[x, label]) == (members[row.argmin()], row.min())
