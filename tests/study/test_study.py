"""The closed contract: every mistake is named by file, key, what was found and what is allowed."""

import copy

import pytest
import yaml

from sce.errors import InputError
from sce.files.yaml_files import read_yaml
from sce.grids.datasets import load_dataset
from sce.study.study import load
from sce.wordings.prompts import load_prompt

ECHO = {"engine": "control", "policy": "echo"}
GOOD = {
    "models": {"echo": ECHO},
    "experiments": {"main": {"models": ["echo"], "datasets": ["exam"], "conditions": ["minimal"]}},
}


def changed(path, value):
    content = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place[parent]
    place[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "key", "told"),
    [
        ("colour", "red", "colour", ["no other key than", "experiments", "models"]),
        ("experiments.main.model", ["echo"], "experiments.main.model", ["datasets", "; perhaps models"]),
        ("experiments.main.datasets", ["wether"], "experiments.main.datasets", ["wether", "weather"]),
        ("experiments.main.conditions", ["minimum"], "experiments.main.conditions", ["minimum", "minimal"]),
        ("experiments.main.conditions", ["question"], "experiments.main.conditions", ["kind condition"]),
        ("experiments.main.models", ["gpt"], "experiments.main.models", ["gpt", "echo"]),
        ("experiments.main.models", ["echo", "echo"], "experiments.main.models", ["each name once"]),
        ("experiments.main.metrics", ["manhattan"], "experiments.main.metrics", ["manhattan", "gower"]),
        ("models.echo.policy", "copy", "models.echo.policy", ["copy", "nearest"]),
        ("models.echo.engine", "gpt", "models.echo", ["gpt", "control", "llama_cpp"]),
        ("models.echo.polisy", "echo", "models.echo.polisy", ["no other key than", "policy"]),
        ("models", {"a/b": {"engine": "control", "policy": "echo"}}, "models.a/b", ["a/b"]),
        ("models", {}, "models", ["at least 1"]),
        ("scoring", {"estimand": "rows"}, "scoring.estimand", ["census", "points"]),
        ("figures", {"dpi": "many"}, "figures.dpi", ["many", "a whole number"]),
        ("models.echo", {"policy": "echo"}, "models.echo.engine", ["nothing", "control, llama_cpp, openai"]),
        (
            "models.control",
            {"policy": "echo"},
            "models.control.engine",
            ["one of control, llama_cpp, openai"],
        ),
        (
            "models.openai",
            {"engine": "opnai"},
            "models.openai.engine",
            ["opnai", "one of control, llama_cpp"],
        ),
        (
            "models.weights",
            ECHO | {"x": 1},
            "models.weights.x",
            ["no other key than", "policy"],
        ),
        ("models.seed", ECHO | {"seed": "x"}, "models.seed.seed", ["a whole number"]),
        ("models.echo", "echo", "models.echo", ["a mapping of keys"]),
        ("models.copy", {"engine": "control", "polcy": "echo"}, "models.copy.polcy", ["no other key"]),
        ("figures", {"option_colours": ["red", "#000000"]}, "figures.option_colours.0", ["of the form ^#"]),
        ("experiments.main.datasets", "weather", "experiments.main.datasets", ["a list"]),
    ],
)
def test_a_mistake_is_named(path, value, key, told):
    with pytest.raises(InputError) as error:
        load(changed(path, value), "config/config.yaml")
    text = str(error.value)
    assert text.startswith(f"config/config.yaml: {key}")
    for part in told:
        assert part in text


def test_the_good_one_is_good():
    study = load(GOOD, "config/config.yaml")
    assert study.pairs == [("echo", "exam")]
    assert study.questions("echo", "exam") == ["question"]
    assert study.conditions("echo", "exam") == ["minimal"]


def test_missing_weights_are_told_before_anything_runs(monkeypatch):
    monkeypatch.delenv("SCE_GGUF", raising=False)
    content = read_yaml("config/local-llm.yaml")
    with pytest.raises(InputError, match="SCE_GGUF, which is not set"):
        load(content, "config/local-llm.yaml")


DATASET = """
name: tiny
title: Tiny
subject: thing
question: Which?
options: [A, B]
features:
  size: {kind: numeric, levels: {first: 1, last: 3}, wording: "The size is: {value}."}
"""


@pytest.mark.parametrize(
    ("old", "new", "key", "told"),
    [
        ("name: tiny", "name: small", "name", "the name of the file, tiny"),
        ("options: [A, B]", "options: [A, A]", "content", "two different options"),
        ("options: [A, B]", "options: [A, B, C]", "options", "2"),
        ("last: 3", "last: 3.5", "features.size.levels", "whole number of steps"),
        ("levels: {first: 1, last: 3}", "levels: [3, 1]", "features.size", "increasing order"),
        ("levels: {first: 1, last: 3}", "levels: [1, 1]", "features.size", "levels that differ"),
        ("levels: {first: 1, last: 3}", "levels: [one, two]", "features.size", "numbers"),
        ("{value}", "value", "features.size.wording", "placeholder {value}"),
        ("kind: numeric", "kind: number", "features.size.kind", "numeric"),
        ("title: Tiny", "titel: Tiny", "titel", "no other key"),
        ("title: Tiny", "", "title", "required"),
        ("title: Tiny", "title: No", "title", "in quotes"),
        ("title: Tiny", "title: Tiny\nshape: round", "shape", "no other key"),
        ("title: Tiny", "title: Tiny\ntitle: Small", "title", "each key once"),
        ("title: Tiny", "title: [Tiny", "syntax", "valid YAML"),
    ],
)
def test_a_bad_dataset_is_named(tmp_path, old, new, key, told):
    assert old in DATASET
    file = tmp_path / "tiny.yaml"
    file.write_text(DATASET.replace(old, new))
    with pytest.raises(InputError) as error:
        load_dataset(file)
    assert f"tiny.yaml: {key}" in str(error.value)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("question", "What now?", "{description}"),
        ("condition", "Change it.", "{target}"),
        ("question", "{description} {colour}", "{colour}"),
        ("condition", "{target} {description}", "{description}"),
        ("idea", "{target}", "question"),
    ],
)
def test_a_bad_prompt_is_named(tmp_path, kind, text, told):
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump({"name": "tiny", "kind": kind, "text": text}))
    with pytest.raises(InputError, match="tiny") as error:
        load_prompt(file)
    assert told in str(error.value)


def test_two_models_of_one_name_are_refused(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("models:\n  a: {engine: control}\n  a: {engine: control}\n")
    with pytest.raises(InputError, match="a: found 'the same key twice"):
        read_yaml(file)


# --- which wordings are asked


def study(**experiments):
    models = {"echo": GOOD["models"]["echo"]}
    common = {"models": ["echo"], "datasets": ["income"]}
    content = {name: common | experiment for name, experiment in experiments.items()}
    return load({"models": models, "experiments": content}, "config.yaml")


def test_a_range_stands_for_its_names():
    asked = study(main={"questions": ["question", "question_09..question_11"]}).protocol("echo", "income")
    assert asked["questions"] == ["question", "question_09", "question_10", "question_11"]


@pytest.mark.parametrize(
    "names", ["question_1..question_10", "question_10..question_09", "question_01..minimal_09", "..", "a..b"]
)
def test_a_range_that_is_none_is_named(names):
    with pytest.raises(InputError, match=r"experiments\.main\.questions: .* question_01\.\.question_50"):
        study(main={"questions": [names]})


def test_a_missing_wording_is_told_with_the_closest_names_alone():
    with pytest.raises(InputError) as error:
        study(main={"conditions": ["minimal_l3"]})
    assert "minimal_l1" in error.value.allowed
    assert "question_01" not in error.value.allowed


def test_an_experiment_without_conditions_sets_no_main_wording():
    found = study(
        wordings={"questions": ["question_01..question_03"]},
        main={"questions": ["question"], "conditions": ["minimal"]},
    )
    assert found.questions("echo", "income") == ["question", "question_01", "question_02", "question_03"]


def test_conditions_that_continue_two_wordings_are_refused():
    with pytest.raises(InputError, match="continues question_01 and question"):
        study(
            first={"questions": ["question_01"], "conditions": ["minimal"]},
            main={"questions": ["question"], "conditions": ["minimal"]},
        )


def test_the_studys_wordings_are_found_by_dataset(reference, tmp_path):
    path = str(reference / "published_prompts.json")
    experiment = {
        "models": ["echo"],
        "datasets": ["income", "heart_disease"],
        "questions": ["published.question"],
        "conditions": ["published.minimal", "minimal"],
    }
    content = GOOD | {"experiments": {"main": experiment}}
    with pytest.raises(InputError, match=r"prompts\.published"):
        load(content, "config.yaml")
    found = load(content | {"prompts": {"published": path}, "reference": str(reference)}, "config.yaml")
    texts = {found.prompt("published.question", dataset).text for dataset in experiment["datasets"]}
    assert len(texts) == 2
    assert found.prompt_files("echo", "income") == [path, "resources/prompts/conditions/minimal.yaml"]
    assert len(found.notes) == 3
    assert "income_minimal_semantic" in found.notes[0]
    with pytest.raises(InputError, match="no file of published values"):
        load(content | {"prompts": {"published": path}, "reference": str(tmp_path)}, "config.yaml")


ADAPTIVE = {"boundary": "adaptive", "adaptive": {"starts": 5, "per_start": 9}}


def test_a_grid_is_asked_in_part_where_it_is_large_or_is_told_to_be():
    assert study(main={}).survey("echo", "income") is None
    survey = study(main={"datasets": ["diabetes"]}).survey("echo", "diabetes")
    assert (survey["starts"], survey["per_start"], survey["metrics"]) == (100, 128, ["gower"])
    told = study(main=ADAPTIVE)
    assert told.survey("echo", "income")["starts"] == 5
    assert told.protocol("echo", "income")["survey"]["per_start"] == 9
    assert "survey" not in study(main={}).protocol("echo", "income")


def test_one_experiment_that_wants_the_full_grid_is_enough():
    assert study(part=ADAPTIVE, whole={}).survey("echo", "income") is None


@pytest.mark.parametrize(
    ("experiment", "key"),
    [
        ({"datasets": ["diabetes"], "boundary": "full"}, "experiments.main.boundary"),
        (ADAPTIVE | {"metrics": ["semantic"]}, "experiments.main.metrics"),
        (ADAPTIVE | {"questions": ["question", "question_01"]}, "experiments.main"),
        (ADAPTIVE | {"adaptive": {"starts": 0}}, "experiments.main.adaptive.starts"),
        (ADAPTIVE | {"adaptive": {"starts": "nowhere.csv"}}, "content"),
    ],
)
def test_what_a_grid_asked_in_part_cannot_answer_is_refused(experiment, key):
    with pytest.raises(InputError) as told:
        study(main=experiment).survey("echo", "income")
    assert told.value.key.startswith(key)
