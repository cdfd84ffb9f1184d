"""Grids: the published ones row by row, and hand-made ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sce.errors import InputError
from sce.grids.datasets import Dataset, load_dataset
from sce.measuring.metrics import space
from sce.wordings.prompts import ask, follow_up, load_prompt, prompt_file

FILES = sorted(Path("resources/datasets").glob("*.yaml"))
SIZES = {"income": 1920, "house_prices": 1600, "heart_disease": 1936}

# Tables of 8 to 20 features: features and points.
TABLES = {
    "breast_cancer": (9, 6 * 3 * 11 * 7 * 2 * 3 * 2 * 5 * 2),
    "diabetes": (8, 13 * 15 * 13 * 10 * 13 * 17 * 20 * 16),
    "heart_disease_full": (13, 13 * 2 * 4 * 12 * 15 * 2 * 3 * 14 * 2 * 13 * 3 * 4 * 3),
    "income_full": (10, 27 * 8 * 11 * 5 * 18 * 10 * 7 * 16 * 2 * 8),
    "bank_marketing": (14, 82_400_440_320),
    "attrition": (17, 4_180_377_600_000),
    "german_credit": (20, 19_349_176_320_000),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_large_tables_have_their_sizes(name):
    dataset = load_dataset(f"resources/datasets/{name}.yaml")
    assert (len(dataset.features), dataset.size) == TABLES[name]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("metric", ["gower", "l1", "l2"])
def test_distances_are_defined_on_the_large_tables(name, metric):
    dataset = load_dataset(f"resources/datasets/{name}.yaml")
    assert space(dataset, metric).between(np.array(0), np.array(dataset.size - 1)) > 0


@pytest.mark.parametrize("name", SIZES)
def test_the_published_grids_row_by_row(reference, name):
    dataset = load_dataset(f"resources/datasets/{name}.yaml")
    ours, theirs = dataset.grid(), pd.read_parquet(reference / f"grid_{name}.parquet")
    assert len(ours) == dataset.size == SIZES[name]
    assert ours["point_id"].tolist() == theirs["id"].tolist()
    assert ours["description"].tolist() == theirs["description"].tolist()
    for feature, content in dataset.features.items():
        assert ours[feature].tolist() == theirs[content.published_name or feature].tolist()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_dataset_locates_and_describes_its_points(path):
    dataset = load_dataset(path)
    if path.stem not in TABLES:  # a large grid is never laid out
        grid = dataset.grid()
        assert len(grid) == dataset.size
        assert dataset.describe(dataset.record(1)) == grid["description"][1]
    for point_id in {0, 1, dataset.size // 2, dataset.size - 1}:
        record = dataset.record(point_id)
        assert dataset.locate(record) == point_id
        if dataset.text is None:
            assert dataset.describe(record).count("\n") == len(dataset.features) - 1
    first = next(name for name, feature in dataset.features.items() if feature.is_number)
    assert dataset.locate(dataset.record(0) | {first: 0.123}) is None


def test_coarse_and_small_datasets_have_their_sizes():
    sizes = {path.stem: load_dataset(path).size for path in FILES}
    for name in SIZES:
        assert 60 <= sizes[f"{name}_coarse"] <= 200
    assert 40 <= sizes["weather"] <= 70
    assert 40 <= sizes["exam"] <= 70


def tiny():
    return Dataset(
        name="tiny",
        title="Tiny",
        subject="thing",
        question="Which?",
        options=("A", "B"),
        features={
            "size": {"kind": "numeric", "levels": [1, 2.5], "wording": "The size is: {value}."},
            "grade": {"kind": "ordinal", "levels": ["low", "mid", "top"], "wording": "Grade: {value}"},
            "sex": {"kind": "categorical", "levels": {2: "Female", 1: "Male"}, "wording": "Sex: {value}"},
        },
    )


def test_a_grid_by_hand():
    grid = tiny().grid()
    assert grid["size"].tolist() == [1.0] * 6 + [2.5] * 6
    assert grid["grade"].tolist() == [1, 1, 2, 2, 3, 3] * 2
    assert grid["sex"].tolist() == [2, 1] * 6
    assert grid["description"][7] == "- The size is: 2.5.\n- Grade: low\n- Sex: Male"
    assert tiny().locate({"size": 2.5, "grade": 3, "sex": 1}) == 11
    assert tiny().locate({"size": 2.0, "grade": 3, "sex": 1}) is None
    off = tiny().describe({"size": 2.0, "grade": 3, "sex": 2})
    assert off == "- The size is: 2.\n- Grade: top\n- Sex: Female"


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ("[yes, no]", "not True"),
        ("[1, true]", "not True"),
        ("[low, ~]", "not None"),
        ("[2026-01-01, 2026-01-02]", "which YAML reads as a date"),
        ("[1, two]", "numbers throughout, or texts throughout"),
        ("['1', 2]", "numbers throughout, or texts throughout"),
        ("[1, .inf]", "a finite number"),
        ("[.nan, 2]", "a finite number"),
        ("[[1], [2]]", "not [1]"),
        ("{yes: a, no: b}", "codes that are whole numbers; not True"),
        ("{1: yes, 2: no}", "labels in quotes"),
        ("{1: 1, 2: 2}", "labels in quotes"),
        ("{1.5: a, 2: b}", "not 1.5"),
        ("{'1': a, '2': b}", "not '1'"),
        ("{first: 1, last: yes}", "a number"),
        ("{first: 1, last: .inf}", "a finite number"),
        ("{first: '1', last: 3}", "a number"),
        ("{first: 1}", "required"),
        ("yes", "levels"),
    ],
)
def test_levels_are_what_they_look_like(tmp_path, levels, told):
    with pytest.raises(InputError) as error:
        load_dataset(_file(tmp_path, levels=levels))
    assert error.value.key.startswith("features.size")
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"options": "[yes, no]"}, "options.0"),
        ({"options": "[1, 2]"}, "options.0"),
        ({"context": "no"}, "context"),
        ({"context": "~"}, "context"),
        ({"context": "12:30"}, "context"),
        ({"option_aliases": "{A: [yes]}"}, "option_aliases.A.0"),
        ({"option_aliases": "{A: [1.5]}"}, "option_aliases.A.0"),
        ({"aliases": "{low: [no]}"}, "features.size.aliases.low.0"),
        ({"names": "[on]"}, "features.size.names.0"),
        ({"unit": "5"}, "features.size.unit"),
    ],
)
def test_texts_are_texts(tmp_path, changes, key):
    with pytest.raises(InputError) as error:
        load_dataset(_file(tmp_path, **changes))
    assert (error.value.key, error.value.allowed[:4]) == (key, "text")


def test_words_that_yaml_reads_as_something_else_are_levels_in_quotes(tmp_path):
    feature = load_dataset(_file(tmp_path, levels='["no", "yes", "2026-01-01"]')).features["size"]
    assert (feature.codes, feature.labels) == ([1, 2, 3], ["no", "yes", "2026-01-01"])


def _file(folder, options="[A, B]", context="''", option_aliases="{}", **feature):
    feature = {"kind": "ordinal", "levels": "[low, high]", "wording": "'{value}'"} | feature
    lines = [f"    {key}: {value}" for key, value in feature.items()]
    file = folder / "tiny.yaml"
    head = "name: tiny\ntitle: T\nsubject: t\nquestion: Which?\n"
    head += f"options: {options}\ncontext: {context}\noption_aliases: {option_aliases}\n"
    file.write_text("\n".join([head + "features:\n  size:", *lines]), encoding="utf-8")
    return file


def test_prompts_say_what_they_must():
    dataset = load_dataset("resources/datasets/heart_disease.yaml")
    grid = dataset.grid()
    text = ask(load_prompt(prompt_file("question")), dataset, grid["description"][0])
    assert grid["description"][0] in text
    assert dataset.question in text
    assert '["No heart disease", "Heart disease"]' in text
    assert '{"answer": ""}' in text
    for name in ("unconstrained", "minimal"):
        text = follow_up(load_prompt(prompt_file(name)), dataset, "Heart disease")
        assert "would have been No heart disease" in text
        assert 'sex: one of ["Female", "Male"] (in no order)' in text
        assert "age: 30 to 80 in steps of 5" in text
        assert json.dumps(dict.fromkeys(dataset.features, "")) in text
        assert ("Gower" in text) == (name == "minimal")
