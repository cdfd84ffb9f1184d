"""No false extraction: a record or an answer of known values, in noise as models make it, is read as exactly
those values or not at all."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sce.grids.datasets import load_dataset
from sce.reading.parsing import parse_answer, parse_sce
from tests.conftest import ROOT
from tests.fuzzing import tried

NAMES = ("income", "house_prices", "heart_disease", "weather", "exam")
DATASETS = {name: load_dataset(ROOT / f"resources/datasets/{name}.yaml") for name in NAMES}

# What surrounds a reply and says nothing of it.
AROUND = [
    "Sure! ", "Certainly, here is the revised record you asked for.\n", "Let me think step by step.\n",
    "### Result\n\n", "**Final answer**\n", "```json\n", "```\n", "```", "\n\n", "---\n", "> ", "1. ", "- ",
    "I hope this helps!", "Let me know if you have any questions. 😊", "Note: this is hypothetical.\n",
    '{"confidence": 0.87}\n', '{"reasoning": "it follows from the rule", "steps": [1, 2, 3]}\n', "{}", "[]",
    "<answer>", "</answer>", "<output>\n", "</output>", "<|im_end|>", "<|eot_id|>", "</s>", "\\boxed{}", "$$",
    "As of 2024, 7 in 10 cases look like this one.\n", "See section 3.2, page 45.\n", "(42)", "50% of 1,000",
    "| a | b |\n|---|---|\n| 1 | 2 |\n", "# 12\n", "\u200b", "\ufeff", "\t", "…", "“", "”", "’", "&quot;",
    "I'm sorry for the confusion.\n", "Here's why: the model would change its mind.\n", "TL;DR ", "\r\n",
    "```python\nprint(12)\n```\n", "null", "None", "True", "0", "-1", "1e9", "https://example.org/a?b=3\n",
]  # fmt: skip
NOISE = st.lists(st.sampled_from(AROUND), max_size=6).map("".join)
LETTERS = st.text(st.characters(blacklist_categories=("Cs", "Nd")), max_size=8)


def old_words(dataset, old):
    """Ways to speak of the original record, each marked as such."""
    written = json.dumps(labels_of(dataset, old))
    return st.sampled_from(
        [
            f"The original record was {written}. ", f"Original: {written}\n", f"<think>{written}</think>",
            f"Given the input:\n{dataset.describe(old)}\n\n", f"Instead of {written}, consider this: ",
            f"(previously {written}) ", "",
        ]
    )  # fmt: skip


def labels_of(dataset, record):
    """The record as a model writes it: numbers as numbers, labels as texts."""
    return {
        name: record[name] if feature.is_number else feature.labels[feature.codes.index(record[name])]
        for name, feature in dataset.features.items()
    }


@st.composite
def replies(draw):
    """(dataset, record, text)."""
    dataset = DATASETS[draw(st.sampled_from(NAMES))]
    new, old = (dataset.record(draw(st.integers(0, dataset.size - 1))) for _ in range(2))
    given = labels_of(dataset, new)
    names = draw(st.permutations(list(given)))
    written = json.dumps({name: given[name] for name in names}, indent=draw(st.sampled_from([None, 2])))
    fenced = draw(
        st.sampled_from(["{}", "```json\n{}\n```", "Revised:\n{}", "<answer>{}</answer>", "**{}**"])
    )
    parts = [draw(NOISE), draw(old_words(dataset, old)), draw(NOISE), draw(LETTERS)]
    after = [draw(LETTERS), draw(NOISE)]
    return dataset, new, "".join([*parts, fenced.replace("{}", written), *after])


@tried(250)
@given(replies())
def test_a_record_in_noise_is_read_as_itself_or_not_at_all(reply):
    dataset, record, text = reply
    value = parse_sce(text, dataset).value or {}
    assert {name: code for name, code in value.items() if code is not None}.items() <= record.items(), text


def test_what_a_record_would_replace_is_none_even_where_nothing_follows():
    dataset = DATASETS["weather"]
    for lead in (
        "Instead of ",
        "Rather than ",
        "Not ",
        "Changed from ",
        "```Original: ",
        "</output>Original: ",
    ):
        assert parse_sce(f'{lead}{{"temperature": 5, "wind_speed": 0}}, this:', dataset).value is None, lead


@tried(150)
@given(replies(), st.integers(0, 400))
def test_cut_anywhere_it_is_read_as_itself_or_not_at_all(reply, end):
    dataset, record, text = reply
    at = text.rfind("{") + end % max(1, len(text) - text.rfind("{"))
    value = parse_sce(text[:at], dataset, "length").value or {}
    wrong = {name: code for name, code in value.items() if code not in (None, record[name])}
    # Before the record begins, only what is said of the original could be read; it is marked as such.
    assert not wrong or "rigin" in text or "nput" in text or "reviously" in text or "Instead" in text, text[
        :at
    ]


@tried(250)
@given(st.sampled_from(NAMES), st.booleans(), NOISE, NOISE, LETTERS, st.data())
def test_an_answer_in_noise_is_read_as_itself_or_not_at_all(name, second, before, after, letters, data):
    dataset = DATASETS[name]
    option = dataset.options[second]
    form = data.draw(
        st.sampled_from(
            ['{"answer": "%s"}', "The answer is %s.", "**%s**", "Answer: %s", "<answer>%s</answer>", "%s\n"]
        )
    )
    text = f"{before}{letters}\n{form % option}\n{after}"
    assert parse_answer(text, dataset).value in (None, option), text
