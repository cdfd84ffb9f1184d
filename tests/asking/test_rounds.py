"""Rounds of asking: what a run leaves open, the next one asks again."""

import pytest

from sce.asking.rounds import next_round, record_round
from sce.errors import InputError


def test_a_run_that_leaves_nothing_open_stays_in_its_round(tmp_path):
    assert next_round(tmp_path, "asked") == 0
    record_round(tmp_path, "asked", 0, left_open=0)
    assert next_round(tmp_path, "asked") == 0
    assert list(tmp_path.iterdir()) == []


def test_open_questions_begin_a_round_until_none_is_left(tmp_path):
    record_round(tmp_path, "asked", 0, left_open=3)
    assert next_round(tmp_path, "asked") == 1
    assert next_round(tmp_path, "asked something else") == 0
    record_round(tmp_path, "asked", 1, left_open=0)
    assert next_round(tmp_path, "asked") == 1  # the round that the results are from: nothing reruns


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"round": null, "open": 1}'])
def test_a_damaged_record_is_named(tmp_path, content):
    record_round(tmp_path, "asked", 0, left_open=1)
    (file,) = (tmp_path / "rounds").iterdir()
    file.write_text(content)
    with pytest.raises(InputError, match=r"rounds.*delete the file"):
        next_round(tmp_path, "asked")
