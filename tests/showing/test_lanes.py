"""Arrows along one line stand side by side."""

import numpy as np
import pytest

from sce.showing.lanes import sideways

CELL = (0.5, 0.25)  # inches


def shifts(*arrows, cell=CELL):
    """Of arrows ((x, y), (x, y)): how far each is moved, in inches."""
    start, end = (np.array([arrow[k] for arrow in arrows]) for k in (0, 1))
    return (sideways(start, end, cell) * cell).round(6).tolist()


def test_arrows_that_share_a_part_of_a_line_are_moved_apart():
    assert shifts(((0, 1), (3, 1)), ((5, 1), (2, 1))) == [[0, -0.03], [0, 0.03]]  # whichever way they go
    assert shifts(((4, 0), (4, 2)), ((4, 1), (4, 3))) == [[0.03, 0], [-0.03, 0]]
    three = shifts(((0, 1), (3, 1)), ((1, 1), (5, 1)), ((2, 1), (6, 1)))
    assert three == [[0, pytest.approx(y, abs=1e-5)] for y in (-0.05833, 0, 0.05833)]  # 0.7 x 0.25 / 3


def test_other_arrows_stay_where_they_are():
    along = ((0, 1), (3, 1)), ((3, 1), (5, 1)), ((7, 1), (6, 1))  # one behind the other
    beside = ((0, 2), (3, 2)), ((0, 0), (3, 3)), ((2, 2), (2, 2))  # other lines; an SCE that repeats x
    assert shifts(*along, *beside) == [[0, 0]] * 6


def test_an_oblique_line_is_left_at_right_angles():
    first, second = shifts(((0, 0), (2, 1)), ((0, 0), (4, 2)), cell=(0.5, 1.0))  # 45 degrees on the page
    assert first == pytest.approx([0.03 / 2**0.5, -0.03 / 2**0.5], abs=1e-6)
    assert second == pytest.approx([-0.03 / 2**0.5, 0.03 / 2**0.5], abs=1e-6)


def test_many_arrows_share_the_width_of_a_cell():
    moved = [y for _, y in shifts(*[((k, 0), (40, 0)) for k in range(8)])]
    assert len(set(moved)) == 8
    assert max(moved) - min(moved) < 0.7 * 0.25


def test_too_many_arrows_for_a_cell_lie_on_one_line_for_each_way():
    there, back = [((k, 0), (40, 0)) for k in range(9)], [((k, 0), (0, 0)) for k in range(20, 22)]
    assert shifts(*there) == [[0, 0]] * 9
    assert shifts(*there, *back) == [[0, -0.03]] * 9 + [[0, 0.03]] * 2


def test_a_lane_is_used_again_once_it_is_free():
    moved = [y for _, y in shifts(((0, 0), (9, 0)), ((1, 0), (3, 0)), ((4, 0), (6, 0)))]
    assert moved == [-0.03, 0.03, 0.03]
