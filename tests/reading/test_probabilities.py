"""Probabilities of the options from token log-probabilities, by hand."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sce.grids.datasets import load_dataset
from sce.reading.parsing import parse_answer
from sce.reading.probabilities import option_probabilities

DATASET = load_dataset("resources/datasets/exam.yaml")  # Fail, Pass


def asking(*options):
    """A dataset with these two options."""
    return DATASET.model_copy(update={"options": options})


def tokens(*pieces):
    """Tokens with their alternatives: (text, {alternative: probability}), or a text that was certain."""
    pieces = [(piece, {piece: 1.0}) if isinstance(piece, str) else piece for piece in pieces]
    return json.dumps(
        [
            {
                "token": text,
                "logprob": math.log(top.get(text, 0.01)),
                "top": [[alternative, math.log(p)] for alternative, p in top.items()],
            }
            for text, top in pieces
        ]
    )


def probabilities(dataset, *pieces):
    """(answer, its probabilities) of a reply in these pieces."""
    logprobs = tokens(*pieces)
    answer = parse_answer("".join(token["token"] for token in json.loads(logprobs)), dataset).value
    return answer, option_probabilities(logprobs, answer, dataset)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        # the whole option in one token, a third alternative left out
        (['{"answer": "', ("Fail", {"Fail": 0.6, "Pass": 0.2, "Other": 0.2})], 0.75),
        # spelled in pieces: the first piece decides, shorter and longer spellings are added up
        (['"', ("F", {"F": 0.3, "Fail": 0.3, "Pa": 0.1, "P": 0.1}), "ail"], 0.75),
        # the quotation mark and the option in one token
        ([('"Pass', {'"Pass': 0.9, '"Fail': 0.1})], 0.1),
        # an alternative that begins before the option: 0.5 + 0.4 * 0.25 of Fail, 0.4 * 0.75 of Pass
        (
            ['{"answer": ', ('"', {'"': 0.4, '"Fail': 0.5}), ("Pass", {"Pass": 0.75, "Fail": 0.25}), '"}'],
            2 / 3,
        ),
        # nothing spelled
        (["maybe"], None),
        # both spelled, none answered
        (["Fail or ", ("Pass", {"Pass": 0.9, "Fail": 0.1}), "?"], None),
        # neither among the alternatives, the token itself not listed: the reply's own token remains
        ([("Pass", {"Other": 0.9})], 0.0),
        # in other letters: PASS and Pass are the same option
        ([("P", {"P": 0.5, "p": 0.1, "f": 0.2}), "ASS"], 0.25),
        # a longer word is no option
        ([("Pass", {"Pass": 0.3, "Passing": 0.5, "Fail": 0.1, "Failed": 0.1})], 0.25),
        # quoted in prose before, answered in an object
        (
            [
                "To ",
                ("Pass", {"Pass": 0.5, "Fail": 0.5}),
                ' is rare. {"answer": "',
                ("Pass", {"Pass": 0.8, "Fail": 0.2}),
                '"}',
            ],
            0.2,
        ),
        # a later word of the reason
        (
            [
                '{"answer": "',
                ("Fail", {"Fail": 0.7, "Pass": 0.3}),
                '", "reason": "not a ',
                ("Fail", {"Fail": 0.5, "Pass": 0.5}),
                ' by much"}',
            ],
            0.7,
        ),
        # reasoning before the answer, the other option last in it
        (
            [
                "<think>",
                ("Pass", {"Pass": 0.5, "Fail": 0.5}),
                "? no: Fail</think>",
                ("Pass", {"Pass": 0.9, "Fail": 0.1}),
            ],
            0.1,
        ),
        # reasoning that says the same
        (["<think>Pass</think>\n", ("Pass", {"Pass": 0.6, "Fail": 0.4}), "\n"], 0.4),
        # the same answer twice: the first one is the decision
        (
            [
                '{"answer": "',
                ("Fail", {"Fail": 0.6, "Pass": 0.4}),
                '"}\n{"answer": "',
                ("Fail", {"Fail": 0.99, "Pass": 0.01}),
                '"}',
            ],
            0.6,
        ),
        # the option as a key: the decision is in the value, which spells none
        (['{"Pass": ', ("true", {"true": 0.9, "false": 0.1}), "}"], None),
    ],
)
def test_of_two_options_that_share_nothing(pieces, expected):
    _, (first, second) = probabilities(DATASET, *pieces)
    if expected is None:
        assert first is second is None
    else:
        assert first == pytest.approx(expected)
        assert second == pytest.approx(1 - expected)


@pytest.mark.parametrize(
    ("options", "pieces", "answer", "expected"),
    [
        # one option holds the other
        (
            ("spam", "not spam"),
            ['{"answer": "', ("not", {"not": 0.8, "spam": 0.2}), " spam", '"}'],
            "not spam",
            0.2,
        ),
        (("spam", "not spam"), ['{"answer": "', ("spam", {"not": 0.3, "spam": 0.6}), '"}'], "spam", 2 / 3),
        (("not spam", "spam"), [("not spam", {"not spam": 0.9, "spam": 0.1})], "not spam", 0.9),
        # "no" is no beginning of "note", but of "not spam"
        (("spam", "not spam"), [("spam", {"spam": 0.5, "no": 0.2, "note": 0.3})], "spam", 5 / 7),
        # a later word
        (
            ("Yes", "No"),
            ['{"answer": "', ("Yes", {"Yes": 0.9, "No": 0.1}), '"} ', ("No", {"No": 1.0}), " more."],
            "Yes",
            0.9,
        ),
        # one option begins the other: what follows decides
        (("low", "lower"), [("lower", {"lower": 0.3, "low\n": 0.6})], "lower", 2 / 3),
        (
            ("low", "lower"),
            [("low", {"low": 1.0}), ("er", {"er": 0.3, "\n": 0.6, "est": 0.1})],
            "lower",
            2 / 3,
        ),
        # 0.5 * 0.8 of low; 0.25 + 0.5 * 0.2 of lower
        (
            ("low", "lower"),
            ['{"answer": "', ("low", {"low": 0.5, "lower": 0.25}), ('"}', {'"}': 0.8, "er": 0.2})],
            "low",
            0.4 / 0.75,
        ),
        # the reply ends there, without another token
        (("low", "lower"), [("low", {"low": 0.6, "lower": 0.3})], "low", 2 / 3),
        # the end of the reply has no text: 0.5 * 0.4 of low, 0.5 * 0.6 of lower
        (("low", "lower"), [("low", {"low": 0.5}), ("er", {"er": 0.6, "": 0.4})], "lower", 0.4),
        # a shared beginning, and one alternative that goes beyond it: 0.1 + 0.9 * 0.7 and 0.9 * 0.2
        (
            ("Income low", "Income high"),
            [
                ("Income", {"Income": 0.9, "Income low": 0.1}),
                (" low", {" low": 0.7, " high": 0.2, " none": 0.1}),
            ],
            "Income low",
            0.73 / 0.91,
        ),
        # another way to spell the shared beginning goes on as the reply did
        (
            ("Income low", "Income high"),
            [("Inc", {"Inc": 0.5, "Income": 0.5}), "ome", (" high", {" low": 0.25, " high": 0.75})],
            "Income high",
            0.25,
        ),
        # signs at the ends of an option
        (
            ("Below $50,000", "Above $50,000"),
            ['{"answer": "', ("Above", {"Above": 0.6, "Below": 0.2}), " $50,000", '"}'],
            "Above $50,000",
            0.25,
        ),
    ],
)
def test_of_options_that_share_words(options, pieces, answer, expected):
    found, (first, second) = probabilities(asking(*options), *pieces)
    assert found == answer
    assert first == pytest.approx(expected)
    assert second == pytest.approx(1 - expected)


def test_without_log_probabilities_or_without_an_answer_there_are_none():
    assert option_probabilities(None, "Pass", DATASET) == (None, None)
    assert option_probabilities(float("nan"), "Pass", DATASET) == (None, None)
    assert option_probabilities(tokens(("Pass", {"Pass": 1.0})), None, DATASET) == (None, None)


def test_an_answer_in_other_words_has_none():
    dataset = load_dataset("resources/datasets/heart_disease.yaml")
    answer, found = probabilities(dataset, '{"answer": "', ("No", {"No": 0.9, "Heart": 0.1}), '"}')
    assert answer == "No heart disease"
    assert found == (None, None)


PAIRS = [
    ("Fail", "Pass"),
    ("spam", "not spam"),
    ("low", "lower"),
    ("Income low", "Income high"),
    ("a b", "a c"),
]


@given(
    pair=st.sampled_from([*PAIRS, *(pair[::-1] for pair in PAIRS)]),
    lead=st.sampled_from(["", "<think>{0} or {1}? {1}.</think>", "Of {1} and {0}: "]),
    cuts=st.sets(st.integers(1, 60)),
    share=st.floats(0.01, 0.99),
)
def test_the_cut_into_tokens_does_not_matter(pair, lead, cuts, share):
    """Two replies: one has the probability ``share``, the other is the alternative where their tokens
    diverge."""
    replies = [lead.format(*pair) + '{"answer": "' + option + '"}' for option in pair]
    said, other = replies
    parting = next(k for k, (a, b) in enumerate(zip(said, other, strict=False)) if a != b)
    ends = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]
    pieces = []
    for begin, end in pairwise(ends):
        parts = begin <= parting < end
        pieces.append(
            (said[begin:end], {said[begin:end]: share, other[begin:end]: 1 - share})
            if parts
            else said[begin:end]
        )
    answer, found = probabilities(asking(*pair), *pieces)
    assert answer == pair[0]
    assert found == pytest.approx((share, 1 - share))
