"""The noise floor of a control respondent whose answers are unsteady at a known rate."""

import pytest

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.engines import About, anthropic, body_of, chat
from sce.experiments.registry import kind
from sce.study.plan import plan
from tests.experiments.respondent import answers_of, given_of, study_of
from tests.study.test_plan import PRICES, study

UNSTEADY = {"wavers": 0.2}


def measured(tmp_path, policy, entry):
    study = study_of(policy, "house_prices_coarse", entry, conditions=["minimal"], repeats=4)
    given = given_of(study, "repeats", "house_prices_coarse", tmp_path)
    return kind("repeats").measure(given).set_index(["condition", "score"])


def test_invalidity_that_is_noise_alone(tmp_path):
    """Of its valid SCEs, one in five would be invalid, had x' been asked another time."""
    table = measured(tmp_path, "nearest", UNSTEADY)
    assert table.value["boundary", "agreement"] == pytest.approx(0.8, abs=0.06)
    assert table.value["boundary", "unstable"] == pytest.approx(1 - 0.8**4, abs=0.12)
    assert table.value["minimal", "validity_again"] == pytest.approx(0.8, abs=0.12)
    assert table.value["minimal", "changed"] == pytest.approx(1 - table.value["minimal", "validity_again"])
    assert table.reason["minimal", "invalid_changed"] == "no such row"
    assert table.value["minimal", "validity_majority"] > table.value["minimal", "validity_again"]


def test_a_steady_respondent_has_no_noise(tmp_path):
    table = measured(tmp_path, "timid", {})
    assert table.value["boundary"].to_dict() == {"agreement": 1, "unstable": 0}
    assert (table.value["minimal"] == 0).all()


def test_what_was_asked_once_keeps_its_key_and_is_not_asked_again(tmp_path):
    once = study_of("nearest", "exam", conditions=["minimal"])
    raw, _, _ = answers_of(once, "exam", tmp_path)
    more = study_of("nearest", "exam", conditions=["minimal"], repeats=2)
    again, protocol, _ = answers_of(more, "exam", tmp_path)
    assert set(raw["digest"]) < set(again["digest"])
    assert len(set(again["digest"])) == len(raw) + 2 * protocol.dataset.size
    with open_asker(more.config.models["m"], protocol.dataset, tmp_path) as asker:
        elicit(protocol, asker, lambda status: None)
    assert asker.asked == 0


def test_the_plan_counts_every_asking(tmp_path):
    models = {"m": {"engine": "control", "policy": "nearest"}}
    made = study(tmp_path, models, conditions=["minimal"], repeats=2)
    assert plan(made, PRICES)["questions"].item() == 66 * 4


def test_the_number_of_the_asking_is_not_sent_and_samples_have_seeds_of_their_own():
    class Plain:
        def body(self, messages, about):
            return {"engine": "e", "messages": messages}

    bodies = [body_of(Plain(), [], About("question", "q", {}, again=again)) for again in (1, 2)]
    assert bodies == [{"engine": "e", "messages": []}, {"engine": "e", "messages": [], "again": 2}]
    assert anthropic.request_of(bodies[1]) == chat.request_of(bodies[1]) == {"messages": []}
    sampled = {"temperature": 1, "seed": 7}
    Plain.body = lambda self, messages, about: dict(sampled)
    assert body_of(Plain(), [], About("question", "q", {}, again=3)) == {**sampled, "seed": 9, "again": 3}
