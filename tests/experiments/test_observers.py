"""Models as observers of another one: controls whose outcomes are known beforehand, through the whole
protocol and the ledger."""

import numpy as np
import pandas as pd
import pytest

from sce.errors import InputError
from sce.experiments.observers import drawn
from sce.experiments.protocols import protocol_about
from sce.experiments.registry import kind
from sce.experiments.simulatability import OBSERVERS
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring.boundaries import predictions
from sce.money.prices import load_prices
from sce.reading.authors import FORESEEN
from sce.showing.looks import StudyStyle
from sce.study import inquiries, parameters
from sce.study.plan import plan
from sce.study.planner import protocol_asked
from tests.experiments.test_about_another import asked, auditing, run, study

EXAM = load_dataset("resources/datasets/exam.yaml")
WORDINGS = {"observations": ["observation", "observation_explained"]}
FEW = {"explained": 12, "asked": 3}
DRAWN = drawn(EXAM.size, **FEW, seed=42)


def observing(folder, models, explainers, **fields):
    return study(folder, models, explainers, "exam", FEW, **(WORDINGS | fields))


def measured(given):
    return kind("simulatability").measure(given).set_index(["metric", "score"])


def questions(given):
    """(x, z) of every question in one wording, and the predictions."""
    sce = given.tables["sce"].set_index("point_id")["sce_point_id"]
    pairs = [(x, z) for x, some in DRAWN.items() for z in some if z != sce[x]]
    return np.array(pairs), predictions(EXAM, given.tables["boundary"])


def test_the_points_are_drawn_whatever_models_answer():
    assert len(DRAWN) == 12
    assert all(len(set(some)) == 3 and x not in some for x, some in DRAWN.items())
    more = drawn(EXAM.size, 20, 3, seed=42)
    assert list(more)[:12] == list(DRAWN)
    assert {x: more[x] for x in DRAWN} == DRAWN
    assert drawn(2, 20, 3, seed=1) in ({0: [1], 1: [0]}, {1: [0], 0: [1]})


def test_an_observer_that_repeats_what_it_was_shown_is_wrong_elsewhere(tmp_path):
    """Without the SCE it is right where z has the answer of x, with it where z has the other one."""
    given = run(observing(tmp_path, ["nearest"], ["echo"]), "nearest")
    pairs, codes = questions(given)
    alike = (codes[pairs[:, 0]] == codes[pairs[:, 1]]).astype(float)
    by_start = pd.Series(alike).groupby(pairs[:, 0]).mean()
    found = measured(given).loc["echo"]["value"]
    a = by_start.mean()
    assert 0 < a < 1
    assert found["accuracy_without_at_1"] == found["misled_at_1"] == pytest.approx(a)
    assert found["accuracy_with_at_1"] == found["helped_at_1"] == pytest.approx(1 - a)
    assert found["gain_at_1"] == pytest.approx((1 - 2 * a) / (1 - a))
    assert found["unparseable_at_1"] == 0
    assert "gain_of_random_at_1" not in found.index


def test_one_that_knows_the_boundary_has_nothing_to_gain_and_one_that_knows_nothing_gains_nothing(tmp_path):
    given = run(observing(tmp_path, ["timid"], ["nearest", "constant", "seven_in_ten"]), "timid")
    pairs, codes = questions(given)
    table = measured(given)
    assert (
        table.value["nearest", "accuracy_without_at_1"] == table.value["nearest", "accuracy_with_at_1"] == 1
    )
    assert table.reason["nearest", "gain_at_1"] == "nothing to divide by"
    first = pd.Series(codes[pairs[:, 1]] == 0).groupby(pairs[:, 0]).mean().mean()
    assert table.value["constant", "accuracy_with_at_1"] == pytest.approx(first)
    assert table.value["constant", "gain_at_1"] == table.value["constant", "misled_at_1"] == 0
    right = table.value["seven_in_ten"][["accuracy_without_at_1", "accuracy_with_at_1"]]
    assert right.mean() == pytest.approx(0.7, abs=0.12)
    assert table.n["nearest", "accuracy_with_at_1"] == len(DRAWN)


def shown(given):
    """The table as figures get it."""
    table = kind("simulatability").measure(given).assign(model="nearest", dataset="exam")
    return table.assign(reference=np.nan, reference_source=None)[list(artifacts.columns("outcomes"))]


def test_it_stands_beside_the_statistical_observers(tmp_path):
    given = run(observing(tmp_path, ["nearest"], ["echo"], simulatability=[1, 5]), "nearest")
    table = shown(given)
    assert list(table["metric"].unique()) == [*OBSERVERS, "echo"]
    assert not table.duplicated(["metric", "score"]).any()
    figure = kind("simulatability").figure(table, {}, StudyStyle())
    titles = {axes.get_title(loc="left"): axes for axes in figure.axes}
    names = titles["exam\nmodels as observers"].get_xticklabels()
    assert [name.get_text() for name in names] == ["echo"]
    assert {f"exam\n{observer}" for observer in OBSERVERS} <= set(titles)
    gains = table[table["score"].isin(["gain_at_1", "gain_at_5"])]["value"]
    told = kind("simulatability").caption(table, {})
    assert f"in {(gains > 0).sum()} of 7 cases" in told
    assert " of 6. " in told  # no random answers are shown to a model


def test_it_may_stand_alone(tmp_path):
    table = shown(run(observing(tmp_path, ["nearest"], ["echo"]), "nearest"))
    figure = kind("simulatability").figure(table, {}, StudyStyle())
    assert figure.axes[0].get_title(loc="left") == "exam\nmodels as observers"
    assert "Models as observers are shown one SCE" in kind("simulatability").caption(table, {})
    assert "in 0 of 1 cases. " in kind("simulatability").caption(table, {})


def test_a_question_shows_the_sce_or_does_not(tmp_path):
    """Neither the author's name nor its answer at z is in it."""
    made = observing(tmp_path, ["nearest"], ["constant"])
    tables = run(made, "nearest").tables
    wanted = inquiries.protocol_about(made, "nearest", "exam", "constant")
    assert wanted["options"] == {"simulatability": FEW | {"seed": 42}}
    entry = made.config.models["constant"]
    (step,) = protocol_about(EXAM, entry, wanted, None, tables["boundary"], tables["sce"]).steps
    (observe,), author = step.inquiries, step.author
    x = next(iter(DRAWN))
    record = observe.instances(author, "minimal", x)[0]
    without, shown = (author.told(p, "minimal", x, record) for p in observe.wordings_of["minimal"])
    revised = EXAM.describe(author.sces["minimal", x].record)
    other = EXAM.options[1 - EXAM.options.index(author.answers[x])]
    for text in (without, shown):
        assert EXAM.describe(EXAM.record(x)) in text
        assert EXAM.describe(record) in text
        assert f"It answered: {author.answers[x]}\n" in text
        assert "nearest" not in text
    assert revised in shown
    assert revised not in without
    assert f"it would have answered {other} instead" in shown


def test_what_cannot_be_judged_is_not_asked(tmp_path):
    """No SCE on the grid: x is left out; no prediction at z, or z is x': z is."""
    made = observing(tmp_path, ["malformed", "nearest"], ["echo"])
    assert run(made, "malformed").explainers["echo"].empty
    given = run(made, "nearest")
    wanted, tables = inquiries.protocol_about(made, "nearest", "exam", "echo"), given.tables
    lost = DRAWN[next(iter(DRAWN))][0]
    boundary = tables["boundary"].copy()
    boundary.loc[boundary["point_id"] == lost, "prediction"] = None
    entry = made.config.models["echo"]
    (step,) = protocol_about(EXAM, entry, wanted, None, boundary, tables["sce"]).steps
    pairs, _ = questions(given)
    kept = [(x, z) for x, z in pairs.tolist() if lost not in (x, z)]
    assert step.of_their_own() == {"observation": 2 * len(kept)}
    most = 2 * sum(3 for x, some in DRAWN.items() if lost in (x, *some))
    some = 2 * sum(z != lost for x, z in kept if lost in DRAWN[x])
    assert step.at_most({lost}, {}) == {"observation": most - some}


def test_replies_that_cannot_be_read_are_counted_with_their_counterparts(tmp_path):
    given = run(observing(tmp_path, ["nearest"], ["nearest"]), "nearest")
    replies = given.explainers["nearest"]
    lost = replies.index[replies["wording"] == "observation"][:4]
    replies.loc[lost, "response"] = "I cannot say."
    found = measured(given).loc["nearest"]
    assert found.value["unparseable_at_1"] == 4
    assert found.value["accuracy_with_at_1"] == found.value["accuracy_without_at_1"] == 1
    assert found.n["accuracy_with_at_1"] < len(DRAWN)  # a point without a pair of replies is left out


def test_the_plan_counts_them(tmp_path):
    """At most before anything is asked; to the question once the author has answered."""
    made, prices = observing(tmp_path, ["nearest"], ["echo"]), load_prices()
    first = plan(made, prices).set_index("model").loc["echo"]
    assert first["to_ask"] == first["at_most"] == 2 * 12 * 3
    asked(made, "nearest", protocol_asked(made, "nearest", "exam"))
    again = plan(made, prices).set_index("model").loc["echo"]
    given = run(made, "nearest")
    pairs, _ = questions(given)
    assert again["to_ask"] == 2 * len(pairs) == len(given.explainers["echo"])
    assert again["at_most"] == 0
    last = plan(made, prices).set_index("model").loc["echo"]
    assert (last["to_ask"], last["answered"]) == (0, 2 * len(pairs))


def test_the_draw_is_a_parameter_of_the_job(tmp_path):
    made = observing(tmp_path, ["nearest"], ["echo"])
    other = study(tmp_path, ["nearest"], ["echo"], "exam", FEW | {"asked": 4}, **WORDINGS)
    about = [parameters.asked_about(each, "nearest", "exam", "echo") for each in (made, other)]
    assert about[0] != about[1]
    explaining = {"explanations": ["explanation"]}
    plain = [study(tmp_path, ["nearest"], ["echo"], "exam", some, **explaining) for some in (None, FEW)]
    assert len({str(parameters.asked_about(each, "nearest", "exam", "echo")) for each in plain}) == 1


def test_the_audit_derives_the_questions_and_their_points(tmp_path):
    made = observing(tmp_path / "ledger", ["nearest"], ["echo"], explanations=["explanation"])
    given = run(made, "nearest")
    audited = auditing(made, given, "nearest", "echo", tmp_path)
    replies = given.explainers["echo"]
    assert artifacts.variant("responses", replies) == "responses_foreseen"
    assert not audited(replies).problems
    assert (
        artifacts.read(tmp_path / "peers.parquet")[FORESEEN].notna().sum()
        == (replies["kind"] == "observation").sum()
    )
    last = replies.index[-1]
    assert audited(replies.assign(**{FORESEEN: replies[FORESEEN].where(replies.index != last, 0)})).problems


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"observations": ["observation"]}, "observations: found 'observation (none with {revised})'"),
        ({"observations": ["observation_explained"]}, "at least one wording that shows the SCE"),
        ({"observations": ["peer_prediction"]}, "found 'peer_prediction, a peer_prediction'"),
        ({"observations": [], "simulatability": [1]}, "none, or one of explanations, peer_predictions, obs"),
        ({"conditions": []}, "observations: found 'set, but the experiment has no conditions'"),
    ],
)
def test_what_cannot_be_asked_is_told_beforehand(tmp_path, fields, told):
    with pytest.raises(InputError) as error:
        observing(tmp_path, ["nearest"], ["echo"], **fields)
    assert told in str(error.value)
