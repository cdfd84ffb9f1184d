"""Result files of the study's code with anything in any place: they are read, or are one InputError."""

import contextlib
import copy
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sce.errors import InputError
from sce.grids.datasets import load_dataset
from sce.measuring.published_scores import score_published
from sce.reading.published_results import counterfactual_fields, responses
from tests.conftest import ROOT
from tests.fuzzing import tried

DATASET = load_dataset(ROOT / "resources/datasets/exam.yaml")
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.sampled_from([1e999, -1, 10**40, "NaN", "Pass", "Fail", "{}", "\ud800", "\x00", [], {}, [[]]]),
)  # fmt: skip
THINGS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def a_file():
    """A sound result file of six rows."""
    rows = {}
    for number, point in enumerate(range(0, 60, 10)):
        rows[str(number)] = {
            "dataset_id": point,
            "original_input": DATASET.describe(DATASET.record(point)),
            "standard_prompt": "the question",
            "original_full_response": '{"answer": "Fail"}',
            "original_answer": "Fail",
            "selected_complement": "Pass",
            "followup_full_prompt": "x\nuser: revise it",
            "followup_full_response": '{"score": 80, "absences": 0}',
            "CF_answer": "Pass",
            "final_full_response": '{"answer": "Pass"}',
            **dict.fromkeys(counterfactual_fields(DATASET).values(), 0),
        }
    return rows


SOUND = a_file()


def taken(path):
    """Read and score it both ways: whether it works; else it is one InputError that names the file."""
    try:
        list(responses(path, DATASET))
        for as_published in (False, True):
            scores = score_published(path, DATASET, "gower", as_published)
            json.dumps(scores, allow_nan=False)
    except InputError as error:
        told = str(error)
    else:
        return True
    assert str(path) in told
    return False


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("results") / "results.json"


def test_the_sound_file_is_read(path):
    path.write_text(json.dumps(SOUND))
    assert taken(path)


@tried(150)
@given(st.data())
def test_anything_in_any_place(path, data):
    rows = copy.deepcopy(SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.sampled_from(list(rows)))
        if not isinstance(rows[number], dict) or data.draw(st.integers(0, 9)) == 0:
            rows[number] = data.draw(THINGS)
            continue
        field = data.draw(st.sampled_from([*SOUND["0"], "other", "other_CF"]))
        if data.draw(st.booleans()) or field not in rows[number]:
            rows[number][field] = data.draw(THINGS)
        else:
            del rows[number][field]
    with contextlib.suppress(UnicodeEncodeError):
        path.write_text(json.dumps(rows))
        taken(path)


@tried(150)
@given(
    st.binary(max_size=200), st.integers(0, 5000), st.sampled_from(["put", "cut", "over", "zip", "cut zip"])
)
def test_bytes_anywhere(path, some, at, how):
    raw = json.dumps(SOUND).encode()
    at %= len(raw)
    if how == "put":
        raw = raw[:at] + some + raw[at:]
    elif how == "over":
        raw = raw[:at] + some + raw[at + len(some) :]
    elif how == "cut":
        raw = raw[:at]
    else:
        raw = gzip.compress(raw, 1, mtime=0)
        at %= len(raw)
        raw = raw[:at] if how == "cut zip" else raw[:at] + some + raw[at + len(some) :]
    path.write_bytes(raw)
    taken(path)


@pytest.mark.parametrize("opened", ["[", '{"a":', '{"0": {"a": ['])
def test_a_nest_without_end(path, opened):
    path.write_text(opened * 50_000)
    assert not taken(path)
