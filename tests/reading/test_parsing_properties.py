"""What holds of the parser whatever it reads: any text, any writing of a record, any cut, any size."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sce.reading.parsing import parse_answer, parse_sce
from sce.reading.values import number_in_words
from tests.reading.datasets import DATASETS

FRAGMENTS = [
    *(
        '{"answer": "',
        "{'age': ",
        '"education": ',
        "Master's degree",
        "Above $50,000",
        "Below $50,000",
        "45",
        "-5",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "“",
        "”",
        "`",
        "```",
        "```json\n",
        ",",
        ":",
        "=",
        "->",
        "→",
        "\\",
        "\n",
        " ",
    ),
    *(
        "<think>",
        "</think>",
        "//",
        "/*",
        "#",
        "null",
        "true",
        "NaN",
        "1e999",
        "not ",
        "or ",
        "from ",
        " to ",
        "(was ",
    ),
    *(
        ")",
        "| a | b |\n",
        "½",
        "\ud800",
        "\x00",
        "&quot;",
        "\\u00",
        "$",
        "k",
        "<answer>",
        "</answer>",
        "Answer: ",
    ),
    *(
        "Revised:",
        "Original:",
        "9" * 30,
        "feature",
        '"value"',
        "User:",
        "\\boxed{",
        "No, ",
        "heart disease",
        "°C",
    ),
]
NOISE = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(
    text=NOISE, name=st.sampled_from(list(DATASETS)), finish_reason=st.sampled_from([None, "stop", "length"])
)
def test_any_text_gives_an_option_or_a_record_or_nothing(text, name, finish_reason):
    dataset = DATASETS[name]
    answer = parse_answer(text, dataset, finish_reason)
    assert answer.value is None or answer.value in dataset.options
    assert (answer.status == "ok") == (answer.value is not None)
    record = parse_sce(text, dataset, finish_reason)
    assert record == parse_sce(text, dataset, finish_reason)
    if record.value is None:
        assert record.status in ("unparseable", "truncated", "refused")
        return
    assert list(record.value) == list(dataset.features)
    assert (record.status == "ok") == (None not in record.value.values())
    for feature, code in record.value.items():
        assert type(code) in (int, float, type(None))
        assert dataset.features[feature].is_number or code in (None, *dataset.features[feature].codes)


def _labels(dataset, record):
    return {n: f.labels[f.codes.index(record[n])] for (n, f) in dataset.features.items()}


def _bare(dataset, labels, separator):
    return separator.join(f"{name}: {label}" for name, label in labels.items())


WRITINGS = {
    "strings": lambda d, new, old: json.dumps(new),
    "indented": lambda d, new, old: (
        "Here:\n```json\n" + json.dumps(new, indent=2) + "\n```\nThe {data} is new."
    ),
    "Python": lambda d, new, old: repr(new),
    "single quotes": lambda d, new, old: "{" + ", ".join(f"'{k}': '{v}'" for k, v in new.items()) + "}",
    "curly quotes": lambda d, new, old: "{" + ", ".join(f"“{k}”: “{v}”" for k, v in new.items()) + ",}",
    "unquoted": lambda d, new, old: "{" + _bare(d, new, ", ") + "}",
    "braces missing": lambda d, new, old: json.dumps(new)[1:-1],
    "no commas": lambda d, new, old: json.dumps(new, indent=0).replace('",\n', '"\n'),
    "lines": lambda d, new, old: _bare(d, new, "\n"),
    "bullets": lambda d, new, old: "- " + _bare(d, {f"**{k.title()}**": v for k, v in new.items()}, "\n- "),
    "sentences": lambda d, new, old: d.describe(
        {n: f.codes[f.labels.index(new[n])] for n, f in d.features.items()}
    ),
    "table": lambda d, new, old: (
        "| Feature | Value |\n|---|---|\n" + "".join(f"| {k} | {v} |\n" for k, v in new.items())
    ),
    "wrapped": lambda d, new, old: json.dumps({"original": old, "revised": new}),
    "wrapped, turned": lambda d, new, old: json.dumps({"revised": new, "original": old}),
    "arrows": lambda d, new, old: json.dumps({k: f"{old[k]} → {v}" for k, v in new.items()}),
    "old and new": lambda d, new, old: json.dumps({k: {"old": old[k], "new": v} for k, v in new.items()}),
    "notes": lambda d, new, old: json.dumps({k: f"{v} (was {old[k]})" for k, v in new.items()}),
    "two objects": lambda d, new, old: f"Original: {json.dumps(old)}\nRevised: {json.dumps(new)}",
    "after thought": lambda d, new, old: f"<think>Not {json.dumps(old)}</think>{json.dumps(new)}",
    "capitals": lambda d, new, old: json.dumps({k.upper(): v.upper() for k, v in new.items()}),
    "escaped": lambda d, new, old: json.dumps(json.dumps(new)),
}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_clean_record_survives_every_writing(data):
    dataset = DATASETS[data.draw(st.sampled_from(list(DATASETS)))]
    new, old = (dataset.record(data.draw(st.integers(0, dataset.size - 1))) for _ in range(2))
    writing = data.draw(st.sampled_from(list(WRITINGS)))
    text = WRITINGS[writing](dataset, _labels(dataset, new), _labels(dataset, old))
    assert parse_sce(text, dataset) == ("ok", new), text


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_reply_cut_anywhere_gives_no_other_value(data):
    dataset = DATASETS[data.draw(st.sampled_from(list(DATASETS)))]
    record = dataset.record(data.draw(st.integers(0, dataset.size - 1)))
    writing = data.draw(st.sampled_from(["strings", "indented", "single quotes", "curly quotes", "unquoted"]))
    text = WRITINGS[writing](dataset, _labels(dataset, record), None)
    for end in range(len(text)):
        value = parse_sce(text[:end], dataset).value or {}
        assert all(code in (None, record[name]) for name, code in value.items()), text[:end]
    option = data.draw(st.sampled_from(dataset.options))
    text = json.dumps({"answer": option})
    assert all(parse_answer(text[:end], dataset).value in (None, option) for end in range(len(text)))


@pytest.mark.parametrize("name", DATASETS)
def test_every_level_and_option_reads_as_itself(name):
    dataset = DATASETS[name]
    for feature in dataset.features:
        for code, label in zip(
            dataset.features[feature].codes, dataset.features[feature].labels, strict=True
        ):
            for text in (
                label,
                label.upper(),
                f" {label}. ",
                label.replace("'", "’"),
                label.replace("'", ""),
            ):
                record = dataset.record(0) and {feature: text}
                assert parse_sce(json.dumps(record), dataset).value[feature] == code
    for option in dataset.options:
        for text in (option, option.lower(), f"**{option}**", f"{option}.", f"The answer is {option}."):
            assert parse_answer(text, dataset).value == option
            assert parse_answer(json.dumps({"answer": text}), dataset).value == option


@pytest.mark.parametrize(
    "unit", ['{"age": ', "{", "[", '"', "a:b ", "| a ", "age: 45, ", "Above $50,000 ", "/*", "\\", "5,"]
)
def test_a_huge_reply_is_read_in_linear_time(unit):
    text = unit * (100_000 // len(unit))
    start = time.perf_counter()
    parse_answer(text, DATASETS["income"])
    parse_sce(text, DATASETS["income"])
    assert time.perf_counter() - start < 20  # about 1 s each; quadratic would be minutes


def test_numbers_in_words():
    for number, text in [
        (0, "zero"),
        (13, "thirteen"),
        (19, "nineteen"),
        (20, "twenty"),
        (99, "ninety-nine"),
    ]:
        assert number_in_words(text) == number
    assert number_in_words("nine thousand nine hundred and ninety nine") == 9999
    for text in (
        "",
        "ninety ninety",
        "five forty",
        "hundred",
        "thousand two",
        "one hundred hundred",
        "twelvety",
    ):
        assert number_in_words(text) is None


def test_simple_replies_are_read_quickly():
    text = json.dumps({"age": 45, "education": "Master's degree"})
    start = time.perf_counter()
    for _ in range(2000):
        parse_sce(text, DATASETS["income"])
    assert time.perf_counter() - start < 2  # about 0.1 s on a quiet machine
