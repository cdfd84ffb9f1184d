"""The wordings under resources/prompts: each asks for all it must, on any dataset, in our own words."""

import json
import re
from pathlib import Path

import pytest

from sce.grids.datasets import load_dataset
from sce.reading.parsing import parse_sce
from sce.wordings.prompts import PLACEHOLDER, ask, follow_up, load_prompt

PROMPTS = {path.stem: load_prompt(path) for path in sorted(Path("resources/prompts").glob("*.yaml"))}
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
    assert named(rf"{stem}_\d\d") == [f"{stem}_{number:02d}" for number in range(1, count + 1)]


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
    assert dataset.record_text in text
    assert dataset.subject in text
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
