"""The study's own wordings, read from a user's copy: every entry finds its place, every message its bytes."""

import gzip
import json
from types import SimpleNamespace

import pytest

from sce.asking.messages import continued, fresh
from sce.errors import InputError
from sce.grids.datasets import load_dataset
from sce.wordings import prompts
from sce.wordings.published import Place, find_prompt, load_published, slips

RUNS = [
    "heart_disease__subset500",
    "heart_disease_minimal__timid",
    "house_prices__oracle",
    "house_prices_minimal__echo",
    "income__overshoot",
    "income_minimal__timid",
]
LLAMA = "meta-llama/Llama-3.3-70B-Instruct"


@pytest.fixture(scope="module")
def published(reference):
    return load_published(reference / "published_prompts.json")


def as_text(messages):
    """How the published code writes a conversation down, for models whose chat template it does not hold."""
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


@pytest.mark.parametrize("run", RUNS)
def test_a_run_of_the_study_is_asked_byte_for_byte(reference, published, run):
    place = published.places[run.partition("__")[0]]
    dataset = load_dataset(f"resources/datasets/{place.dataset}.yaml")
    question = published.prompt(place.question, place.dataset)
    condition = published.prompt(place.condition, place.dataset)
    with gzip.open(reference / "runs" / run / "results.json.gz") as file:
        rows = json.load(file).values()
    assert len(rows) == (500 if run.endswith("500") else dataset.size)
    for row in rows:
        description = dataset.describe(dataset.record(row["dataset_id"]))
        messages = fresh(prompts.ask(question, dataset, description))
        assert as_text(messages) == row["original_full_prompt"]
        entry = SimpleNamespace(turn=None, response=row["original_full_response"])
        text = prompts.follow_up(condition, dataset, row["original_answer"])
        assert as_text(continued(messages, entry, text)) == row["followup_full_prompt"]


def test_every_entry_has_its_place(published):
    places = published.places
    assert len(places) == 108
    main = {"": "unconstrained", "_minimal": "minimal", "_minimal_reasoning": "metacognitive"}
    main |= {f"_minimal_{metric}": f"minimal_{metric}" for metric in ("l1", "l2", "semantic")}
    expected = {
        f"{dataset}{kind}": Place(dataset, "published.question", f"published.{condition}")
        for dataset in ("income", "house_prices", "heart_disease")
        for kind, condition in main.items()
    }
    for n in range(1, 51):
        expected[f"income_{n}"] = Place("income", f"published.question_{n:02d}", "published.unconstrained")
    for n in range(20):
        for kind, condition in (("", "unconstrained"), ("_minimal", "minimal")):
            place = Place("house_prices", "published.question", f"published.{condition}_{n:02d}")
            expected[f"house_prices{kind}_{n}"] = place
    assert places == expected


def test_every_entry_can_be_asked_as_the_published_code_would(reference, published):
    content = json.loads((reference / "published_prompts.json").read_text(encoding="utf-8"))
    names = {place.dataset for place in published.places.values()}
    datasets = {name: load_dataset(f"resources/datasets/{name}.yaml") for name in names}
    for name, entry in content.items():
        place = published.places[name]
        dataset = datasets[place.dataset]
        description = dataset.describe(dataset.record(3))
        question = find_prompt(place.question, place.dataset, published)
        sent = entry["standard_prompt_template"].format(description=description)
        assert prompts.ask(question, dataset, description) == sent
        condition = find_prompt(place.condition, place.dataset, published)
        for option, target in (entry["options"], entry["options"][::-1]):
            sent = entry["followup_template"].format(complement=target)
            assert prompts.follow_up(condition, dataset, option) == sent
        assert (question.kind, condition.kind) == ("question", "condition")
        assert (question.name, condition.name) == place[1:]


def test_conditions_know_the_distance_they_are_about(published):
    metrics = {name: prompt.metric for (_, name), prompt in published.prompts.items()}
    assert metrics["published.minimal_l1"] == "l1"
    assert metrics["published.minimal_semantic"] == "semantic"
    assert metrics["published.metacognitive"] == metrics["published.minimal_19"] == "gower"
    reworded = {name: prompt.rewords for (_, name), prompt in published.prompts.items()}
    assert reworded["published.minimal_19"] == "published.minimal"
    assert reworded["published.question_50"] == "published.question"
    assert reworded["published.minimal"] is reworded["published.question"] is None
    assert reworded["published.minimal_l1"] is None
    assert metrics["published.unconstrained_00"] is metrics["published.question_50"] is None


def test_the_known_slip_is_told(published):
    told = slips(published)
    assert len(told) == 3
    for dataset, line in zip(("income", "house_prices", "heart_disease"), told, strict=True):
        assert line.startswith(f"{dataset}_minimal_semantic: asks for minimal_l2, not minimal_semantic")


def test_the_system_prompt_goes_before_the_question(reference, published):
    models = json.loads((reference / "published_models.json").read_text())
    dataset = load_dataset("resources/datasets/income.yaml")
    question = published.prompt("published.question", "income")
    text = as_text(fresh(prompts.ask(question, dataset, "x"), models[LLAMA]["system"]))
    assert text.startswith("system: \n\nYou are a helpful assistant.\n\n\nuser: You will be provided")


# --- a small file of the same form, in other words


def entry(question="Q {description}\n", follow_up="F {complement} {{}} \n", **changes):
    return {
        "local": True,
        "options": ["Below $50,000", "Above $50,000"],
        "input_key": "description",
        "standard_prompt_template": question,
        "followup_template": follow_up,
    } | changes


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "datasets.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_white_space_and_braces_are_sent_as_they_are(file):
    published = load_published(file({"income": entry()}))
    dataset = load_dataset("resources/datasets/income.yaml")
    question = published.prompt("published.question", "income")
    condition = published.prompt("published.unconstrained", "income")
    assert prompts.ask(question, dataset, "{age}") == "Q {age}\n"
    assert prompts.follow_up(condition, dataset, "Below $50,000") == "F Above $50,000 {} \n"


def test_a_number_names_what_an_entry_rewords(file):
    base = {"income": entry(), "income_minimal": entry(follow_up="M {complement}")}
    both = entry(question="Other {description}", follow_up="N {complement}")
    published = load_published(file(base | {"income_minimal_4": both}))
    place = Place("income", "published.question_04", "published.minimal_04")
    assert published.places["income_minimal_4"] == place
    assert published.prompt(place.question, "income").text == "Other {description}"
    assert slips(published) == []


def test_repeated_entries_are_told(file):
    content = {"income": entry(), "income_1": entry(question="Q  {description}"), "income_minimal": entry()}
    told = slips(load_published(file(content)))
    assert told == [
        "income_1: repeats income word for word",
        "income_minimal: asks for unconstrained, not minimal; its follow-up is that of income",
    ]


@pytest.mark.parametrize(
    ("content", "key", "allowed"),
    [
        ("[1]", "content", "entries"),
        ("{", "syntax", "whole JSON"),
        ('{"income": 1, "income": 2}', "income", "once"),
        ({"wine": entry()}, "wine", "income, house_prices, heart_disease"),
        ({"income_maximal": entry()}, "income_maximal", "_minimal_l1"),
        ({"income": {}}, "income.options", "required"),
        ({"income": 5}, "income.content", "a mapping of keys"),
        ({"income": entry(options=["Above $50,000", "Below $50,000"])}, "income.options", "Below"),
        ({"income": entry(input_key="text")}, "income.input_key", "description"),
        ({"income": entry(question="Q {it}")}, "income.standard_prompt_template", "{description}"),
        ({"income": entry(follow_up="F")}, "income.followup_template", "{complement}"),
        ({"income": entry(follow_up="F {complement")}, "income.followup_template", "str.format"),
        ({"income_minimal": entry()}, "income", "because of income_minimal"),
        (
            {"income": entry(), "income_minimal": entry(question="Another {description}")},
            "income_minimal.standard_prompt_template",
            "the question of income",
        ),
        (
            {"income": entry(), "income_1": entry(question="1 {description}"),
             "income_01": entry(question="01 {description}")},
            "income_01",
            "the same text in both",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_by_file_and_field(file, content, key, allowed):
    path = file(content)
    with pytest.raises(InputError) as caught:
        load_published(path)
    assert (caught.value.where, caught.value.key) == (str(path), key)
    assert allowed in caught.value.allowed


def test_a_missing_file_and_a_missing_wording_are_told(file, tmp_path):
    with pytest.raises(InputError, match="missing"):
        load_published(tmp_path / "nowhere.json")
    published = load_published(file({"income": entry()}))
    with pytest.raises(InputError, match=r"published\.minimal of income"):
        published.prompt("published.minimal", "income")
    with pytest.raises(InputError, match="allowed: wordings of income"):
        published.prompt("published.question", "income_coarse")
    with pytest.raises(InputError, match=r"prompts\.published"):
        find_prompt("published.minimal", "income", None)


def test_names_without_the_prefix_are_our_own():
    assert find_prompt("minimal_03", "income", None).name == "minimal_03"
