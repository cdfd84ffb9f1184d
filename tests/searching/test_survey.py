"""A grid asked in part, from the first question to the bounds, against the same grid asked in full."""

import numpy as np
import pytest

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.asking.protocol import Protocol
from sce.engines.control import boundary as decided
from sce.engines.control import decide
from sce.errors import InputError
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.grids.records import read_points
from sce.measuring.distances import measure
from sce.models.catalogue import read_entry
from sce.reading import responses
from sce.searching import certainty
from sce.searching.rounds import Limits
from sce.searching.survey import Simulated, Survey, survey_of
from sce.searching.trace import trace
from sce.wordings.prompts import load_prompt, prompt_file

DATASET = load_dataset("resources/datasets/heart_disease_coarse.yaml")
QUESTION, MINIMAL = (load_prompt(prompt_file(name)) for name in ("question", "minimal"))
METRICS = ["gower", "l2"]


def asked_in_part(folder, policy, **options):
    """The boundary and SCEs of a control, asked around some starts; how many questions it took in all."""
    asked = {"metrics": METRICS, "starts": 12, "seed": 3, "per_start": 10, "in_all": None, "at_once": 16}
    asked |= {"monotone": False, "probes": 1, **options}
    entry = read_entry({"models": {"m": {"engine": "control", "policy": policy}}}, "m")
    with open_asker(entry, DATASET, folder) as asker:
        protocol = Protocol(DATASET, [QUESTION], [MINIMAL], survey=survey_of(DATASET, asked))
        raw = elicit(protocol, asker, lambda status: None)
        count = asker.asked
    sce = responses.counterfactuals(raw, DATASET, ["minimal"])
    return asked, responses.boundary(raw, DATASET), sce, raw, count


@pytest.mark.parametrize("policy", ["nearest", "timid", "random", "overshoot"])
@pytest.mark.parametrize("options", [{}, {"per_start": None}, {"monotone": True}, {"in_all": 7}])
def test_every_bound_holds_against_the_full_grid(tmp_path, policy, options):
    asked, boundary, sce, raw, _ = asked_in_part(tmp_path, policy, **options)
    assert len(sce) == 12
    assert not raw.duplicated(["kind", "condition", "point_id"]).any()
    table = certainty.measured(DATASET, boundary, sce, asked)
    assert list(table.columns) == list(artifacts.columns("distances_in_part"))
    for metric, rows in table.groupby("metric"):
        rows = rows.reset_index(drop=True)
        full = measure(DATASET, decided(DATASET), sce, metric)
        kept = (full["status"] == "kept").to_numpy()
        assert (rows["status"] == full["status"]).all()
        assert (rows["valid"] == full["valid"]).all()
        for name in ("nearest", "excess", "shortfall"):
            m = full["nearest_distance" if name == "nearest" else name].to_numpy()
            low, high = (rows[f"{name}_{end}"].to_numpy() for end in ("low", "high"))
            known = kept & ~np.isnan(m)
            assert (low[known] <= m[known] + 1e-12).all()
            assert (np.isnan(high[known]) | (m[known] <= high[known] + 1e-12)).all()
        exact = kept & rows["certainty"].str.startswith("exact").fillna(False).to_numpy(bool)
        assert (rows["nearest_distance"][exact] == full["nearest_distance"][exact]).all()
        assert options.get("per_start", 1) or exact.sum() == kept.sum()


@pytest.mark.parametrize("options", [{"per_start": None}, {}, {"monotone": True}])
def test_bounds_on_the_way_close_in_on_those_that_are_measured(tmp_path, options):
    asked, boundary, sce, *_ = asked_in_part(tmp_path, "overshoot", metrics=["gower"], **options)
    way = trace(DATASET, boundary, sce, asked)
    table = certainty.measured(DATASET, boundary, sce, asked)
    assert way["answers"].is_monotonic_increasing
    assert way["answers"].iloc[-1] == len(boundary)
    assert (way["high"].diff().dropna() <= 1e-12).all()
    assert (way["low"] <= way["high"] + 1e-12).all()
    assert "monotone" in options or (way["low"].diff().dropna() >= -1e-12).all()
    last = way.iloc[-1]
    assert [last["low"], last["high"]] == pytest.approx(
        [table[f"nearest_{end}"].mean() for end in ("low", "high")]
    )


def test_a_search_says_how_far_it_is(tmp_path):
    notes = []
    entry = read_entry({"models": {"m": {"engine": "control", "policy": "nearest"}}}, "m")
    asked = {"metrics": ["gower"], "starts": 12, "seed": 3, "per_start": None, "at_once": 16}
    survey = survey_of(DATASET, asked)
    assert survey.standing() == "no start is searched yet"
    with open_asker(entry, DATASET, tmp_path) as asker:
        protocol = Protocol(DATASET, [QUESTION], [MINIMAL], survey=survey)
        elicit(protocol, asker, lambda status: None, notes.append)
    assert notes[0].startswith("gower: ")
    assert notes[-1] == "gower: 12 of 12 starts closed, 12 exact; the bounds lie 0% of the upper one apart"


def test_a_second_run_asks_nothing_and_a_larger_budget_only_what_is_new(tmp_path):
    *_, first = asked_in_part(tmp_path, "nearest", per_start=3)
    *_, again = asked_in_part(tmp_path, "nearest", per_start=3)
    *_, raw, more = asked_in_part(tmp_path, "nearest", per_start=8)
    assert first > 0
    assert again == 0
    assert 0 < more < len(raw)


def test_the_number_of_questions_is_known_beforehand():
    survey = Survey(DATASET, METRICS, [1, 2, 3], Limits(per_start=10, in_all=25))
    protocol = Protocol(DATASET, [QUESTION], [MINIMAL], survey=survey)
    assert survey.at_most == 50
    assert protocol.at_most == 3 * 2 + 3 + 50  # answers and SCEs, whether these are valid, and the searches
    assert Survey(DATASET, METRICS, [1], Limits(per_start=None)).at_most is None


def test_answers_that_are_missing_are_named():
    survey = Survey(DATASET, ["gower"], [0], Limits())
    with pytest.raises(InputError, match="an answer at every point"):
        survey.run_again({0: 0}, [])


def test_records_of_ones_own_are_points(tmp_path):
    path = tmp_path / "patients.csv"
    path.write_text("sex,age,note,systolic_bp,total_cholesterol\nFemale,40,x,130,200\n1,40.0,y,130,200\n")
    points = read_points(path, DATASET)
    assert [DATASET.record(point)["sex"] for point in points] == [2, 1]
    assert {DATASET.record(point)["age"] for point in points} == {40}
    path.write_text("sex,age,systolic_bp,total_cholesterol\nFemale,41,130,200\n")
    with pytest.raises(InputError, match="line 2, age"):
        read_points(path, DATASET)


def test_what_a_search_asks_is_simulated_with_the_answers_of_a_control(tmp_path):
    asked, _, _, raw, _ = asked_in_part(
        tmp_path, "echo", monotone=True
    )  # whose SCEs are the starts themselves
    simulated = Simulated(survey_of(DATASET, asked), decide)
    assert simulated.simulated() == (raw["kind"] == "survey").sum()
