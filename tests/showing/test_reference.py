"""The published values beside ours."""

import json

import pandas as pd
import pytest

from sce.errors import InputError
from sce.measuring.scores import SCORES
from sce.showing.reference import CHOICES, COLUMNS, SENSITIVITY, TEMPERATURE_1, beside, load_reference

LLAMA = "meta-llama/Llama-3.3-70B-Instruct"
KEYS = ["model", "dataset", "condition", "temperature", "score"]


@pytest.fixture(scope="module")
def table(reference):
    return load_reference(reference)


def test_no_folder_no_figures():
    assert load_reference(None).columns.tolist() == COLUMNS
    assert load_reference(None).empty


def test_every_published_figure_is_there_once(table):
    assert not table.duplicated(KEYS).any()
    assert not table.isna().any(axis=None)
    # 7 models x 3 datasets x 2 conditions and 2 x 20 wordings, two scores each; 21 exact matches; 13 tasks
    assert len(table) == 2 * 42 + 2 * 40 + 21 + 3 * 13


def test_figures_are_shares_under_our_names(table):
    found = table.set_index(KEYS)["value"]
    assert found[LLAMA, "income", "minimal", 1.0, "validity"] == pytest.approx(0.1546875)
    assert found[LLAMA, "income", "unconstrained", 1.0, "mean_excess"] == pytest.approx(0.13887273)
    assert found[LLAMA, "house_prices", "published.unconstrained_01", 0.0, "mean_excess"] == 0.4148
    assert found["o3-2025-04-16", "income", "unconstrained", 0.0, "exact_match"] == pytest.approx(0.0427)
    ours = set(table["score"]) - {"accuracy", "questions", "unparseable"}
    assert ours <= set(SCORES)
    assert table.query("score in @ours and score != 'mean_excess'")["value"].between(0, 1).all()


def test_unreadable_choices_follow_from_the_accuracy(table):
    found = table.query("condition == 'nearest_choice' and dataset == 'house_prices'")
    of_r1 = found[found["model"] == "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"].set_index("score")["value"]
    assert of_r1["questions"] == 977
    assert of_r1["unparseable"] == 12  # 952 correct are 98.65% of 965


def scores_of(*rows):
    return pd.DataFrame(rows, columns=["model", "dataset", "condition", "metric", "score", "value"])


def test_a_figure_stands_beside_the_same_model_condition_and_temperature(table):
    scores = scores_of(
        ("warm", "income", "minimal", "gower", "validity", 0.2),
        ("warm", "income", "published.minimal", "gower", "validity", 0.2),
        ("warm", "income", "minimal", "l1", "validity", 0.2),
        ("warm", "income", "minimal", "l1", "mean_excess", 0.2),
        ("cold", "income", "minimal", "gower", "validity", 0.2),
        ("cold", "house_prices", "published.unconstrained_01", "gower", "mean_excess", 0.4),
        ("cold", "house_prices", "unconstrained_01", "gower", "mean_excess", 0.4),
        ("o3", "income", "unconstrained", "gower", "validity", 1.0),
        ("o3", "income", "unconstrained", "gower", "exact_match", 0.0),
        ("nearest", "income", "minimal", "gower", "validity", 1.0),
    )
    respondents = {
        "warm": (LLAMA, 1),
        "cold": (LLAMA, 0),
        "o3": ("o3-2025-04-16", None),
        "nearest": ("nearest", None),
    }
    found = beside(scores, table, respondents)
    values = [None if pd.isna(value) else round(value, 4) for value in found["reference"]]
    assert values == [0.1547, 0.1547, 0.1547, None, None, 0.4148, None, 1.0, 0.0427, None]
    assert found["reference_source"].notna().tolist() == [value is not None for value in values]
    assert found[scores.columns].equals(scores)


def test_without_figures_the_columns_are_empty():
    scores = scores_of(("cold", "income", "minimal", "gower", "validity", 0.2))
    found = beside(scores, load_reference(None), {"cold": (LLAMA, 0)})
    assert found["reference"].isna().all()
    assert found["reference"].dtype == float


def test_one_file_is_enough(tmp_path):
    rows = [{"dataset": "house_prices_minimal_7", "model": "llama3_3_70B", "temperature": 0.0,
             "validity_percent": 50.0, "mean_excess": 0.25}]  # fmt: skip
    (tmp_path / SENSITIVITY).write_text(json.dumps(rows))
    found = load_reference(tmp_path).query("source == @SENSITIVITY")
    assert found["condition"].tolist() == ["published.minimal_07"] * 2
    assert found["value"].tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        (None, None, "folder"),
        (TEMPERATURE_1, "[{", "syntax"),
        (TEMPERATURE_1, '[{"model": "gpt9"}]', "content"),
        (SENSITIVITY, '{"a": 1}', "content"),
        (CHOICES, "[1]", "content"),
    ],
)
def test_a_bad_folder_or_file_is_told(tmp_path, name, content, key):
    if name:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError) as caught:
        load_reference(tmp_path)
    assert caught.value.key == key
    assert caught.value.where == str(tmp_path / name if name else tmp_path)
