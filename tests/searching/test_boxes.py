"""Which boxes hold a point: by hand, and against looking at every box."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sce.searching import boxes as module
from sce.searching.boxes import Boxes


def corners(*steps):
    return np.array(steps, np.int16)


def by_looking(all_corners, steps):
    """The same by comparing each box with the point."""
    around = [corner for corner in all_corners if all(c >= s for c, s in zip(corner, steps, strict=True))]
    return max(around, key=sum, default=None)  # the first among equals


def test_boxes_by_hand():
    boxes = Boxes([4, 3])
    assert boxes.around((0, 0)) is None
    boxes.add(corners((1, 2), (3, 0)))
    assert boxes.around((0, 0)) == (1, 2)  # both are around it and reach as far: the first
    assert boxes.around((1, 1)) == (1, 2)
    assert boxes.around((2, 0)) == (3, 0)
    assert boxes.around((2, 1)) is None
    boxes.add(corners((3, 1)))
    assert boxes.around((2, 1)) == (3, 1)
    assert boxes.around((2, 0)) == (3, 1)  # the one that reaches farther


def test_a_direction_in_which_nothing_can_be_raised():
    boxes = Boxes([1, 3])
    boxes.add(corners((0, 1)))
    assert boxes.around((0, 1)) == (0, 1)
    assert boxes.around((0, 2)) is None


@pytest.mark.parametrize("at_once", [3, 4096])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_boxes_are_found_as_by_looking(at_once, data):
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    points = st.tuples(*(st.integers(0, size - 1) for size in sizes))
    boxes, added = Boxes(sizes), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", at_once)
        for part in data.draw(st.lists(st.lists(points, min_size=1, max_size=20), max_size=4)):
            boxes.add(corners(*part))
            added += part
            for steps in data.draw(st.lists(points, max_size=5)):
                assert boxes.around(steps) == by_looking(added, steps)
