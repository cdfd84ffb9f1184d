"""What a study can show, against the textbook's formula."""

import numpy as np
import pytest
from scipy import stats

from sce.measuring.power import detectable, starts_needed


def test_a_difference_that_is_just_detectable_is_found_four_times_in_five():
    least = detectable(1920)
    error = np.sqrt(0.5 / 1920)
    assert least == pytest.approx(0.0452, abs=1e-4)
    assert stats.norm.sf(stats.norm.ppf(0.975) - least / error) == pytest.approx(0.8)


def test_starts_are_the_inverse_and_dependent_rows_need_more():
    assert starts_needed(0.05) == 1570
    assert detectable(1570) == pytest.approx(0.05, rel=1e-3)
    assert starts_needed(0.05, worth=0.5) == pytest.approx(2 * 1570, abs=1)
    assert detectable(2) == 1.0
