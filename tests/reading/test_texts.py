"""Rewritten texts: read back to their slots exactly, or not at all."""

import asyncio
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sce.engines import About, open_engine
from sce.errors import InputError
from sce.grids.datasets import Dataset, load_dataset
from sce.models.catalogue import read_entry
from sce.reading.parsing import parse_sce
from sce.reading.texts import check_texts
from tests.conftest import ROOT
from tests.fuzzing import tried
from tests.reading.test_noise import LETTERS, NOISE

LOANS = load_dataset(ROOT / "resources/datasets/loan_request.yaml")
POINTS = st.integers(0, LOANS.size - 1)
RECORD = {"income": 2000, "history": 3, "job": 4, "purpose": 2, "amount": 10000}
TEXT = LOANS.describe(RECORD)
HISTORY = "My earlier loans I have paid back on time"


def tiny(text="{size} and {sex}.", size="It weighs {value} kg", sex="its sex is {value}"):
    return Dataset(
        name="tiny", title="Tiny", subject="animal", question="Which?", options=("A", "B"), text=text,
        features={
            "size": {"kind": "numeric", "levels": [1, 2.5], "wording": size},
            "sex": {"kind": "categorical", "levels": ["female", "male"], "wording": sex},
        },
    )  # fmt: skip


def test_a_text_by_hand():
    dataset = tiny()
    texts = ["It weighs 1 kg and its sex is female.", "It weighs 1 kg and its sex is male.",
             "It weighs 2.5 kg and its sex is female.", "It weighs 2.5 kg and its sex is male."]  # fmt: skip
    assert dataset.grid()["description"].tolist() == texts
    assert dataset.describe({"size": 1.7, "sex": 2}) == "It weighs 1.7 kg and its sex is male."
    assert dataset.levels_text.split("\n") == [
        '- "It weighs ... kg": one of 1, 2.5', '- "its sex is ...": one of ["female", "male"] (in no order)'
    ]  # fmt: skip
    check_texts(dataset, "tiny.yaml")


def test_the_dataset_that_the_docs_show(tmp_path):
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    file = tmp_path / "letter.yaml"
    file.write_text(re.search(r"```yaml\n(name: letter\n.*?)```", page, re.DOTALL)[1])
    dataset = load_dataset(file)
    check_texts(dataset, file)
    sentence = "I take home $1000 a month, and I would like to borrow $5000. A payment I have missed never."
    assert dataset.describe(dataset.record(0)) == f"Dear bank,\n\n{sentence}"


def test_every_text_of_the_dataset_is_another_one_and_reads_as_its_point():
    texts = LOANS.grid()["description"]
    assert texts.nunique() == LOANS.size == 5 * 3 * 4 * 2 * 4
    for point, text in enumerate(texts):
        assert parse_sce(text, LOANS) == ("ok", LOANS.record(point))


@pytest.mark.parametrize(
    ("old", "new", "feature", "value"),
    [
        ("$10000", "$12,000", "amount", 12000),  # off the grid, as it stands
        ("$10000", "$ 15,000.00", "amount", 15000),
        ("$10000", "15k", "amount", 15000),
        ("$10000", "fifteen thousand dollars", "amount", 15000),
        ("$2000", "2 500", "income", 2500),
        ("I would like to borrow", "I WOULD  like\nto *borrow*", "amount", 10000),
        ("a car", "**A Wedding**", "purpose", 1),
        ("4 years", "six years", "job", 6),
        ("4 years", "6.5 years", "job", 6.5),
        (HISTORY, "My earlier loans, I have paid back “with delays”", "history", 2),
        (" and I take home", ". I take home", "income", 2000),
        ("$2000 a month.", "$2000 a month!", "income", 2000),
        ("a car, and I", "a car and I", "purpose", 2),
    ],
)
def test_a_slot_is_read_however_it_is_written(old, new, feature, value):
    assert old in TEXT
    assert parse_sce(TEXT.replace(old, new), LOANS) == ("ok", RECORD | {feature: value})


@pytest.mark.parametrize(
    ("old", "new", "feature"),
    [
        ("$10000", "$10000 to $15000", "amount"),
        ("$10000", "about $10000", "amount"),
        ("$10000", "$10000 or more", "amount"),
        ("from your bank.", "from your bank or $5000.", "amount"),
        ("from your bank.", "from your bank, and I would like to borrow $5000 from your bank.", "amount"),
        ("$10000", "$10.000", "amount"),
        ("$10000", "$[amount]", "amount"),
        ("$10000", "€10000", "amount"),
        ("a car,", "a car or a wedding,", "purpose"),
        ("a car,", "a car, a wedding,", "purpose"),
        ("a car", "a house", "purpose"),
        ("I need money", "I do not need money", "purpose"),
        (" and I take home", ". If I take home", "income"),
        ("$2000 a month.", "$2000 a month, in winter $2500.", "income"),
        ("$2000 a month.", "$2000 a year.", "income"),
        (HISTORY + ".", "", "history"),
        (HISTORY, HISTORY + ". My earlier loans I have paid back with delays", "history"),
        (HISTORY, HISTORY + ". My earlier loans I have paid back somehow", "history"),
        ("4 years", "4 to 6 years", "job"),
        ("4 years", "4 years and 6 months", "job"),
    ],
)
def test_a_slot_that_leaves_a_doubt_is_null(old, new, feature):
    assert old in TEXT
    assert parse_sce(TEXT.replace(old, new), LOANS) == ("missing_feature", RECORD | {feature: None})


def test_replies_around_the_text():
    other = LOANS.describe(RECORD | {"amount": 5000})
    for reply in (
        f"Here is the rewritten loan request:\n\n{TEXT}", f"```\n{TEXT}\n```", f"<text>\n{TEXT}\n</text>",
        json.dumps(TEXT), f"<think>{other}</think>{TEXT}", f"Original: {other}\n\nRevised:\n\n{TEXT}",
        f"{TEXT}\n\nI lowered the amount from $20000 to $10000.", "> " + TEXT.replace("\n", "\n> "),
    ):  # fmt: skip
        assert parse_sce(reply, LOANS) == ("ok", RECORD), reply
    assert parse_sce(f"{other}\n\n{TEXT}", LOANS).value == RECORD | {"amount": None}
    for reply, status in (
        ("I would ask for less money, and mention a better job.", "unparseable"),
        (json.dumps(RECORD), "unparseable"),
        ("I'm sorry, but I can't help with that.", "refused"),
        ("", "unparseable"),
    ):
        assert parse_sce(reply, LOANS) == (status, None)
    assert parse_sce("Dear Sir or Madam", LOANS, "length") == ("truncated", None)


@tried(150)
@given(POINTS, POINTS, NOISE, NOISE, LETTERS)
def test_a_text_in_noise_is_read_as_itself_or_not_at_all(new, old, before, after, letters):
    record, text = LOANS.record(new), LOANS.describe(LOANS.record(new))
    for lead in ("", f"Original: {LOANS.describe(LOANS.record(old))}\n\nRewritten text:\n", letters + "\n"):
        value = parse_sce(f"{before}{lead}{text}{after}", LOANS).value or {}
        assert {name: code for name, code in value.items() if code is not None}.items() <= record.items()


@tried(150)
@given(POINTS, POINTS)
def test_of_two_texts_only_what_they_share_is_read(first, second):
    a, b = LOANS.record(first), LOANS.record(second)
    value = parse_sce(f"{LOANS.describe(a)}\n\n{LOANS.describe(b)}", LOANS).value or {}
    shared = {name: code if b[name] == code else None for name, code in a.items()}
    assert value == (shared if any(code is not None for code in shared.values()) else {})


@tried(150)
@given(POINTS, st.integers(0, 600))
def test_a_text_cut_anywhere_is_read_as_itself_or_not_at_all(point, end):
    record = LOANS.record(point)
    value = parse_sce(LOANS.describe(record)[:end], LOANS, "length").value or {}
    assert all(code in (None, record[name]) for name, code in value.items())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"text": "{size}."}, "{size}, {sex}, each once"),
        ({"text": "{size}. {sex}. {size}."}, "each once"),
        ({"text": "{size}. {sex}. {colour}."}, "no other brace"),
        ({"text": "{size!r}. {sex}."}, "no other brace"),
        ({"text": "{size}. {sex}. {"}, "no other brace"),
        ({"size": "{value} kg"}, "features.size: a wording with words before {value}"),
    ],
)
def test_a_text_holds_every_slot_once(changes, told):
    with pytest.raises(ValueError, match=r"a text with|a wording with") as error:
        tiny(**changes)
    assert told in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "{size} at birth. {sex}."},  # the slot goes on
        {"text": "It weighs a lot. {size}. {sex}."},  # said elsewhere
        {"size": "It weighs {value}", "sex": "It weighs so because it is {value}"},
        {"text": "If {size}, fine. {sex}."},  # not said to be so
    ],
)
def test_texts_that_cannot_be_read_back_are_refused(changes):
    with pytest.raises(InputError) as error:
        check_texts(tiny(**changes), "tiny.yaml")
    assert error.value.where == "tiny.yaml"
    assert error.value.key in ("features.size.wording", "features.sex.wording")


def test_control_respondents_write_texts():
    def reply(policy, point):
        model = read_entry({"models": {"m": {"engine": "control", "policy": policy}}}, "m")
        engine = open_engine(model, LOANS)
        body = engine.body([], About("condition", "minimal_text", LOANS.record(point), LOANS.options[0]))
        return asyncio.run(engine.ask(body))

    assert reply("echo", 7).response == LOANS.describe(LOANS.record(7))
    assert parse_sce(reply("thinking", 7).response, LOANS).status == "ok"
    statuses = [parse_sce(reply("malformed", point).response, LOANS).status for point in range(3)]
    assert statuses == ["unparseable", "missing_feature", "ok"]
    off = parse_sce(reply("malformed", 2).response, LOANS).value
    assert off == LOANS.record(2) | {"income": 1500.123}
    assert [reply("malformed", point).status for point in (3, 4)] == ["truncated", "refused"]
