"""The wordings under resources/prompts: each asks for all it must, on any dataset, in our own words."""

import json
import re

import pytest
import yaml

from sce.errors import InputError
from sce.experiments import registry
from sce.grids.datasets import load_dataset
from sce.reading.parsing import parse_sce
from sce.wordings.prompts import (
    PLACEHOLDER,
    add_prompt_kind,
    ask,
    fits,
    follow_up,
    load_prompt,
    prompt_file,
    prompt_files,
)

registry.kinds()  # they bring kinds of prompts along
PROMPTS = {name: load_prompt(path) for name, path in prompt_files().items()}
DATASETS = {name: load_dataset(f"resources/datasets/{name}.yaml") for name in ("heart_disease", "weather")}
METRICS = {
    "gower": ("gower", "range", r"mean|average"),
    "l1": ("sum", "median absolute deviation"),
    "l2": ("sum", "square of the difference", "standard deviation"),
    "semantic": ("embedding", "1 minus the cosine"),
}


def named(pattern):
    return sorted(name for name in PROMPTS if re.fullmatch(pattern, name))


def of_kind(kind):
    return [name for name, prompt in PROMPTS.items() if prompt.kind == kind]


@pytest.mark.parametrize(("stem", "count"), [("question", 50), ("unconstrained", 20), ("minimal", 20)])
def test_every_number_has_its_wording(stem, count):
    names = [f"{stem}_{number:02d}" for number in range(1, count + 1)]
    assert named(rf"{stem}_\d\d") == names
    assert sorted(name for name, prompt in PROMPTS.items() if prompt.rewords == stem) == names


def test_the_wordings_of_one_prompt_lie_together():
    for name, prompt in PROMPTS.items():
        if prompt.rewords:
            assert prompt_file(name).parent == prompt_file(prompt.rewords).parent


def test_a_name_is_found_in_any_folder_and_a_mistyped_one_gets_the_closest():
    assert str(prompt_file("minimal_07")) == "resources/prompts/conditions/minimal_07.yaml"
    with pytest.raises(InputError, match="minimal_l1") as error:
        prompt_file("minimal_l3")
    assert "question_01" not in error.value.allowed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """resources/prompts of an empty project, as a function that writes a file there."""

    def write(path, **content):
        file = tmp_path / "resources/prompts" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            yaml.safe_dump({"name": file.stem, "kind": "condition", "text": "{target}"} | content)
        )
        return file

    monkeypatch.chdir(tmp_path)
    return write


def test_a_name_given_twice_is_refused_with_both_files(folder):
    folder("mine/short.yaml")
    folder("short.yaml")
    with pytest.raises(InputError, match=r"short: found '.*mine/short\.yaml and .*prompts/short\.yaml'"):
        prompt_files()


def test_what_is_reworded_exists_and_is_of_the_same_kind(folder):
    folder("question.yaml", kind="question", text="{description}")
    folder("other.yaml")
    assert load_prompt(folder("a/good.yaml", rewords="other")).rewords == "other"
    for name, told in (("othr", "other"), ("question", "another condition"), ("bad", "another prompt")):
        with pytest.raises(InputError, match=told) as error:
            load_prompt(folder("a/bad.yaml", rewords=name))
        assert error.value.key == "rewords"


def test_an_experiment_can_bring_a_kind_of_prompt(folder, monkeypatch):
    monkeypatch.setattr("sce.wordings.prompts._kinds", {})
    add_prompt_kind("riddle", {"hint"}, {"answer"}, asks={"guess"})
    file = folder("riddle.yaml", kind="riddle", text="{hint} {answer} {levels}", asks="guess")
    assert load_prompt(file).kind == "riddle"
    for changes, told in (
        ({"kind": "question"}, "riddle"),
        ({"text": "{answer}"}, "{hint}"),
        ({"text": "{hnit}"}, "the placeholder {hint}, not {hnit}"),
        ({"text": "{hint} {target}"}, "only the placeholders {answer}, {context}"),
        ({"asks": "candidates"}, "asks of a riddle: guess"),
    ):
        with pytest.raises(InputError) as error:
            load_prompt(folder("riddle.yaml", **{"kind": "riddle", "text": "{hint}"} | changes))
        assert told in error.value.allowed


def test_no_two_wordings_say_the_same():
    texts = [" ".join(prompt.text.split()) for prompt in PROMPTS.values()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", of_kind("question"))
@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_a_question_has_all_that_answering_takes(name, dataset):
    description = dataset.describe(dataset.record(7))
    text = ask(PROMPTS[name], dataset, description)
    assert f"{description}\n" in text + "\n"
    assert dataset.question in text
    assert dataset.context in text
    assert all(option in text for option in dataset.options)
    assert '{"answer": ""}' in text
    _is_tidy(text)


@pytest.mark.parametrize("name", of_kind("condition"))
@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_a_condition_has_all_that_an_sce_takes(name, dataset):
    text = follow_up(PROMPTS[name], dataset, dataset.options[0])
    assert dataset.options[1] in text
    assert f"\n{dataset.levels_text}\n" in f"{text}\n"
    assert (dataset.record_text in text) == fits(PROMPTS[name], dataset) == (PROMPTS[name].asks != "text")
    assert dataset.subject in text
    _is_tidy(text)


def test_a_dataset_of_texts_wants_texts_of_what_asks_for_sces():
    loans = load_dataset("resources/datasets/loan_request.yaml")
    of_records = {name for name, prompt in PROMPTS.items() if not fits(prompt, loans)}
    assert of_records == {
        "several",
        "feedback",
        *(n for n in of_kind("condition") if PROMPTS[n].asks != "text"),
    }
    of_texts = {name for name, prompt in PROMPTS.items() if prompt.asks == "text"}
    assert of_texts == {"unconstrained_text", "minimal_text", "feedback_text"}
    for name in of_texts - {"feedback_text"}:
        text = follow_up(PROMPTS[name], loans, "Granted")
        assert loans.levels_text in text
        assert "would have been Declined" in text
        _is_tidy(text)


def _is_tidy(text):
    """No placeholder is left, and a dataset without a context leaves no gap."""
    assert not PLACEHOLDER.search(text)
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t](\n|$)", text)


def test_neither_option_is_named_first_by_most_questions():
    texts = [ask(PROMPTS[name], DATASETS["weather"], "-") for name in named(r"question_\d\d")]
    first = sum(text.index("Cold") < text.index("Warm") for text in texts)
    assert 0.4 <= first / len(texts) <= 0.6


def test_only_minimal_conditions_define_a_distance_and_they_do_it_properly():
    for name in of_kind("condition"):
        prompt = PROMPTS[name]
        assert (prompt.metric is None) == name.startswith("unconstrained")
        for part in METRICS.get(prompt.metric, ()):
            assert re.search(part, prompt.text.casefold()), f"{name} does not say {part}"


def test_the_minimal_conditions_of_other_distances_are_named_for_them():
    for metric in ("l1", "l2", "semantic"):
        assert PROMPTS[f"minimal_{metric}"].metric == metric


def test_a_reply_in_the_metacognitive_form_gives_its_candidates_and_its_choice():
    dataset = load_dataset("resources/datasets/house_prices.yaml")
    text = follow_up(PROMPTS["metacognitive"], dataset, dataset.options[0])
    shown = next(line for line in text.splitlines() if '"candidate"' in line)
    form = json.loads(shown)
    assert list(form) == ["candidate", "record", "answer"]
    assert list(form["record"]) == list(dataset.features)
    records = [dataset.record(point_id) for point_id in (1500, 1200, 900, 600, 700)]
    lines = []
    for number, record in enumerate(records, 1):
        form |= {"candidate": number, "record": record, "answer": dataset.options[record["area"] > 4000]}
        lines += ["A little nearer this time, then.", json.dumps(form)]
    reply = "\n".join([*lines, "Number 3 it is.", f"FINAL: {json.dumps(records[2])}"])
    assert parse_sce(reply, dataset).value == records[2]


def test_nothing_is_copied_from_the_study(reference):
    content = json.loads((reference / "published_prompts.json").read_text(encoding="utf-8"))
    templates = ("standard_prompt_template", "followup_template")
    theirs = set().union(*(_runs(entry[key]) for entry in content.values() for key in templates))
    for name, prompt in PROMPTS.items():
        assert not _runs(prompt.text) & theirs, name


def _runs(text, length=8):
    words = re.findall(r"[a-z0-9'’]+", text.casefold())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}
