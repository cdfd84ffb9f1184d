"""One model asked about another: control respondents whose outcomes are known beforehand, through the whole
protocol and the ledger."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit, walk
from sce.auditing.findings import Findings
from sce.auditing.inquiries import InquiryToAudit, audit_inquiry
from sce.auditing.tables import Files
from sce.engines.control import boundary, nearest_across
from sce.errors import InputError
from sce.experiments.given import Given
from sce.experiments.protocols import protocol_about
from sce.experiments.registry import kind
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import distances
from sce.measuring.boundaries import predictions
from sce.money import usage
from sce.money.prices import FREE, load_prices
from sce.reading import responses
from sce.reading.samples import first_samples
from sce.study import inquiries, parameters
from sce.study.plan import plan
from sce.study.planner import file_of, protocol_asked
from sce.study.study import load
from sce.wordings import prompts
from tests.experiments.respondent import SCORING

DATASET = load_dataset("resources/datasets/house_prices_coarse.yaml")
MODELS = {
    "nearest": {"engine": "control", "policy": "nearest"},
    "overshoot": {"engine": "control", "policy": "overshoot"},
    "timid": {"engine": "control", "policy": "timid"},
    "constant": {"engine": "control", "policy": "constant"},
    "malformed": {"engine": "control", "policy": "malformed"},
    "echo": {"engine": "control", "policy": "echo"},
    "seven_in_ten": {"engine": "control", "policy": "nearest", "rate": 0.7},
    "wavering": {"engine": "control", "policy": "nearest", "wavers": 0.25},
}
PUBLISHED = {"engine": "published", "files": {DATASET.name: "results.json"}}  # a file that is not there
ALL = {
    "explanations": ["explanation"],
    "self_predictions": ["self_prediction"],
    "peer_predictions": ["peer_prediction"],
}


def study(folder, models, explainers, dataset=DATASET.name, observing=None, **fields):
    experiment = {
        "models": models,
        "explainers": explainers,
        "datasets": [dataset],
        "conditions": ["minimal"],
    }
    entries = MODELS | ({"published": PUBLISHED} if "published" in explainers else {})
    content = {"models": entries, "experiments": {"e": experiment | (fields or ALL)}, "ledger": str(folder)}
    return load(content | ({"observing": observing} if observing else {}), "config.yaml")


def asked(made, model, protocol):
    with open_asker(made.config.models[model], protocol.dataset, made.config.ledger) as asker:
        raw = elicit(protocol, asker, lambda status: None)
    assert len(raw) <= protocol.at_most
    return raw


def run(made, author) -> Given:
    """All that is asked about the dataset and about its author, as the kinds are given it."""
    (name,) = made.datasets
    dataset = made.datasets[name]
    raw = asked(made, author, protocol_asked(made, author, name))
    tables = {
        "responses": raw,
        "boundary": responses.boundary(raw, dataset),
        "sce": responses.counterfactuals(raw, dataset, made.conditions(author, name)),
    }
    once = {part: first_samples(table) for part, table in tables.items()}
    codes = predictions(dataset, once["boundary"])
    measured = [distances.measure(dataset, codes, once["sce"], m) for m in made.metrics(author, name)]
    once["distances"] = pd.concat(measured, ignore_index=True)
    replies = {}
    for explainer in inquiries.explainers(made, author, name):
        wanted = inquiries.protocol_about(made, author, name, explainer)
        entry = made.config.models[explainer]
        protocol = protocol_about(dataset, entry, wanted, None, tables["boundary"], tables["sce"])
        replies[explainer] = asked(made, explainer, protocol)
        assert len(replies[explainer]) == protocol.at_most
    metrics = made.metrics(author, name)
    settings = kind("simulatability").settings(made.pair(author, name))
    return Given(dataset, once, metrics, settings, **SCORING, explainers=replies)


def values(table):
    return table.set_index(["metric", "score"])["value"]


def test_whose_explanation_it_is_decides_and_the_boundary_judges(tmp_path):
    """Explainers with the author's boundary give their own SCEs for it; one that has none gives no other."""
    made = study(tmp_path, ["timid"], ["nearest", "overshoot", "timid", "constant", "malformed"])
    found = values(kind("explained").measure(run(made, "timid")))
    by = {name: found[f"explanation by {name}"] for name in ("nearest", "overshoot", "timid", "constant")}
    assert (by["nearest"]["validity"], by["nearest"]["exact_match"]) == (1, 1)
    assert by["nearest"]["mean_excess"] == 0
    assert by["overshoot"]["validity"] == 1
    assert by["overshoot"]["mean_excess"] > 0
    assert by["timid"]["validity"] == found["itself", "validity"] < 0.2
    assert by["constant"]["validity"] == 0  # it repeats the start
    assert found["itself minus explanation by nearest", "validity"] == found["itself", "validity"] - 1
    assert found["itself minus explanation by timid", "validity"] == 0
    lost = found["explanation by malformed"]
    assert sum(lost[lost.index.str.startswith("n_")]) == DATASET.size
    assert lost["n_kept"] == 0
    assert lost["n_unparseable_sce"] > 0


def test_an_explanation_is_judged_by_another_boundary_than_its_explainers(tmp_path):
    """The author has no boundary: no x' whatsoever is valid."""
    found = values(kind("explained").measure(run(study(tmp_path, ["constant"], ["nearest"]), "constant")))
    assert found["explanation by nearest", "validity"] == 0
    assert found["explanation by nearest", "n_kept"] == DATASET.size


def test_other_distances_are_named(tmp_path):
    made = study(tmp_path, ["nearest"], ["nearest"], explanations=["explanation"], metrics=["gower", "l1"])
    table = kind("explained").measure(run(made, "nearest"))
    assert not table.duplicated(["condition", "metric", "score"]).any()
    found = values(table)["explanation by nearest"]
    assert found["validity"] == found["exact_match"] == 1
    assert {"mean_excess", "mean_excess_l1", "exact_match_l1"} <= set(found.index)
    assert "validity_l1" not in found.index


def test_who_predicts_it_better(tmp_path):
    """It foresees itself at its rate, a peer with the same boundary always; one that always gives the first
    option is right where that is the answer at x'."""
    made = study(tmp_path, ["seven_in_ten"], ["nearest", "constant", "seven_in_ten"])
    given = run(made, "seven_in_ten")
    found = values(kind("peer_prediction").measure(given))
    codes = predictions(DATASET, given.tables["boundary"])
    first = (codes[given.tables["sce"]["sce_point_id"].astype(int)] == 0).mean()
    own = found["itself", "accuracy"]
    assert own == pytest.approx(0.7, abs=0.08)
    assert found["itself", "valid"] == 1
    assert found["peer_prediction by nearest", "accuracy"] == 1
    assert found["itself minus peer_prediction by nearest", "accuracy"] == pytest.approx(own - 1)
    assert found["peer_prediction by constant", "accuracy"] == pytest.approx(first)
    assert found["peer_prediction by seven_in_ten", "accuracy"] == pytest.approx(0.7, abs=0.1)
    assert found["peer_prediction by nearest", "unparseable"] == 0


def test_replies_that_cannot_be_read_are_counted(tmp_path):
    given = run(study(tmp_path, ["nearest"], ["nearest"]), "nearest")
    replies = given.explainers["nearest"].copy()
    lost = replies.index[replies["kind"] == "peer_prediction"][:5]
    replies.loc[lost, "response"] = "I cannot say."
    given = dataclasses.replace(given, explainers={"nearest": replies})
    found = values(kind("peer_prediction").measure(given))
    assert found["peer_prediction by nearest", "unparseable"] == 5
    assert found["peer_prediction by nearest", "accuracy"] == 1
    assert found["itself", "accuracy"] == 1


def test_the_questions_hold_what_the_author_was_asked_and_said(tmp_path):
    """Never what it answers at x', and never its name."""
    made = study(tmp_path, ["nearest"], ["constant"], "exam")
    given, exam = run(made, "nearest"), made.datasets["exam"]
    wanted = inquiries.protocol_about(made, "nearest", "exam", "constant")
    entry, tables = made.config.models["constant"], given.tables
    (step,) = protocol_about(exam, entry, wanted, None, tables["boundary"], tables["sce"]).steps
    explain, foresee = step.inquiries
    author, (prompt,) = step.author, explain.wordings_of["minimal"]
    (record,) = explain.instances(author, "minimal", 5)
    text, about = (
        author.told(prompt, "minimal", 5, record),
        explain.about(author, "minimal", 5, prompt, record),
    )
    assert exam.describe(exam.record(5)) in text
    assert f"It answered: {author.answers[5]}\n" in text
    assert prompts.follow_up(author.conditions["minimal"], exam, author.answers[5]) in text
    assert "nearest" not in text
    assert about.record == record == exam.record(5)
    (prompt,), (record,) = foresee.wordings_of["minimal"], foresee.instances(author, "minimal", 5)
    about = foresee.about(author, "minimal", 5, prompt, record)
    there = author.sces["minimal", 5]
    assert exam.describe(there.record) in author.told(prompt, "minimal", 5, record)
    assert there.prediction != author.answers[5] == about.answer


def test_explanations_off_the_grid_are_counted_as_such(tmp_path):
    """`malformed` gives, point by point in turn: prose, a record without a feature, one off the grid, the
    beginning of a record, a refusal. The author is not asked about what another gave off the grid."""
    fields = {"explanations": ["explanation"], "verify_off_grid": True}
    found = values(
        kind("explained").measure(run(study(tmp_path, ["timid"], ["malformed"], **fields), "timid"))
    )
    counts = found["explanation by malformed"].filter(like="n_")
    prose, lacking, off_grid, begun, refused = (len(range(way, DATASET.size, 5)) for way in range(5))
    assert counts[counts > 0].to_dict() == {
        "n_unparseable_sce": prose + begun,
        "n_missing_feature": lacking,
        "n_off_grid": off_grid,
        "n_refused": refused,
    }
    assert np.isnan(found["explanation by malformed", "validity"])
    assert np.isnan(found["itself minus explanation by malformed", "validity"])


def test_a_peer_foresees_the_answer_to_an_sce_off_the_grid(tmp_path):
    """It is asked about those that the author was asked about itself."""
    fields = {"self_predictions": ["self_prediction"], "peer_predictions": ["peer_prediction"]}
    for verified in (True, False):
        made = study(tmp_path, ["malformed"], ["nearest"], verify_off_grid=verified, **fields)
        given = run(made, "malformed")
        assert len(given.explainers["nearest"]) == (len(range(2, DATASET.size, 5)) if verified else 0)
        table = kind("peer_prediction").measure(given)
        if verified:
            found = values(table)
            assert found["peer_prediction by nearest", "accuracy"] == found["itself", "accuracy"] == 1
        else:
            assert table["reason"].tolist() == ["no such row"] * 2  # accuracy and valid, of itself


def test_of_an_author_that_was_asked_several_times_the_majority_is_told(tmp_path):
    """An explainer with a boundary of its own, which is the author's but where most of its answers waver."""
    made = study(tmp_path, ["wavering"], ["nearest"], samples=5, **ALL)
    given = run(made, "wavering")
    codes, truth = predictions(DATASET, given.tables["boundary"]), boundary(DATASET)
    assert 0 < (codes != truth).mean() < 0.1
    there = nearest_across(DATASET, truth)
    replies = given.explainers["nearest"]
    assert replies["kind"].value_counts()["explanation"] == DATASET.size  # one a point
    found = values(kind("explained").measure(given))
    assert found["explanation by nearest", "validity"] == pytest.approx((codes[there] != codes).mean())
    first = given.tables["sce"]["sce_point_id"].astype(int)
    assert found["itself", "validity"] == pytest.approx((codes[first] != codes).mean())
    foreseen = values(kind("peer_prediction").measure(given))["peer_prediction by nearest", "accuracy"]
    assert foreseen == pytest.approx((truth[first] == codes[first]).mean())


def test_a_question_about_several_is_asked_and_paid_for_once(tmp_path):
    """Authors that answer alike are not told apart."""
    made = study(tmp_path, ["nearest", "seven_in_ten"], ["timid"], explanations=["explanation"])
    tables = [run(made, author).explainers["timid"] for author in ("nearest", "seven_in_ten")]
    assert tables[0]["digest"].tolist() == tables[1]["digest"].tolist()
    (both,) = usage.by_pair([("timid", DATASET.name)] * 2, tables).values()
    assert usage.usage(both, FREE, "timid", DATASET.name)["questions"].tolist() == [DATASET.size]


def test_a_question_under_two_conditions_is_paid_for_once(tmp_path):
    """Both lead to one x', about which there is one question."""
    fields = {"self_predictions": ["self_prediction"], "peer_predictions": ["peer_prediction"]}
    conditions = {"conditions": ["minimal", "unconstrained"]}
    made = study(tmp_path, ["nearest"], ["timid"], **conditions, **fields)
    replies = run(made, "nearest").explainers["timid"]
    assert len(replies) == 2 * DATASET.size
    (once,) = usage.by_pair([("timid", DATASET.name)], [replies]).values()
    assert usage.usage(once, FREE, "timid", DATASET.name)["questions"].tolist() == [DATASET.size]


def test_the_plan_counts_them(tmp_path):
    """At most before anything is asked; to the question once the author has answered."""
    made, prices = study(tmp_path, ["nearest"], ["timid"], "exam"), load_prices()
    table = plan(made, prices).set_index("model")
    exam = made.datasets["exam"].size
    assert table["to_ask"].to_dict() == {"nearest": 4 * exam, "timid": 2 * exam}
    assert table.loc["timid", "at_most"] == 2 * exam
    asked(made, "nearest", protocol_asked(made, "nearest", "exam"))
    again = plan(made, prices).set_index("model")
    left = again.loc["timid", "to_ask"]
    given = run(made, "nearest")
    assert left == given.explainers["timid"]["digest"].nunique()
    assert again.loc["timid", "at_most"] == 0
    last = plan(made, prices).set_index("model").loc["timid"]
    assert (last["to_ask"], last["answered"]) == (0, left)


def test_a_plan_walks_the_answers_of_an_author_once(tmp_path, monkeypatch):
    """Whoever is asked about it: two of four models were asked about the dataset, and are the authors."""
    made, walked = study(tmp_path, ["nearest", "timid"], ["nearest", "constant", "echo"], "exam"), []
    for author in ("nearest", "timid"):
        run(made, author)
    monkeypatch.setattr(
        "sce.study.plan.walk", lambda protocol, asker: walked.append(protocol) or walk(protocol, asker)
    )
    table = plan(made, load_prices())
    assert len(walked) == 2
    assert table["to_ask"].sum() == 0
    assert set(table["model"]) == {"nearest", "timid", "constant", "echo"}


def test_what_is_asked_is_a_parameter_of_the_job_and_of_no_other(tmp_path):
    made = study(tmp_path, ["nearest"], ["timid", "constant"])
    plain = study(tmp_path, ["nearest"], [], self_predictions=["self_prediction"])
    name = DATASET.name
    assert parameters.asked(made, "nearest", name) == parameters.asked(plain, "nearest", name)
    assert inquiries.inquiries(made) == [("nearest", name, "constant"), ("nearest", name, "timid")]
    assert inquiries.inquiries(plain) == []
    about = parameters.asked_about(made, "nearest", name, "timid")
    assert set(about["wordings"]) == {"question", "minimal", "explanation", "peer_prediction"}
    measured = json.loads(parameters.measure(made, "explained", "nearest", name))
    assert measured["explainers"] == ["constant", "timid"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"explanations": ["explanation"], "explainers": []}, "explainers: found 'none, for explanations'"),
        (
            {"metrics": ["l1"], "explainers": ["nearest"]},
            "explainers: found 'nearest'; allowed: none, or one of explanations",
        ),
        ({"explanations": ["explanation"], "explainers": ["nobody"]}, "explainers: found 'nobody'"),
        (
            {"peer_predictions": ["peer_prediction"], "explainers": ["nearest"]},
            "peer_predictions: found 'no self_predictions'",
        ),
        (
            {"explanations": ["explanation"], "explainers": ["published"]},
            "explainers: found 'published, a result file'",
        ),
        ({"explanations": ["minimal"], "explainers": ["nearest"]}, "found 'minimal, a condition'"),
    ],
)
def test_what_cannot_be_asked_is_told_beforehand(tmp_path, fields, message):
    with pytest.raises(InputError) as error:
        study(tmp_path, ["nearest"], fields.pop("explainers"), **fields)
    assert message in str(error.value)


def test_the_figures_and_captions_hold_the_numbers(tmp_path):
    from sce.showing.looks import StudyStyle

    made = study(tmp_path, ["seven_in_ten"], ["nearest", "seven_in_ten"], "exam")
    given = run(made, "seven_in_ten")
    for name, title in (("explained", "Valid SCEs"), ("peer_prediction", "Answers at x' foreseen")):
        table = kind(name).measure(given).assign(model="seven_in_ten", dataset="exam")
        table = table.assign(reference=np.nan, reference_source=None)[list(artifacts.columns("outcomes"))]
        options = kind(name).figure_options(None, None)
        figure = kind(name).figure(table, options, StudyStyle())
        assert figure.axes[0].get_title(loc="left") == title
        names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        assert names == ["itself", "nearest", "seven in ten"]  # without the wording, which is the only one
        text = kind(name).caption(table, options)
        assert "of 1 cases" in text  # asked about itself, it is no other
        assert "by others 100%" in text


def auditing(made, given, author, explainer, folder):
    """The audit of what an explainer replied about an author on exam: replies -> its findings. The replies
    are written to peers.parquet in the folder."""
    exam, entry = made.datasets["exam"], made.config.models[explainer]
    for name in ("boundary", "sce"):
        path = folder / f"{name}.parquet"
        artifacts.write(given.tables[name], path, name, list(exam.features), provenance={})
    wanted = inquiries.protocol_about(made, author, "exam", explainer)
    path, ledger = folder / "peers.parquet", file_of(made, entry)
    inquiry = InquiryToAudit(explainer, entry, exam, wanted, None, path, folder, ledger)

    def audited(replies):
        artifacts.write(replies, path, artifacts.variant("responses", replies), provenance={})
        findings = Findings()
        audit_inquiry(inquiry, Files(findings))
        return findings

    return audited


def test_the_audit_follows_the_replies_to_the_ledger_and_derives_the_questions(tmp_path):
    made = study(tmp_path / "ledger", ["nearest"], ["timid"], "exam")
    given = run(made, "nearest")
    replies, audited = given.explainers["timid"], auditing(made, given, "nearest", "timid", tmp_path)
    whole = audited(replies)
    assert not whole.problems
    assert whole.checked["replies in the ledger"] == len(replies)
    assert whole.checked["requests derived anew"] >= len(replies)
    assert audited(replies.drop(index=3)).problems
    assert audited(replies.assign(response=replies["response"].where(replies.index != 3, "{}"))).problems
