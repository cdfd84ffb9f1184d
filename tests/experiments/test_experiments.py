"""Outcomes of the experiments, by hand-computed values."""

import pandas as pd
import pytest

from sce.experiments.given import Given
from sce.experiments.registry import MODULES, kind
from sce.files import artifacts
from sce.files.yaml_files import read_yaml
from sce.grids.datasets import load_dataset
from sce.measuring import outcomes, possible
from sce.showing import outcome_panels, tables, wordings_scatter
from sce.showing.style import FigureStyle
from sce.study.study import load
from sce.wordings.rewordings import reworded
from tests.experiments.respondent import SCORING, study_of

EXAM = load_dataset("resources/datasets/exam.yaml")


# --- the two configurations of the whole study


def test_the_controls_run_the_papers_experiments():
    """The two configurations differ in their models alone."""
    paper, controls = (
        read_yaml(f"config/{name}.yaml")["experiments"] for name in ("paper", "paper-controls")
    )
    assert list(paper) == list(controls)
    for name, experiment in paper.items():
        others = {"models": 0} | ({"explainers": 0} if "explainers" in experiment else {})
        assert experiment | others == controls[name] | others


def test_the_embedded_model_has_a_line_in_every_table_but_one():
    content = read_yaml("config/small-model.yaml")
    assert all("smollm2" in experiment["models"] for experiment in content["experiments"].values())
    study = load(content, "config/small-model.yaml")
    found = {table for name in study.experiments for table in study.tables(name)}
    assert found == {"scores", *MODULES} - {"candidates"}


def test_the_paper_is_valid_without_keys_and_weights(monkeypatch):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    study = load(read_yaml("config/paper.yaml"), "config/paper.yaml")
    assert len(study.pairs_of("main")) == len(study.pairs_of("temperature_1")) + 3 == 21
    assert len(study.questions("llama33_70b_logprobs", "income")) == 51
    assert set(study.tables("prompt_sensitivity")) == {"scores", "wordings"}
    assert study.tables("prompt_sensitivity")["wordings"] == ["unconstrained", "minimal"]
    assert set(study.tables("boundary_consistency")) == {"scores", "consistency"}
    assert list(study.tables("main")) == ["scores", "cross_validity", "changed_features"]
    assert set(study.tables("noise_floor")) == {"scores", "repeats"}
    assert study.respondents("main")["o3"] == ("o3-2025-04-16", None)
    assert study.respondents("temperature_1")["gpt41_t1"] == ("gpt-4.1-2025-04-14", 1)


# --- means and intervals


def test_a_mean_has_the_interval_of_its_standard_error():
    line = outcomes.mean("c", "m", "s", [1] * 300 + [0] * 100 + [None] * 7, "points")
    assert line["value"] == 0.75
    assert line["n"] == 400
    error = (0.75 * 0.25 / 400) ** 0.5
    assert line["low"] == pytest.approx(0.75 - 1.96 * error, abs=0.004)
    assert line["high"] == pytest.approx(0.75 + 1.96 * error, abs=0.004)
    assert line["clusters"] == 400


def test_the_interval_of_an_outcome_ends_where_the_outcome_does():
    values = [0.0, 0.5, 1.0, 1.0, 1.0]  # 0.7 +- 2.776 x 0.2
    free, share = (
        outcomes.mean("c", "m", "s", values, "answers", within=within)
        for within in (possible.ANY, possible.SHARE)
    )
    assert (free["low"], free["high"]) == pytest.approx((0.1447, 1.2553), abs=1e-4)
    assert (share["low"], share["high"]) == (free["low"], 1)
    below = outcomes.difference("c", "m", "s", [-value for value in values], "answers")
    assert (below["low"], below["high"]) == (-1, -free["low"])
    gain = outcomes.ratio("c", "m", "s", values, [1.0] * 5, "answers", possible.UP_TO_ALL)
    assert (gain["low"], gain["high"]) == (free["low"], 1)


def test_a_mean_of_nothing_has_a_reason():
    table = outcomes.table([outcomes.mean("c", "m", "s", [], "points")])
    assert table["value"].isna().all()
    assert list(table["reason"]) == ["no such row"]


# --- wordings of the request


def scored(**values):
    """A scores artifact with the validity (and its interval) of every condition."""
    rows = [(c, "gower", "validity", value, value - 0.1, value + 0.1) for c, value in values.items()]
    rows = [(*row, "points", 9, 9, 9.0, None) for row in rows]
    return pd.DataFrame(rows, columns=list(artifacts.columns("scores")))


def test_conditions_reword_one_by_their_files_and_not_by_their_names():
    study = study_of(
        "echo", "exam", conditions=["minimal", "minimal_01..minimal_02", "minimal_l1", "minimal_l2"]
    )
    assert study.stems == {"minimal_01": "minimal", "minimal_02": "minimal"}
    conditions = study.conditions("m", "exam")
    assert reworded(conditions, study.stems) == ["minimal_01", "minimal_02"]
    assert reworded(["minimal", "minimal_01", "minimal_l1"], study.stems) == []


def test_the_spread_over_wordings():
    scores = scored(minimal=0.9, minimal_01=0.2, minimal_02=0.4, minimal_03=0.6, other_01=0.1)
    stems = dict.fromkeys(["minimal_01", "minimal_02", "minimal_03"], "minimal") | {"other_01": "other"}
    given = Given(EXAM, {"scores": scores}, ["gower"], {"stems": stems}, **SCORING)
    table = kind("wordings").measure(given)
    values = table.set_index(["condition", "score"])
    assert set(table["condition"]) == {"minimal"}
    assert values.value["minimal", "validity_mean"] == pytest.approx(0.4)
    assert values.value["minimal", "validity_sd"] == pytest.approx(0.2)
    assert (values.value["minimal", "validity_min"], values.value["minimal", "validity_max"]) == (0.2, 0.6)
    assert values.value["minimal", "validity_margin"] == pytest.approx(0.1)
    assert values.n["minimal", "validity_mean"] == 3
    assert values.reason["minimal", "mean_excess_mean"] == "too few wordings with this score"


# --- tables


def collected(reference=None):
    respondents = {"llama": ["meta-llama/Llama-3.3-70B-Instruct", 0], "echo": ["echo", None]}
    table = pd.concat([scored(minimal_01=0.5, minimal=0.25), scored(minimal=0.75).assign(metric="l1")])
    pairs = [["llama", "house_prices"], ["echo", "house_prices"]]
    return tables.collect([table, table], pairs, ["minimal"], ["gower"], respondents, reference)


def test_a_table_holds_its_subjects_and_metrics_alone():
    table = collected()
    assert list(table.columns) == list(artifacts.columns("outcomes"))
    assert list(table["model"]) == ["llama", "echo"]
    assert set(table["condition"]) == {"minimal"}
    assert set(table["metric"]) == {"gower"}
    assert tables.markdown(tables.long(table)) == (
        "| model | dataset | condition | metric | score | value | n |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| llama | house_prices | minimal | gower | validity | 0.250 [0.150, 0.350] | 9 |\n"
        "| echo | house_prices | minimal | gower | validity | 0.250 [0.150, 0.350] | 9 |\n"
    )
    assert r"llama & house\_prices & minimal & gower & 0.250 [0.150, 0.350] \\" in tables.latex(
        tables.wide(table)
    )


def test_published_values_stand_beside_ours(reference):
    rows = scored(minimal=0.25)
    respondents = {"warm": ["meta-llama/Llama-3.3-70B-Instruct", 1.0], "other": ["unknown", 1.0]}
    pairs = [["warm", "income"], ["other", "income"]]
    table = tables.collect([rows, rows], pairs, ["minimal"], ["gower"], respondents, str(reference))
    assert table["reference"].notna().tolist() == [True, False]
    assert tables.wide(table)["validity (published)"].tolist()[1] == ""


def test_every_wording_has_its_mark():
    names = ["minimal_01", "minimal_02", "unconstrained_01", "unconstrained_02"]
    validity = scored(**dict.fromkeys(names, 0.5))
    rows = pd.concat([validity, validity.assign(score="mean_excess", low=None, high=None)])
    table = tables.collect([rows], [["m", "exam"]], names, ["gower"], {"m": ["m", 0]}, None)
    stems = {name: name[:-3] for name in names}
    figure = wordings_scatter.figure(table, {"stems": stems}, FigureStyle())
    axes = figure.axes[0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["m", "minimal", "unconstrained"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("validity (%)", "mean excess distance")
    assert sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() in "o^") == 4


def test_every_score_has_a_panel_and_counted_ones_share_one():
    names = ["validity_at_1", "validity_at_2", "validity_at_16", "readable", "unparseable"]
    rows = pd.concat([scored(several=0.5).assign(score=name) for name in names])
    rows.loc[rows["score"] == "unparseable", ["low", "high", "estimand"]] = None
    table = tables.collect([rows], [["m", "exam"]], ["several"], ["gower"], {"m": ["m", 0]}, None)
    figure = outcome_panels.figure(table, {}, FigureStyle())
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["validity", "readable"]
    assert figure.axes[0].get_xticks().tolist() == [1, 2, 16]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["m / exam / several"]


# --- the real workflow


@pytest.mark.slow
def test_every_experiment_ends_in_its_tables_and_figures(project, reference):
    common = {"datasets": ["exam"], "conditions": ["minimal"]}
    experiments = {
        "main": common | {"models": ["nearest", "echo"]},
        "rewordings": common | {"models": ["echo"], "conditions": ["minimal_01..minimal_03"]},
        "consistency": common
        | {"models": ["nearest"], "questions": ["question", "question_01..question_02"]},
        "nearest_choice": {"models": ["nearest"], "datasets": ["exam"], "choices": ["nearest_choice"]},
        "aloud": common | {"models": ["thinking"], "conditions": ["metacognitive"]},
        "knows": common
        | {"models": ["echo"], "self_predictions": ["self_prediction"], "several": ["several"]}
        | {"feedback": ["feedback"], "queries": [1, 4]},
    }
    models = {name: {"engine": "control", "policy": name} for name in ("nearest", "echo", "thinking")}
    project.configure(
        {
            "models": models,
            "experiments": experiments,
            "reference": str(reference),
        }
    )
    project.snakemake("experiments")
    tables = {
        "main": ["scores"],
        "rewordings": ["scores", "wordings"],
        "consistency": ["scores", "consistency"],
        "nearest_choice": ["choices"],
        "aloud": ["scores", "candidates"],
        "knows": ["scores", "self_prediction", "several", "feedback", "search"],
    }
    for experiment, names in tables.items():
        folder = project.folder / "results/experiments" / experiment
        assert {path.stem for path in folder.glob("*.tex")} == set(names)
        assert all((folder / f"{name}.md").read_text().count("\n") > 2 for name in names)
        drawn = {f"{name}_panels.png" for name in names} - {"scores_panels.png", "wordings_panels.png"}
        assert drawn <= {path.name for path in folder.glob("*.png")}
    assert (project.folder / "results/nearest/exam/consistency.png").exists()
    found = pd.read_csv(project.folder / "results/experiments/knows/feedback.csv").set_index("score")["value"]
    assert (found["valid_within_0"], found["valid_within_1"]) == (0, 1)
    before = project.rows_in_ledger()
    assert "Nothing to be done" in project.snakemake("experiments")
    assert "Nothing to be done" in project.snakemake("knows")
    assert project.rows_in_ledger() == before
