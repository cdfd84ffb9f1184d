"""What a careful human reader would extract from what models really write, and nothing else."""

import json

import pytest

from sce.errors import InputError
from sce.reading.parsing import parse_answer, parse_lines, parse_sce
from tests.conftest import SHARED
from tests.reading.datasets import ABOVE, DATASETS
from tests.reading.ideal_answers import INCOME_ANSWERS, OTHER_ANSWERS
from tests.reading.ideal_records import (
    AGES,
    AREAS,
    EDUCATIONS,
    INCOME_SCES,
    OTHER_SCES,
    PRESSURES,
    SEXES,
    TEMPERATURES,
)

CORPUS = SHARED / "parser_corpus.json"


def _table(groups, dataset):
    return [pytest.param(dataset, text, ideal, id=f"{name}-{n}") for name, cases in groups.items()
            for n, (text, ideal) in enumerate(cases)]  # fmt: skip


def _tables(cases):
    return [param for name in cases for param in _table({name: cases[name]}, name)]


@pytest.mark.parametrize(("name", "text", "ideal"), _table(INCOME_ANSWERS, "income") + _tables(OTHER_ANSWERS))
def test_answer(name, text, ideal):
    parsed = parse_answer(text, DATASETS[name])
    assert parsed.value == ideal
    assert (parsed.status == "ok") == (ideal is not None)


@pytest.mark.parametrize(("name", "text", "ideal"), _table(INCOME_SCES, "income") + _tables(OTHER_SCES))
def test_sce(name, text, ideal):
    parsed = parse_sce(text, DATASETS[name])
    assert parsed.value == (ideal and dict(zip(DATASETS[name].features, ideal, strict=True)))
    if ideal:
        assert parsed.status == ("missing_feature" if None in ideal else "ok")
    else:
        assert parsed.status in ("unparseable", "refused")


VALUES = {
    ("income", "age"): AGES,
    ("income", "education"): EDUCATIONS,
    ("house_prices", "area"): AREAS,
    ("heart_disease", "sex"): SEXES,
    ("heart_disease", "systolic_bp"): PRESSURES,
    ("weather", "temperature"): TEMPERATURES,
}


@pytest.mark.parametrize(
    ("name", "feature", "text", "ideal"),
    [
        pytest.param(*key, text, ideal, id=f"{key[1]}: {text[:40]}")
        for key, rows in VALUES.items()
        for text, ideal in rows
    ],
)
def test_value(name, feature, text, ideal):
    dataset = DATASETS[name]
    others = {other: f.labels[0] for other, f in dataset.features.items() if other != feature}
    parsed = parse_sce(json.dumps({feature: text, **others}), dataset)
    assert parsed.value[feature] == ideal
    assert type(parsed.value[feature]) is type(ideal)


@pytest.mark.skipif(not CORPUS.is_file(), reason="the shared corpus is not here")
def test_shared_corpus():
    cases = json.loads(CORPUS.read_text(encoding="utf-8"))
    right, false = 0, []
    for case in cases:
        dataset = DATASETS[case["dataset"]]
        parse = parse_answer if case["kind"] == "answer" else parse_sce
        value, ideal = parse(case["text"], dataset).value, case["ideal"]
        if case["kind"] == "sce" and value is not None:
            value = {dataset.features[name].published_name or name: code for name, code in value.items()}
        right += value == ideal
        if case["kind"] == "answer":
            wrong = value is not None and value != ideal
        else:
            ideal = ideal or dict.fromkeys(value or {})
            wrong = any(code is not None and code != ideal[name] for name, code in (value or {}).items())
        if wrong:
            false.append((case["id"], value))
    assert not false
    assert right >= 0.95 * len(cases)


@pytest.mark.parametrize(
    ("text", "finish_reason", "status"),
    [
        ('{"age": 45, "education": "Kindergarten"}', "stop", "ok"),
        ('{"age": 45, "education": "Kindergarten"}', "length", "ok"),
        ('{"age": 45, "education": "Kinder', "length", "ok"),
        ('{"age": 45, "education": "Ki', "length", "missing_feature"),
        ('{"age": 4', "length", "truncated"),
        ("Age: 45\nEducation: Kindergarten\nAge group: 4", "length", "ok"),
        ("Education: Kindergarten\nAge: 4", "length", "missing_feature"),
        ("<think>It should be", "length", "truncated"),
        ("<think>It should be", "stop", "unparseable"),
        ("", "length", "truncated"),
        (None, None, "unparseable"),
        (None, "length", "truncated"),
        ("I'm sorry, but I can't help with that.", "stop", "refused"),
        ("I cannot provide such data.", None, "refused"),
        ("I cannot say which age is right.", None, "unparseable"),
        ('{"note": "I cannot provide such data."}', None, "unparseable"),
        ("Hello", None, "unparseable"),
    ],
)
def test_status_of_a_record(text, finish_reason, status):
    assert parse_sce(text, DATASETS["income"], finish_reason).status == status


@pytest.mark.parametrize(
    ("text", "finish_reason", "expected"),
    [
        ("Above $50,000", "length", ("ok", ABOVE)),
        ("I think that the answer is Above $50,000", "length", ("truncated", None)),
        ('{"answer": "', "length", ("truncated", None)),
        ("I'm unable to help with this request.", "stop", ("refused", None)),
        (None, None, ("unparseable", None)),
    ],
)
def test_status_of_an_answer(text, finish_reason, expected):
    assert tuple(parse_answer(text, DATASETS["income"], finish_reason)) == expected


def test_lines():
    lines = ['{"text": "{\\"answer\\": \\"Above $50,000\\"}"}\n', '{"text": null, "finish_reason": "length"}']
    assert list(parse_lines(DATASETS["income"], "answer", lines)) == [
        {"status": "ok", "value": ABOVE},
        {"status": "truncated", "value": None},
    ]
    (row,) = parse_lines(DATASETS["weather"], "sce", [json.dumps({"text": "Temperature: -5\nWind: 10 km/h"})])
    assert row == {"status": "ok", "value": {"temperature": -5, "wind_speed": 10}}
    assert json.loads(json.dumps(row)) == row


@pytest.mark.parametrize("line", ["", "{", "[]", '"text"', '{"txt": "a"}', '{"text": 5}', "[" * 100_000])
def test_a_bad_line_is_named(line):
    with pytest.raises(InputError, match="line 2"):
        list(parse_lines(DATASETS["income"], "answer", ['{"text": ""}', line]))


def test_an_unknown_kind_is_named():
    with pytest.raises(InputError, match="answer or sce"):
        list(parse_lines(DATASETS["income"], "answers", []))
