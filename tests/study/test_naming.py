"""Names as a configuration lists them."""

import pytest

from sce.errors import suggest
from sce.wordings.names import expand


def test_a_range_counts_up_with_its_zeros():
    assert expand(["a", "b_08..b_11", "c"]) == ["a", "b_08", "b_09", "b_10", "b_11", "c"]
    assert expand(["x.q_1..x.q_2"]) == ["x.q_1", "x.q_2"]


def test_what_is_no_list_of_texts_is_left_to_the_contract():
    assert expand("a..b") == "a..b"
    assert expand([1, "a_1..a_2"]) == [1, "a_1..a_2"]


@pytest.mark.parametrize("name", ["a_1..a_10", "a_2..a_1", "a_1..b_2", "a..b", "a_1..", "a_1...a_2"])
def test_what_does_not_count_up_is_refused(name):
    with pytest.raises(ValueError, match=r"counts one name up|numbered names"):
        expand([name])


def test_few_names_are_told_all_and_many_by_likeness():
    assert suggest("x", ["b", "a"]) == "a, b"
    many = [f"question_{n:02d}" for n in range(20)] + ["minimal"]
    assert suggest("minimum", many) == "one of 21, perhaps minimal"
    assert suggest("zzz", many) == "one of 21"
