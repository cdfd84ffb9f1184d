"""What a model knows about its own answers: control respondents whose outcomes are known beforehand, through
the whole protocol and the ledger."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from sce.asking.messages import answer_schema
from sce.engines import About
from sce.engines.control import boundary as control_boundary
from sce.engines.control import nearest_across, open_engine
from sce.experiments import search, self_prediction
from sce.experiments.given import Given
from sce.experiments.registry import kind
from sce.grids.datasets import load_dataset
from sce.measuring import outcomes
from sce.models.control import Control
from sce.wordings import prompts
from sce.wordings.prompts import load_prompt, prompt_file
from tests.experiments.respondent import SCORING, given_of, study_of, values

DATASET = load_dataset("resources/datasets/house_prices_coarse.yaml")
LABELS = control_boundary(DATASET).astype(int)


def given(name, tmp_path, policy, rate=None, **fields):
    entry = {} if rate is None else {"rate": rate}
    study = study_of(policy, DATASET.name, entry, **{"conditions": ["minimal"]} | fields)
    return given_of(study, name, DATASET.name, tmp_path)


def measured(name, tmp_path, *asked, **fields):
    return kind(name).measure(given(name, tmp_path, *asked, **fields))


@pytest.mark.parametrize(("rate", "accuracy"), [(None, 1), (1.0, 1), (0.0, 0), (0.7, 0.7)])
def test_it_foresees_its_answers_at_its_rate(tmp_path, rate, accuracy):
    found = measured("self_prediction", tmp_path, "nearest", rate, self_predictions=["self_prediction"])
    assert set(found["condition"]) == {"minimal"}
    assert set(found["metric"]) == {"self_prediction"}
    for when in ("before", "after"):
        about = pytest.approx(accuracy, abs=0.08 if rate == 0.7 else 0)
        assert values(found)[f"accuracy_{when}"] == about
        assert values(found)[f"predicted_valid_{when}"] == about  # as every SCE is valid
        assert values(found)[f"unparseable_{when}"] == 0
    assert values(found)["valid"] == 1


def test_an_invalid_sce_is_foreseen_as_invalid(tmp_path):
    asked = {"self_predictions": ["self_prediction"]}
    found = values(measured("self_prediction", tmp_path, "timid", **asked))
    assert (found["valid"], found["predicted_valid_after"], found["accuracy_after"]) == (0, 0, 1)


def test_a_confidence_is_read_and_scored():
    assert self_prediction.confidence('{"answer": "x", "confidence": "80%"}') == 0.8
    assert self_prediction.confidence('{"answer": "x", "confidence": 50}') == 0.5
    assert self_prediction.confidence('{"answer": "x", "confidence": "high"}') is None
    assert self_prediction.confidence('{"answer": "x", "confidence": 150}') is None
    assert self_prediction.confidence('{"answer": "x", "confidence": 0.9}') is None


def test_a_confidence_that_is_right_is_calibrated(tmp_path):
    """It says 70 percent and is right in 70 of 100 cases: its confidence is off by 0.3 or 0.7."""
    asked = {"self_predictions": ["self_prediction_confidence"]}
    found = values(measured("self_prediction", tmp_path, "nearest", 0.7, **asked))
    for when in ("before", "after"):
        right = found[f"accuracy_{when}"]
        assert found[f"confidence_{when}"] == pytest.approx(0.7)
        assert found[f"brier_{when}"] == pytest.approx(right * 0.3**2 + (1 - right) * 0.7**2)


def test_several_are_valid_at_k_as_chance_has_it(tmp_path):
    found = values(measured("several", tmp_path, "nearest", 0.5, several=["several"]))
    for number in range(1, 6):
        assert found[f"validity_at_{number}"] == pytest.approx(1 - 0.5**number, abs=0.08)
        assert found[f"excess_at_{number}"] == 0
    assert found["readable"] == 5


def test_feedback_helps_at_a_known_rate(tmp_path):
    found = values(measured("feedback", tmp_path, "echo", 0.5, feedback=["feedback"]))
    for turns in range(4):
        assert found[f"valid_within_{turns}"] == pytest.approx(1 - 0.5**turns, abs=0.08)
    assert found["excess_within_3"] == 0
    assert found["tries"] == pytest.approx((1 * 4 + 2 * 2 + 3 * 1) / 7, abs=0.15)


def test_nobody_whose_sce_is_valid_is_told_to_try_again(tmp_path):
    told = given("feedback", tmp_path, "nearest", feedback=["feedback"])
    assert not told.tables["responses"]["kind"].str.startswith("feedback").any()
    found = values(kind("feedback").measure(told))
    assert [found[f"valid_within_{turns}"] for turns in range(4)] == [1, 1, 1, 1]
    assert found["tries"] is None or np.isnan(found["tries"])


def test_feedback_without_conditions_is_refused(tmp_path):
    with pytest.raises(Exception, match=r"experiments\.e\.feedback"):
        given("feedback", tmp_path, "nearest", conditions=[], feedback=["feedback"])


def test_a_plain_control_is_asked_as_it_always_was():
    """Fields added later change neither the digests of its questions nor the parameters of its jobs."""
    model = Control(engine="control", policy="echo")
    body = open_engine(model, DATASET).body([], About("question", "question", DATASET.record(0)))
    names = "engine version policy seed grid kind name record answer messages"
    assert list(body) == names.split()
    assert not {"rate", "wavers", "optional"} & set(model.shape())


@pytest.mark.parametrize("name", ["self_prediction", "self_prediction_confidence", "several", "feedback"])
def test_the_wordings_are_filled_in(name):
    prompt, answer = load_prompt(prompt_file(name)), DATASET.options[0]
    if prompt.kind == "self_prediction":
        text = prompts.ask(prompt, DATASET, "- a house")
        assert "\n- a house\n" in text
    else:
        text = prompts.follow_up(prompt, DATASET, answer, k="7", outcome=answer)
        assert DATASET.options[1] in text
        assert ("7 changed versions" in text) == (name == "several")
    assert not prompts.PLACEHOLDER.search(text)


def test_structured_replies_can_tell_how_sure_they_are():
    assert list(answer_schema(DATASET)["properties"]) == ["answer"]
    assert list(answer_schema(DATASET, confidence=True)["properties"]) == ["answer", "confidence"]


# --- candidates


def test_candidates_are_parsed_and_judged(tmp_path):
    """A reply with three candidates: the start (foreseen), a far valid one (not foreseen), the nearest."""
    told = given("candidates", tmp_path, "nearest", conditions=["metacognitive"])
    start = 0
    target = int(1 - LABELS[start])
    near = int(nearest_across(DATASET, LABELS)[start])
    far = DATASET.size - 1
    assert LABELS[far] == target
    options = DATASET.options

    def line(point, answer):
        return json.dumps({"candidate": 1, "record": DATASET.record(point), "answer": options[answer]})

    text = "\n".join([line(start, LABELS[start]), line(far, 1 - target), line(near, target), "FINAL: ..."])
    raw, sce = told.tables["responses"], told.tables["sce"].copy()
    first = (raw["kind"] == "condition") & (raw["point_id"] == start)
    said = raw[first].assign(response=text)

    def found(chosen):
        sce.loc[sce["point_id"] == start, "sce_point_id"] = chosen
        tables = {**told.tables, "responses": said, "sce": sce}
        return values(kind("candidates").measure(dataclasses.replace(told, tables=tables)))

    assert found(near)["candidates"] == 3
    verdicts = ["considered_valid", "chose_valid", "chose_nearest"]
    assert found(near)[verdicts].tolist() == [1, 1, 1]
    assert found(near)["foreseen"] == pytest.approx(2 / 3)
    assert found(far)[verdicts].tolist() == [1, 1, 0]


def test_a_control_that_thinks_aloud_foresees_at_its_rate(tmp_path):
    found = values(measured("candidates", tmp_path, "thinking", 0.8, conditions=["metacognitive"]))
    assert found["candidates"] == 5
    assert found["considered_valid"] == found["chose_valid"] == found["chose_nearest"] == 1
    assert found["foreseen"] == pytest.approx(0.8, abs=0.05)


# --- searches


def test_a_search_that_may_ask_everywhere_finds_the_nearest():
    found = search.run(DATASET, LABELS, [1, DATASET.size], 3, "gower")
    everywhere = found[(found["search"] == "random_search") & (found["queries"] == DATASET.size)]
    assert everywhere["valid"].all()
    assert (everywhere["excess"] == 0).all()


def test_one_query_hits_the_target_as_often_as_it_is_there():
    found = search.run(DATASET, LABELS, [1], 3, "gower")
    ones = LABELS.mean()
    expected = 2 * ones * (1 - ones) * DATASET.size / (DATASET.size - 1)
    for _, rows in found.groupby("search"):
        assert rows["valid"].mean() == pytest.approx(expected, abs=0.1)


def test_more_queries_never_lose_and_lines_find_the_crossing_sooner():
    found = (
        search.run(DATASET, LABELS, [4, 16], 3, "gower")
        .set_index(["search", "queries", "point_id"])
        .sort_index()
    )
    for name in search.SEARCHES:
        few, many = found.loc[name, 4], found.loc[name, 16]
        assert (many["valid"] >= few["valid"]).all()
        assert (many["excess"] <= few["excess"])[few["valid"]].all()
    excess = found["excess"].groupby(["search", "queries"]).mean()
    assert excess["line_search", 16] < excess["random_search", 16]


def test_a_line_is_halved_until_the_crossing():
    """On a line of points the target begins somewhere: halving asks for about log2 of their number."""
    exam = load_dataset("resources/datasets/exam.yaml")
    row = [int(np.ravel_multi_index((k, 0), exam.shape)) for k in range(exam.shape[0])]

    class Fixed:
        def permutation(self, size):
            return np.array([row[0], row[-1]])

    asking = search.line_search(exam, row[0], Fixed())
    target = {point: place >= 7 for place, point in enumerate(row)}
    point, met = asking.send(None), []
    while True:
        met.append(row.index(point))
        try:
            point = asking.send(target[point])
        except StopIteration:
            break
    assert met == [10, 5, 8, 6, 7]


def test_what_an_sce_is_worth_in_queries():
    rows = [("random_search", 0, q, True, e) for q, e in ((1, 0.5), (2, 0.3), (4, 0.1))]
    rows += [("line_search", 0, q, True, 0.4) for q in (1, 2, 4)]
    found = pd.DataFrame(rows, columns=["search", "point_id", "queries", "valid", "excess"])
    own = outcomes.table(
        [
            outcomes.number("good", "gower", "validity", 0.9, 10),
            outcomes.number("good", "gower", "mean_excess", 0.3, 9),
            outcomes.number("none", "gower", "validity", 0.0, 10),
            outcomes.number("none", "gower", "mean_excess", None, 0, "no valid rows"),
        ]
    )
    told = Given(DATASET, {"scores": own}, ["gower"], {}, **SCORING)
    table = outcomes.table(search._lines(told, "gower", found)).set_index(["condition", "score"])
    assert table.value["random_search", "mean_excess_at_2"] == 0.3
    assert table.value["good", "queries_of_random_search"] == 2
    assert table.reason["good", "queries_of_line_search"] == "more than were given"
    assert table.reason["none", "queries_of_random_search"] == "the condition has no excess"


# --- other distances than Gower's


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("several", {"several": ["several"]}),
        ("candidates", {"conditions": ["metacognitive"]}),
        ("choices", {"choices": ["nearest_choice"]}),
    ],
)
def test_outcomes_are_measured_under_the_metrics_of_the_experiment(name, fields, tmp_path):
    table = measured(name, tmp_path, "thinking", metrics=["l1", "l2"], **fields)
    assert set(table["metric"]) == {"l1", "l2"}
    assert (table.groupby("metric").size() > 2).all()


def test_a_search_is_measured_under_the_metrics_of_the_experiment(tmp_path):
    told = given("search", tmp_path, "nearest", queries=[4], metrics=["l1"])
    scores = outcomes.table([outcomes.number("minimal", "l1", "validity", 0.5, 9)])
    told = dataclasses.replace(told, tables=told.tables | {"scores": scores})
    table = kind("search").measure(told)
    assert set(table["metric"]) == {"l1"}
    assert {"random_search", "line_search", "minimal"} == set(table["condition"])


def test_feedback_names_the_distance_of_an_excess_that_is_not_gowers(tmp_path):
    found = values(
        measured("feedback", tmp_path, "echo", 0.5, feedback=["feedback"], metrics=["gower", "l1"])
    )
    assert {"excess_within_3", "excess_l1_within_3"} <= set(found.index)
    assert found["excess_within_3"] == 0
    assert found["excess_l1_within_3"] >= 0
