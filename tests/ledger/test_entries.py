"""The keys of requests, which are those of every ledger that was ever written."""

import hashlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sce.ledger.entries import digest

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # half characters too
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
REQUESTS = st.recursive(  # a damaged row may hold any value in its place
    VALUES,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner) | st.tuples(inner, inner),
    max_leaves=20,
)
CONTROL = {
    "engine": "control", "version": 2, "policy": "nearest", "seed": 0, "grid": "83e24fbc3db25b20",
    "kind": "question", "name": "question", "record": {"age": 76, "education": 1}, "answer": None,
    "messages": [{"role": "user", "content": 'Is it?\n\n{"answer": ""}'}],
}  # fmt: skip
REMOTE = {
    "engine": "openai", "model": "gpt-4.1", "temperature": 0.0, "seed": 7, "logprobs": True, "max_tokens": 9,
    "messages": [
        {"role": "system", "content": "é \u2028 \x7f \x01 \t"},
        {"role": "user", "content": '𝄞 \\ / " 1.0 2e+16'},
    ],
}  # fmt: skip


def plain_digest(request):
    """By Python's own encoder, whole numbers without a fraction."""
    text = json.dumps(_whole(request), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _whole(value):
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def outcome(function, request):
    try:
        return function(request)
    except (UnicodeEncodeError, TypeError) as error:
        return type(error)


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (CONTROL, "e5791467ade59ac56cfdd1396dc7cee87cc8cee24bda0c9577e791b9dd90bdfd"),
        (CONTROL | {"wavers": 0.1}, "377971e60f7c366f24f5af9e8adb98465beab5efbd5e0c2c44aa977b6fd07243"),
        (CONTROL | {"rate": 1.0}, "fcb0b49393fd69fb9b7510df073105e40782a7dc078af474b15870152a557789"),
        (REMOTE, "489cd527274405ad53c5123be53b788cf36b9872eae00b8352c367edc071fae9"),
        (REMOTE | {"temperature": 0.7}, "1e9b879ca2ff4a0c299da21a2db0f2a83acf5122019e6670c8e886ea639175eb"),
        (REMOTE | {"temperature": 1e-05}, "4ef43d299dcfa13b32192082ee0604ee0b1fc3d4b98484dc8174ebbc96c01c64"),
        (
            REMOTE | {"n": 2**70, "p": 1e16},
            "b6f9339340617f3b9ff2a1ee8f00580265d2d29235a02cf70d823cbc51a43071",
        ),
        ({}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
    ],
)
def test_a_request_keeps_the_key_that_it_had_in_the_first_ledgers(request_, key):
    assert digest(request_) == key


@given(REQUESTS)
@example(5)
@example({"small": 1e-05, "large": 1e22, "zero": -0.0, "odd": [float("nan"), float("inf")]})
@example({"beyond 64 bits": -(2**63) - 1, "half": "\ud800"})
@example({"escaped": "".join(map(chr, range(0x2030))), "\x7f\x00": {"\uffff": 1, "𝄞": 2}})
@example({1: "a key that is no text", "1": (True, 2.5, 3.0)})
def test_a_key_is_that_of_json_as_python_writes_it(request_):
    assert outcome(digest, request_) == outcome(plain_digest, request_)


@given(st.floats(allow_nan=False))
def test_any_number_counts_as_python_writes_it(number):
    assert digest({"t": number}) == plain_digest({"t": number})


def test_a_key_does_not_hang_on_order_and_does_on_content():
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert len({digest({"t": t}) for t in (0, 0.5, None, "0", [0], False)}) == 6
    assert digest({"t": 0, "codes": [1, 2.5]}) == digest({"t": 0.0, "codes": [1.0, 2.5]})
    assert digest({"t": 1.0, "u": 1e16}) == digest({"t": 1, "u": 10**16})
