"""Durations in words."""

import pytest

from sce.running.durations import duration


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (45, "45 s"), (60, "1 min"), (5399, "90 min"), (5400, "1.5 h")]
)
def test_a_duration_is_told_in_the_unit_that_fits_it(seconds, said):
    assert duration(seconds) == said
