"""What the search certifies, against the full answer on small grids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sce.measuring.codes import NONE
from sce.searching.answers import Answers
from sce.searching.costs import Costs
from sce.searching.descent import come_down
from sce.searching.directions import Learner
from sce.searching.frontier import Frontier
from sce.searching.rounds import Limits, Rounds
from sce.searching.search import Search, Shared
from sce.searching.surrogate import Surrogate


def line(levels, step=1):
    ranks = np.arange(levels)
    return abs(ranks[:, None] - ranks) * step


def mismatch(levels, step=1):
    return (1 - np.eye(levels, dtype=np.int64)) * step


def square(levels, side=1):
    """Two ordered features, with a step of the first costing ``side``."""
    return Costs((line(levels, side), line(levels)), (True, True))


@st.composite
def small_costs(draw):
    tables, ordered = [], []
    for _ in range(draw(st.integers(1, 3))):
        size, step, is_ordered = draw(st.integers(2, 4)), draw(st.integers(1, 3)), draw(st.booleans())
        tables.append(line(size, step) if is_ordered else mismatch(size, step))
        ordered.append(is_ordered)
    return Costs(tuple(tables), tuple(ordered))


def labelled(costs, labels, starts):
    """What all searches share, with the starts answered."""
    shared = Shared(costs)
    shared.answers.add({start: int(labels[start]) for start in starts})
    return shared


def answered(asking, shared, labels):
    """Let a search ask to its end; the points it asked."""
    asked = []
    for points in asking:
        assert points
        assert not any(point in shared.answers for point in points)
        shared.answers.add({point: int(labels[point]) for point in points})
        asked += points
    return asked


def nearest(costs, labels, start):
    """m as a key, by looking at every point; None without a counterfactual."""
    keys = costs.between(costs.ranks(start), costs.ranks(np.arange(costs.size)))
    there = labels == 1 - labels[start]
    return int(keys[there].min()) if there.any() else None


def key(costs, start, point):
    return int(costs.between(costs.ranks(start), costs.ranks([point]))[0])


def check(costs, labels, bounds):
    """The bounds hold; exact ones are the full answer."""
    m = nearest(costs, labels, bounds.start)
    if m is None:
        assert bounds.high is None
    else:
        assert bounds.low is not None
        assert key(costs, bounds.start, bounds.low) <= m
        assert key(costs, bounds.start, bounds.sure_low) <= m
        if bounds.high is not None:
            assert labels[bounds.high] == 1 - labels[bounds.start]
            assert key(costs, bounds.start, bounds.high) >= m
    if bounds.status.startswith("exact"):
        assert (bounds.high is None) == (m is None)
        assert m is None or key(costs, bounds.start, bounds.high) == m


def test_a_search_by_hand():
    # 3 x 3, option 1 in the last column alone: from the corner (0, 0) the nearest is (0, 2), at 2.
    costs, labels = square(3), np.array([0, 0, 1] * 3)
    shared = labelled(costs, labels, [0])
    search = Search(shared, 0)
    asked = answered(search.questions(), shared, labels)
    bounds = search.bounds()
    assert (bounds.status, bounds.low, bounds.high) == ("exact", 2, 2)
    assert {1, 3, 2} <= set(asked)  # the nearer ones and it
    assert bounds.questions == len(asked)


def test_a_budget_leaves_both_bounds():
    costs, labels = square(9), np.zeros(81, int)
    labels[80] = 1
    shared = labelled(costs, labels, [0, 80])
    search = Search(shared, 0, budget=3)
    assert len(answered(search.questions(), shared, labels)) == 3
    bounds = search.bounds()
    assert bounds.status == "bounded"
    assert bounds.high == 80
    check(costs, labels, bounds)


def test_a_start_whose_neighbours_were_asked_by_others_asks_nothing():
    costs, labels = square(3), np.array([0, 0, 1] * 3)
    shared = labelled(costs, labels, range(9))
    search = Search(shared, 0)
    assert not answered(search.questions(), shared, labels)
    assert search.bounds().status == "exact"


def test_without_a_boundary_everything_is_asked_and_there_is_no_counterfactual():
    costs, labels = square(3), np.zeros(9, int)
    shared = labelled(costs, labels, [4])
    search = Search(shared, 4)
    assert len(answered(search.questions(), shared, labels)) == 8
    bounds = search.bounds()
    assert (bounds.status, bounds.low, bounds.high) == ("exact", None, None)


def test_one_answer_decides_a_quadrant():
    # 5 x 5, option 1 from 5 steps on: 15 points nearer than m = 5, of which 5 corners decide all.
    costs = square(5)
    labels = (costs.ranks(np.arange(25)).sum(axis=1) >= 5).astype(int)
    answers = Answers(costs)
    answers.add({0: 0})
    frontier = Frontier(costs, answers, 0, 0, {0: 1, 1: 1})
    asked = []
    while (batch := frontier.batch(3, 5))[0]:
        asked += batch[0]
        answers.add({point: int(labels[point]) for point in batch[0]})
    assert sorted(asked) == [4, 8, 12, 16, 20]  # the points at 4 steps
    assert batch[1] is None


def test_a_point_without_a_prediction_decides_itself_alone():
    costs = square(3)
    answers = Answers(costs)
    answers.add({0: 0, 4: NONE})
    frontier = Frontier(costs, answers, 0, 0, {0: 1, 1: 1})
    first, lowest = frontier.batch(9, 3)
    assert lowest[0] == 1
    assert 4 not in first


def test_probes_find_that_the_assumption_is_wrong():
    # A hole right beside the start, in what a decided quadrant covers: (0, 1) has the target.
    costs = Costs((line(6), line(6)), (True, True))
    labels = (costs.ranks(np.arange(36)).sum(axis=1) >= 6).astype(int)
    labels[[1, 6]] = 1
    shared = labelled(costs, labels, [0, 4, 9, 14, 19, 24, 30, 35, 33])
    search = Search(shared, 0, directions={0: 1, 1: 1}, probes=50)
    answered(search.questions(), shared, labels)
    bounds = search.bounds()
    check(costs, labels, bounds)
    assert bounds.status == "exact"  # closed anew, without the assumption
    assert bounds.violations >= 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_bound_holds_on_any_boundary(data):
    costs = data.draw(small_costs())
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    labels = rng.choice(
        [NONE, 0, 1], costs.size, p=data.draw(st.sampled_from([(0, 0.5, 0.5), (0.1, 0.8, 0.1)]))
    )
    starts = data.draw(st.lists(st.integers(0, costs.size - 1), min_size=1, max_size=4, unique=True))
    limits = Limits(
        per_start=data.draw(st.one_of(st.none(), st.integers(0, 12))),
        in_all=data.draw(st.one_of(st.none(), st.integers(0, 30))),
        at_once=data.draw(st.sampled_from([1, 8, 64])),
    )
    shared = labelled(costs, labels, starts)
    rounds = Rounds(shared, starts, limits)
    asked = answered(rounds.questions(), shared, labels)
    assert len(asked) == len(set(asked)) == rounds.spent
    assert limits.in_all is None or len(asked) <= limits.in_all
    assert set(rounds.bounds) == {start for start in starts if labels[start] != NONE}
    for bounds in rounds.bounds.values():
        check(costs, labels, bounds)
        assert limits.per_start is None or bounds.questions <= limits.per_start
        assert limits.per_start is not None or limits.in_all is not None or bounds.status == "exact"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_under_the_assumption_every_bound_holds_where_it_is_true(data):
    costs = data.draw(small_costs())
    weights = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=len(costs.shape), max_size=4)))
    weights = weights[: len(costs.shape)]
    rises = costs.ranks(np.arange(costs.size)) @ weights
    labels = (rises > data.draw(st.integers(int(rises.min()) - 1, int(rises.max())))).astype(int)
    starts = data.draw(st.lists(st.integers(0, costs.size - 1), min_size=1, max_size=4, unique=True))
    budget = data.draw(st.one_of(st.none(), st.integers(0, 12)))
    directions = {i: int(np.sign(weight)) or 1 for i, weight in enumerate(weights) if costs.ordered[i]}
    shared = labelled(costs, labels, starts)
    for start in starts:
        search = Search(shared, start, directions=directions, budget=budget)
        answered(search.questions(), shared, labels)
        bounds = search.bounds()
        check(costs, labels, bounds)
        assert bounds.violations == 0
        assert budget is not None or bounds.status.startswith("exact")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_learned_about_a_monotone_boundary_is_true(data):
    costs = Costs((line(5), line(4), line(3)), (True, True, True))
    weights = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=3, max_size=3)))
    rises = costs.ranks(np.arange(costs.size)) @ weights
    labels = (rises > data.draw(st.integers(int(rises.min()), int(rises.max())))).astype(int)
    shared = labelled(costs, labels, range(0, costs.size, 3))
    learner = Learner(shared)
    answered(learner.questions(range(0, costs.size, 3)), shared, labels)
    for feature, sign in learner.found.items():
        if learner.votes[feature, sign]:
            assert sign == np.sign(weights[feature])
        assert not learner.votes[feature, -sign]


def test_a_larger_budget_begins_with_the_same_questions():
    costs = Costs((line(8),) * 4, (True,) * 4)
    labels = (costs.ranks(np.arange(costs.size)).sum(axis=1) >= 17).astype(int)
    starts = [0, 77, 1000, 2001]
    asked = []
    for per_start in (25, 50):
        shared = labelled(costs, labels, starts)
        rounds = Rounds(shared, starts, Limits(per_start=per_start))
        asked.append(answered(rounds.questions(), shared, labels))
    assert asked[0][:25] == asked[1][:25]  # until the first start is at the end of the smaller one


def test_an_aborted_run_asks_the_same_again():
    costs = Costs((line(6),) * 3, (True,) * 3)
    labels = (costs.ranks(np.arange(costs.size)).sum(axis=1) >= 9).astype(int)
    whole = []
    for _ in range(2):
        shared = labelled(costs, labels, [0, 100, 215])
        rounds = Rounds(shared, [0, 100, 215], Limits(monotone=True))
        whole.append(answered(rounds.questions(), shared, labels))
    assert whole[0] == whole[1]


def test_coming_down_ends_at_the_boundary():
    costs = Costs((line(9), line(9), mismatch(3)), (True, True, False))
    labels = (costs.ranks(np.arange(costs.size))[:, :2].sum(axis=1) >= 7).astype(int)
    way = come_down(costs, 0, costs.size - 1)
    try:
        point = next(way)
        while True:
            point = way.send(labels[point] == 1)
    except StopIteration as end:
        across, beyond = end.value
    assert labels[costs.point(across)] == 0
    assert labels[costs.point(beyond)] == 1
    assert beyond[:2].sum() == 7
    assert beyond[2] == 0  # what does not matter is brought back


@pytest.mark.parametrize("label", [0, 1])
def test_the_surrogate_sees_a_straight_boundary(label):
    costs = Costs((line(10),) * 3, (True,) * 3)
    labels = (costs.ranks(np.arange(1000)).sum(axis=1) >= 14).astype(int)
    answers = Answers(costs)
    drawn = np.random.default_rng(0).integers(0, 1000, 300)
    answers.add({int(point): int(labels[point]) for point in drawn})
    surrogate = Surrogate(costs)
    surrogate.fit(answers)
    start = [5, 4, 3] if label == 0 else [5, 6, 5]
    likely = surrogate.likely(np.array(start), label, None)
    m = nearest(costs, labels, costs.point(start))
    assert m <= key(costs, costs.point(start), likely[0]) <= m + 1
