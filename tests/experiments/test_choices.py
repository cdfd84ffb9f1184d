"""Choosing the nearest counterfactual among several, by hand-computed values."""

import json

import numpy as np
import pandas as pd
import pytest

from sce.experiments import choices
from sce.experiments.given import Given
from sce.experiments.registry import kind
from sce.grids.datasets import load_dataset
from tests.experiments.respondent import SCORING, answers_of, study_of

EXAM = load_dataset("resources/datasets/exam.yaml")


def test_tasks_have_one_nearest_and_are_drawn_by_seed():
    tasks = choices.draw(EXAM, tasks=50, candidates=4, seed=7)
    assert 25 < len(tasks) < 50  # ties are common on a grid of 11 by 6
    assert tasks["point_id"].is_unique
    assert tasks.equals(choices.draw(EXAM, tasks=50, candidates=4, seed=7))
    assert not tasks.equals(choices.draw(EXAM, tasks=50, candidates=4, seed=8))
    for start, others, nearest in tasks.itertuples(index=False):
        others = json.loads(others)
        assert len({start, *others}) == 5
        x, *zs = (np.array(np.unravel_index(point, EXAM.shape)) for point in (start, *others))
        far = [(abs(z - x) / (np.array(EXAM.shape) - 1)).mean() for z in zs]
        assert int(np.argmin(far)) == nearest
        assert sum(np.isclose(far, min(far))) == 1


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ('{"answer": "C"}', 2),
        ('```json\n{"answer": "b"}\n```', 1),
        ("B", 1),
        ("**D**.", 3),
        ("A is near, but the answer is C.", 2),
        ('<think>"answer": "A"</think>{"answer": "D"}', 3),
        ('First {"answer": "A"}, no: {"answer": "B"}', 1),
        ("A start is given.", None),
        ('{"answer": "E"}', None),
        ("", None),
        (None, None),
    ],
)
def test_a_letter_is_read(text, index):
    assert choices.read_letter(text, 4) == index


def test_accuracy_counts_the_unreadable_apart():
    tasks = pd.DataFrame({"point_id": [5, 6, 7, 8], "candidates": ["[1, 2, 3]"] * 4, "nearest": [0, 1, 2, 0]})
    replies = [(5, "answered", "A"), (6, "answered", "C"), (7, "answered", "well"), (8, "failed", None)]
    asked = pd.DataFrame(replies, columns=["point_id", "status", "response"])
    asked = asked.assign(kind="choice", wording="nearest_choice")
    given = Given(EXAM, {"responses": asked, "tasks": tasks}, ["gower"], {}, **SCORING)
    values = kind("choices").measure(given).set_index("score")
    assert set(values["condition"]) == {"nearest_choice_of_3"}
    assert values.value["accuracy"] == 0.5
    assert values.value["accuracy_of_all"] == 0.25
    assert (values.value["questions"], values.value["unparseable"]) == (4, 2)
    assert values.value["chance"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("rate", [None, 0.0, 0.7, 1.0])
def test_a_control_chooses_at_its_rate(rate, tmp_path):
    """Through the whole protocol and the ledger."""
    entry = {} if rate is None else {"rate": rate}
    study = study_of("nearest", "house_prices_coarse", entry, choices=["nearest_choice"])
    raw, protocol, tasks = answers_of(study, "house_prices_coarse", tmp_path)
    assert len(raw) == protocol.at_most == protocol.dataset.size + len(tasks["choices"])
    tables = {"responses": raw, "tasks": tasks["choices"]}
    given = Given(protocol.dataset, tables, ["gower"], {}, **SCORING)
    values = kind("choices").measure(given).set_index("score")
    assert values.value["unparseable"] == 0
    expected = 1 if rate is None else rate
    assert values.value["accuracy"] == pytest.approx(expected, abs=0 if rate in (None, 0.0, 1.0) else 0.1)
    assert ("rate" in study.shapes["m"]) == (rate is not None)
