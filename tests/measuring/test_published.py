"""Published result files: the six published runs under every metric, made-up rows, and refused files."""

import gzip
import json

import numpy as np
import pytest

from sce.errors import InputError
from sce.grids.datasets import load_dataset
from sce.measuring.published_scores import FIELDS, score_published
from sce.reading.published_results import read_results, responses
from tests.conftest import ROOT, SHARED

DATASETS = ROOT / "resources" / "datasets"
RUNS = SHARED / "runs"
NAMES = [
    "heart_disease__subset500",
    "heart_disease_minimal__timid",
    "house_prices__oracle",
    "house_prices_minimal__echo",
    "income__overshoot",
    "income_minimal__timid",
]
needs_runs = pytest.mark.skipif(not RUNS.is_dir(), reason="the shared reference data is not here")


def dataset_of(run):
    return load_dataset(DATASETS / f"{run.partition('__')[0].removesuffix('_minimal')}.yaml")


# --- the published runs ---


def assert_equals_published(found, expected, tolerance):
    for field, value in expected.items():
        if np.isnan(value):
            assert found[field] is None, field
            assert found["reasons"][field], field
        elif field == "exact_match":
            assert found[field] >= value
        else:
            assert found[field] == pytest.approx(value, rel=tolerance, abs=tolerance), field


@needs_runs
@pytest.mark.parametrize(("metric", "tolerance"), [("gower", 1e-5), ("l1", 1e-9), ("l2", 1e-9)])
@pytest.mark.parametrize("run", NAMES)
def test_equals_the_published_scores(run, metric, tolerance):
    expected = json.loads((RUNS / run / "published_scores.json").read_text())[metric]
    found = score_published(RUNS / run / "results.json.gz", dataset_of(run), metric, as_published=True)
    assert set(found) == {*expected, "counts", "reasons"} == {*FIELDS, "counts", "reasons"}
    assert_equals_published(found, expected, tolerance)
    assert "NaN" not in json.dumps(found)


@needs_runs
@pytest.mark.parametrize("run", NAMES)
def test_parsing_the_raw_responses_anew_gives_the_same_where_nothing_was_misread(run):
    """These respondents answer in plain JSON; gower has no published quirk."""
    path, dataset = RUNS / run / "results.json.gz", dataset_of(run)
    assert score_published(path, dataset, "gower") == score_published(path, dataset, "gower", True)


@needs_runs
def test_a_file_of_part_of_the_grid_scores_what_it_holds():
    path, dataset = RUNS / "heart_disease__subset500" / "results.json.gz", dataset_of("heart_disease__")
    found = score_published(path, dataset, "l1")
    assert (found["counts"]["rows"], found["counts"]["kept"]) == (500, 119)
    assert found["counts"]["no_prediction_at_sce"] == 381


@needs_runs
def test_responses_hold_both_turns():
    path, dataset = RUNS / "income_minimal__timid" / "results.json.gz", dataset_of("income__")
    turns = list(responses(path, dataset))
    assert sorted(turn.point_id for turn in turns) == list(range(dataset.size))
    first = turns[0]
    assert first.question.startswith("You will be provided data")
    assert (first.reply, first.target) == ('{"answer": "Below $50,000"}', "Above $50,000")
    assert first.follow_up.startswith("Now make a minimal revision")
    assert "assistant:" not in first.follow_up
    assert first.follow_up_reply == '{"age": "18", "education": "N/A - no schooling completed"}'


# --- made-up files ---

HEART = load_dataset(DATASETS / "heart_disease.yaml")
INCOME = load_dataset(DATASETS / "income.yaml")
NO, YES = HEART.options


def heart_row(point, answer, **cf):
    """A row of the heart disease file; its counterfactual is the point itself, except for the fields in
    ``cf``."""
    record = HEART.record(point)
    named = {"AGEP_CF": "age", "SEX_CF": "sex", "systolic_bp_CF": "systolic_bp"}
    named["total_cholesterol_CF"] = "total_cholesterol"
    values = {field: record[name] for field, name in named.items()} | cf
    return {
        "dataset_id": point,
        "original_input": HEART.describe(record),
        "standard_prompt": "?",
        "original_answer": answer,
        "original_full_response": json.dumps({"answer": answer}),
        "selected_complement": NO if answer == YES else YES,
        "followup_full_prompt": "user: ?\nassistant: !\nuser: and now?",
        "followup_full_response": json.dumps(
            {name: values[field] for field, name in named.items()} | {"sex": "Female"}
        ),
        **values,
    }


def written(path, rows):
    path.write_text(json.dumps({str(i): row for i, row in enumerate(rows)}))
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "results.json"


def test_every_lost_row_is_counted_by_its_reason(file):
    rows = [
        heart_row(0, NO, AGEP_CF=80),  # to point 1760: kept and valid
        heart_row(1760, YES, AGEP_CF="30.0"),  # back: kept and valid
        heart_row(1, "NA"),
        heart_row(2, NO, AGEP_CF=None),
        heart_row(3, NO, AGEP_CF="", SEX_CF="x", systolic_bp_CF="130/80", total_cholesterol_CF=None),
        heart_row(4, NO, AGEP_CF=31),
        heart_row(5, NO, AGEP_CF=35),
        heart_row(6, NO, AGEP_CF=30, total_cholesterol_CF=165),  # to point 1, whose answer is NA
    ]
    found = score_published(written(file, rows), HEART, "gower", as_published=True)
    lost = {"no_prediction": 1, "missing_feature": 1, "unparseable_sce": 1, "off_grid": 1}
    nobody = {"request_failed": 0, "truncated": 0, "refused": 0}
    assert found["counts"] == {"rows": 8, "kept": 2, **lost, "no_prediction_at_sce": 2, **nobody}
    assert found["validity_percent"] == 100


def test_income_fields_are_read_by_their_first_digits_and_others_as_numbers(file):
    record = {"selected_complement": INCOME.options[1], "original_answer": INCOME.options[0]}
    rows = [
        {**record, "dataset_id": 0, "AGEP_CF": "about 18 or 19", "SCHL_CF": 2},
        {**record, "dataset_id": 25, "AGEP_CF": 17.0, "SCHL_CF": "1"},
        {**record, "dataset_id": 50, "AGEP_CF": 17.5, "SCHL_CF": 1},
    ]
    found = score_published(written(file, rows), INCOME, "l1", as_published=True)
    assert (found["counts"]["kept"], found["counts"]["off_grid"]) == (2, 1)
    heart = [heart_row(0, NO, AGEP_CF="30 years"), heart_row(1, YES, AGEP_CF="3e1")]
    found = score_published(written(file, heart), HEART, "l1", as_published=True)
    assert (found["counts"]["kept"], found["counts"]["missing_feature"]) == (1, 1)


def test_only_as_published_takes_a_sex_for_a_number(file):
    rows = [heart_row(0, NO, SEX_CF=1), heart_row(88, YES, SEX_CF=2)]
    rows[0]["followup_full_response"] = rows[0]["followup_full_response"].replace("Female", "Male")
    path = written(file, rows)
    for metric, mean in {"gower": 0.25, "l1": 1, "l2": 1}.items():
        assert score_published(path, HEART, metric)["mean_distance"] == mean
        quirk = score_published(path, HEART, metric, as_published=True)
        assert quirk["mean_distance"] == (mean if metric == "gower" else 2)


def test_no_boundary_gives_nulls_and_reasons(file):
    rows = [heart_row(i, NO, AGEP_CF=30) for i in range(20)]
    for as_published in (True, False):
        found = score_published(written(file, rows), HEART, "l2", as_published)
        assert found["validity_percent"] == 0
        undefined = [field for field in FIELDS if found[field] is None]
        assert undefined == [f for f in FIELDS if "CF" in f or "total" in f]
        assert {found["reasons"][field] for field in undefined} == {
            "no boundary: every prediction is the same"
        }
        json.dumps(found, allow_nan=False)


def test_an_answer_outside_the_options_counts_in_validity_and_mean_distance_only(file):
    rows = [
        heart_row(0, NO, AGEP_CF=80),  # valid, to 1760
        heart_row(1760, YES, AGEP_CF=35),  # to 176, whose answer is no option: not valid
        heart_row(176, "Perhaps", AGEP_CF=80),  # to 1760: valid, since it was asked for Heart disease
        heart_row(352, None, AGEP_CF=30),  # to 0: not valid
    ]
    found = score_published(written(file, rows), HEART, "gower", as_published=True)
    assert found["counts"]["kept"] == 4
    assert found["validity_percent"] == 50
    assert found["mean_distance"] == pytest.approx((50 + 45 + 45 + 10) / 50 / 4 / 4)
    assert found["mean_RCF_A"] == 0
    assert found["exact_match"] == 25
    assert found["mean_ICF_A"] is None
    assert found["reasons"]["mean_ICF_A"] == "undefined on all invalid rows"
    assert found["total_minimality"] == 0


def test_a_follow_up_for_the_option_already_chosen_is_no_sce(file):
    """The published parser read no answer and asked for a random target; ours reads one."""
    row = {**heart_row(0, NO, AGEP_CF=80), "original_answer": "NA", "selected_complement": NO}
    found = score_published(written(file, [row, heart_row(1760, YES, AGEP_CF=30)]), HEART, "gower")
    assert (found["counts"]["no_prediction"], found["counts"]["kept"]) == (1, 1)
    assert found["validity_percent"] == 100  # its prediction is part of the boundary nonetheless


def test_semantic_takes_embeddings(file):
    path = written(file, [heart_row(0, NO, AGEP_CF=80), heart_row(1760, YES, AGEP_CF=30)])
    vectors = np.random.default_rng(0).normal(size=(HEART.size, 8))
    assert score_published(path, HEART, "semantic", embeddings=vectors)["exact_match"] == 100
    with pytest.raises(InputError, match="embeddings"):
        score_published(path, HEART, "semantic")


def test_empty_replies_are_none(file):
    row = {**heart_row(0, NO), "followup_full_response": "", "original_full_response": None}
    (turn,) = responses(written(file, [row]), HEART)
    assert (turn.reply, turn.follow_up_reply, turn.follow_up) == (None, None, "and now?")


# --- refused ---


def test_a_file_of_another_dataset_is_refused(file):
    path = written(file, [heart_row(0, NO)])
    with pytest.raises(InputError, match=r"results.json: SCHL_CF: found 'nothing'; allowed: .*income"):
        read_results(path, INCOME)
    with pytest.raises(InputError, match=r"SEX_CF|area_CF"):
        read_results(path, load_dataset(DATASETS / "house_prices.yaml"))
    coarse = load_dataset(DATASETS / "heart_disease_coarse.yaml")
    with pytest.raises(InputError, match=r"0.dataset_id: found 1760; allowed: a point of dataset heart_dis"):
        read_results(written(file, [heart_row(1760, NO)]), coarse)
    with pytest.raises(InputError, match=r"0.original_input: .*cholesterol.*; allowed: point 1 of dataset"):
        read_results(written(file, [heart_row(1, NO)]), coarse)


def test_what_is_no_result_file_is_refused(file):
    with pytest.raises(InputError, match=r"results.json: file: found 'missing'"):
        read_results(file, HEART)
    for content, complaint in {
        "": "syntax",
        '{"0": {"dataset_id": 3, "orig': "syntax: .*; allowed: whole JSON; the file may be cut off",
        "[]": "content: found 'list'",
        "{}": "content",
        '{"0": 5}': "0: found 'int'; allowed: a row",
        '{"0": {}, "0": {}}': "0: found 'the same key twice'",
        '{"0": {"dataset_id": 1, "dataset_id": 2}}': "dataset_id: found 'the same key twice'",
    }.items():
        file.write_text(content)
        with pytest.raises(InputError, match=f"results.json: {complaint}"):
            read_results(file, HEART)
    file.write_bytes(b'{"\xff": 1}')
    with pytest.raises(InputError, match="encoding"):
        read_results(file, HEART)


def test_a_cut_gzip_file_is_refused(file):
    whole = gzip.compress(json.dumps({"0": heart_row(0, NO)}).encode())
    for cut in (whole[:-20], whole[:15], whole[:40] + b"\0\0\0\0" + whole[44:]):
        file.write_bytes(cut)
        with pytest.raises(InputError, match="compression"):
            read_results(file, HEART)
    file.write_bytes(whole)
    assert list(read_results(file, HEART)) == ["0"]


def test_a_point_given_twice_is_refused(file):
    rows = [heart_row(5, NO), heart_row(6, NO), heart_row(5, YES)]
    with pytest.raises(InputError, match=r"2.dataset_id: found 5; allowed: each point once; row 0 has it"):
        read_results(written(file, rows), HEART)
    for odd in ("5", 5.0, True, None, -1):
        with pytest.raises(InputError, match=r"0.dataset_id"):
            read_results(written(file, [{**heart_row(5, NO), "dataset_id": odd}]), HEART)


@pytest.mark.parametrize(
    ("field", "as_published"),
    [("original_answer", True), ("selected_complement", True), ("followup_full_response", False)],
)
def test_a_missing_field_is_named(file, field, as_published):
    row = heart_row(0, NO, AGEP_CF=80)
    row.pop(field)
    with pytest.raises(InputError, match=f"results.json: 0.{field}: found 'nothing'"):
        score_published(written(file, [row]), HEART, "l1", as_published)


def test_an_unknown_metric_is_refused(file):
    with pytest.raises(InputError, match="metric: found 'cosine'"):
        score_published(written(file, [heart_row(0, NO)]), HEART, "cosine", True)
