"""A clone of the study's repository, scored beside its own figures: small ones made by hand, and the
reference runs."""

import json

import pytest

from sce.__main__ import main
from sce.errors import InputError
from sce.grids.datasets import dataset_file, load_dataset
from sce.measuring import verified
from sce.measuring.published_choices import unread
from sce.measuring.published_scores import FIELDS
from sce.measuring.verified import NO_FILE, NOT_FETCHED, OWN, own_scores, verify
from sce.reading.published_clone import figures_of, run_of
from tests.measuring.test_published import NO, YES, heart_row

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
HOUSES = load_dataset(dataset_file("house_prices"))
# 30 to 80 is the whole range of one of four features, 80 to 35 nine tenths of it
ROWS = [heart_row(0, NO, AGEP_CF=80), heart_row(1760, YES, AGEP_CF=35), heart_row(176, YES, AGEP_CF=30)]


class Clone:
    """A clone in an empty folder."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, path, content):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    def rows(self, path, rows):
        self.write(path, {str(i): row for i, row in enumerate(rows)})

    def notebook(self, path, source, printed):
        cell = {"cell_type": "code", "source": [source], "outputs": [{"text": printed.splitlines(True)}]}
        self.write(path, {"cells": [{"cell_type": "markdown", "source": "# text"}, cell]})

    def figures(self, **of):
        figures = verify(self.folder).figures
        for column, value in of.items():
            figures = figures[figures[column] == value]
        return figures


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


def plotted(model, **figures):
    return f"\n\n{model}\n" + "".join(
        f"{name.replace('_', ' ')}: {value}\n" for name, value in figures.items()
    )


# --- names ---


@pytest.mark.parametrize(
    ("path", "run", "condition", "temperature"),
    [
        ("results/income/o3.json", ("main", "income", "o3"), "unconstrained", 0),
        ("analysis/temperature_1/income_minimal/m.json.gz", ("temperature_1", "income_minimal", "m"),
         "minimal", 1),
        ("analysis/distance_function_sensitivity/income_minimal_l2/m.json",
         ("distances", "income_minimal_l2", "m"), "minimal_l2", 0),
        ("analysis/metacognitive_prompting/house_prices_reasoning_70B.json",
         ("metacognitive", "house_prices_minimal_reasoning", "70B"), "metacognitive", 0),
        ("analysis/prompt_sensitivity/results/house_prices_minimal_7.json",
         ("prompt_sensitivity", "house_prices_minimal_7", ""), "minimal", 0),
        ("analysis/decision_boundary_consistency/average_50.json",
         ("boundary_consistency", "income", "average_50"), "unconstrained", 0),
        ("analysis/of_ours/income/m.json", ("of_ours", "income", "m"), "unconstrained", None),
    ],
)  # fmt: skip
def test_a_path_says_which_run_it_is(path, run, condition, temperature):
    found = run_of(path)
    assert tuple(found) == run
    assert (found.condition, found.temperature) == (condition, temperature)


def test_a_path_of_no_run():
    assert run_of("results/folktexts/o3.json") is None
    assert run_of("analysis/notes.json") is None


# --- figures beside ours ---


def test_ours_stands_beside_what_a_notebook_plots(clone):
    clone.rows("results/heart_disease/small.json", ROWS)
    source = "temp = 0\nmetric = \"mean\"\nrelative = False\nfile = f'heart_disease/{model}.json'"
    printed = plotted("small", Unconstrained_Validity=200 / 3, Unconstrained_AM=0.5, Minimal_AM=0.25)
    clone.notebook("figures/scatter.ipynb", source, printed)
    figures = clone.figures(source="figures/scatter.ipynb").set_index(["entry", "score"])
    validity = figures.loc["heart_disease", "validity_percent"]
    # point 176 is 80 years old in none of the rows: f(1760) = YES and f(176) = YES, so only 0 -> 1760 and
    # 176 -> 0 flip
    assert validity["ours"] == pytest.approx(200 / 3)
    assert validity["agrees"] is True
    excess = figures.loc["heart_disease", "mean_RCF_A"]
    # 0 -> 1760 could have gone to 176, five years on: (50 - 5) / 50 / 4; 176 -> 0 is the nearest
    assert excess["ours"] == pytest.approx(0.225 / 2)
    assert excess["difference"] == pytest.approx(0.1125 - 0.5)
    assert excess["agrees"] is False
    alone = figures.loc["heart_disease_minimal", "mean_RCF_A"]
    assert (alone["published"], alone["note"]) == (0.25, NO_FILE)
    assert alone["agrees"] is None


def test_a_rounded_figure_agrees_as_far_as_it_goes(clone):
    lines = "Processing house_prices_minimal_7.json...\n  Validity: 66.67%, Mean RCF_A: 0.1125\n"
    clone.notebook("analysis/prompt_sensitivity/a.ipynb", "", lines)
    (validity, excess) = figures_of(clone.folder, "analysis/prompt_sensitivity/a.ipynb")
    assert (validity.run.entry, validity.value, validity.decimals) == ("house_prices_minimal_7", 66.67, 2)
    assert (excess.score, excess.value, excess.decimals) == ("mean_RCF_A", 0.1125, 4)
    assert verified._compared(200 / 3, 66.67, 2)[3]
    assert not verified._compared(66.68, 66.67, 2)[3]
    assert not verified._compared(200 / 3, 66.67, None)[3]


def test_what_the_scorer_left_is_set_beside_the_rows(clone):
    clone.rows("results/heart_disease/small.json.gz", ROWS)  # plain in spite of its name: read all the same
    left = dict.fromkeys(FIELDS, float("nan")) | {
        "validity_percent": 50.0,
        "mean_distance": (1 + 0.9 + 0.1) / 12,
    }
    clone.write("results/heart_disease/small.json", left)
    figures = clone.figures(source="results/heart_disease/small.json", metric="gower").set_index("score")
    assert figures.loc["mean_distance", "agrees"] is True
    assert figures.loc["validity_percent", "agrees"] is False
    assert figures.loc["mean_RCF", "agrees"] is None  # ours has a value


def test_the_mean_distance_tells_the_metric(clone):
    clone.rows("results/heart_disease/small.json.gz", ROWS)
    l1 = clone.figures(metric="l1", score="mean_distance")["ours"].iloc[0]
    clone.write("results/heart_disease/small.json", dict.fromkeys(FIELDS) | {"mean_distance": l1})
    assert set(clone.figures(source="results/heart_disease/small.json")["metric"]) == {"l1"}


def test_scores_of_post_processed_rows():
    kept = {"original_answer": NO, "followup_answer": "text", "verification_answer": YES}
    valid = {**kept, "is_valid_counterfactual": 1, "gower_2_counterfactual": 0.2, "ICF": 9, "ICF_A": 9}
    rows = {
        "0": {**valid, "RCF": 0.0, "RCF_A": 0.0},
        "1": {**valid, "RCF": 3.0, "RCF_A": 0.3},
        "2": {**valid, "RCF": 6.0, "RCF_A": 0.9},
        "3": {**valid, "is_valid_counterfactual": 0, "gower_2_counterfactual": 0.6, "RCF": 0.0, "ICF": 2.0},
        "4": {**valid, "original_answer": "NA"},
        "5": {**valid, "verification_answer": None},
        "6": {**valid, "followup_answer": "NA", "is_valid_counterfactual": "NA"},
    }
    found = own_scores(rows)
    assert set(found) == set(FIELDS)
    expected = {
        "validity_percent": 75, "mean_distance": 0.3, "mean_RCF": 3, "median_RCF": 3, "mean_RCF_A": 0.4,
        "median_RCF_A": 0.3, "mean_ICF": 2, "median_ICF": 2, "mean_ICF_A": 9, "median_ICF_A": 9,
        "total_minimality": 0.75 * 3 + 0.25 * 2, "total_minimality_A": 0.75 * 0.4 + 0.25 * 9,
        "exact_match": 25,
    }  # fmt: skip
    assert found == pytest.approx(expected)
    assert own_scores({"0": {"original_answer": NO}}) == {}
    assert own_scores({"3": rows["3"]})["total_minimality"] is None


def test_post_processed_rows_are_compared(clone):
    more = {"verification_answer": YES, "followup_answer": "?", "is_valid_counterfactual": 1}
    rows = [{**row, **more, "gower_2_counterfactual": 0.1, "RCF": 0.0, "RCF_A": float("nan")} for row in ROWS]
    clone.rows("results/heart_disease/small.json", rows)
    figures = clone.figures(source=OWN).set_index("score")
    assert figures.loc["validity_percent", "published"] == 100
    assert figures.loc["validity_percent", "ours"] == pytest.approx(200 / 3)


def test_averages_over_reworded_questions(clone):
    record = {"selected_complement": "Above $50,000", "AGEP_CF": 18, "SCHL_CF": 1}
    rows = [
        {**record, "dataset_id": i, "original_answer": "Below $50,000", "Below": below, "Above": 1 - below}
        for i, below in enumerate([0.9, 0.6, 0.2, 0.8])
    ]
    clone.rows("analysis/decision_boundary_consistency/average_50.json", rows)
    (line,) = clone.figures(score=verified.AVERAGE).to_dict("records")
    assert (line["experiment"], line["ours"]) == ("boundary_consistency", 75)


# --- tasks of choosing the nearest ---


def task(start, candidates, distances, answer, chosen):
    letters = dict(zip("ABCD", candidates, strict=False))
    data = {letter: list(HOUSES.record(point).values()) for letter, point in letters.items()}
    return {
        "start_id": start, "start_ids": letters, "data": data, "distances": distances, "answer": answer,
        "model_answer": chosen, "equal": False,
    }  # fmt: skip


FLOORS, BATHROOMS, BEDROOMS = 1 / 3 / 4, 1 / 3 / 4, 1 / 4 / 4  # one step under Gower's distance
TASKS = {  # points 1, 4, 16 are a floor, a bathroom, a bedroom more than point 0
    "0": task(0, [1, 16], [FLOORS, BEDROOMS], "B", "B"),
    "1": task(0, [16, 4], [BEDROOMS, BATHROOMS], "A", "B"),
    "2": task(0, [16, 1], [FLOORS, BEDROOMS], "B", "A"),  # the distances are exchanged
    "5": task(0, [1, 16], [FLOORS, BEDROOMS], "B", "NA"),
}
FOLDER = "analysis/operationalising_distance"


def test_tasks_are_measured_anew(clone):
    clone.write(f"{FOLDER}/breakdown.json", TASKS)
    printed = {"accuracy": 100 / 3, "correct": 1, "total": 4}
    models = {"a": {"2": printed}, "b": {"2": {**printed, "total": 5}}, "c": {"4": printed}}
    clone.write(f"{FOLDER}/results.json", {"house_prices": models})
    own = clone.figures(source=f"{FOLDER}/breakdown.json").set_index("score")
    assert dict(own["published"]) == pytest.approx(
        {"accuracy": 100 / 3, "correct": 1, "total": 4, "mean_distance": (4 * BEDROOMS + 4 * FLOORS) / 8}
    )
    assert dict(own["ours"]) == pytest.approx({**dict(own["published"]), "correct": 2, "accuracy": 200 / 3})
    assert f"{FLOORS - BEDROOMS:.1e}" in own.loc["mean_distance", "note"]
    lines = clone.figures(source=f"{FOLDER}/results.json")
    assert list(lines[lines["file"] != lines["source"]]["model"]) == ["a", "a", "a"]
    assert lines[lines["file"] == lines["source"]]["agrees"].tolist() == [True, True, True]


def test_two_runs_of_one_size_are_not_told_apart(clone):
    clone.write(f"{FOLDER}/breakdown.json", TASKS)
    counts = {"2": {"accuracy": 25, "correct": 1, "total": 4}}
    clone.write(f"{FOLDER}/results.json", {"house_prices": {"a": counts, "b": counts}})
    assert set(clone.figures(file=f"{FOLDER}/breakdown.json")["model"]) == {""}


def test_tasks_with_two_nearest_are_left_out_of_ours(clone):
    clone.write(f"{FOLDER}/breakdown.json", {"0": task(0, [1, 4], [FLOORS, BATHROOMS], "A", "A")})
    assert clone.figures(score="total")[["ours", "published"]].values.tolist() == [[0, 1]]


def test_unread_replies_follow_from_an_accuracy():
    assert unread({"accuracy": 100 * 952 / 965, "correct": 952, "total": 977}) == 12
    assert unread({"accuracy": 50.0, "correct": 5, "total": 10}) == 0
    assert unread({"accuracy": 10.0, "correct": 5, "total": 10}) is None
    assert unread({"accuracy": 0, "correct": 0, "total": 10}) is None


# --- what cannot be scored is named ---


def test_pointers_damage_and_the_unknown_are_named(clone):
    clone.rows("results/heart_disease/good.json", ROWS)
    clone.write("results/heart_disease/m.json", POINTER)
    clone.write("src/distance_matrices/income_l1.npy", POINTER)
    clone.write("results/heart_disease/cut.json", '{"0": {"dataset_id": 3, "orig')
    clone.rows("results/heart_disease/other.json", [{**ROWS[0], "SCHL_CF": 1}])
    clone.rows("results/folktexts/m.json", ROWS)
    clone.write("analysis/notes.json", ["something else"])
    clone.write(f"{FOLDER}/breakdown.json", {**TASKS, "9": 5})
    clone.write(f"{FOLDER}/of_no_grid.json", {"0": {**TASKS["0"], "start_id": 5000}})
    clone.write(f"{FOLDER}/lost.json", {"0": {**TASKS["0"], "distances": [0.1]}})
    clone.write("figures/broken.ipynb", "{}")
    clone.write("data/state.json", "not looked at")
    clone.notebook(
        "figures/a.ipynb", "temp = 0\nf'heart_disease/{model}.json'", plotted("m", Unconstrained_AM=1)
    )
    found = verify(clone.folder)
    said = {
        "results/heart_disease/m.json": "git-lfs",
        "src/distance_matrices/income_l1.npy": "git-lfs",
        "results/heart_disease/cut.json": "cut off",
        "results/heart_disease/other.json": "SCHL_CF",
        "results/folktexts/m.json": "named for an entry",
        "analysis/notes.json": "named for an entry",
        f"{FOLDER}/breakdown.json": "9: found 'int'",
        f"{FOLDER}/of_no_grid.json": "no grid",
        f"{FOLDER}/lost.json": "distances",
        "figures/broken.ipynb": "cells",
    }
    assert set(found.left) == set(said)
    for path, part in said.items():
        assert part in found.left[path], path
    assert set(found.figures["file"]) == {"results/heart_disease/good.json", ""}
    assert found.figures[found.figures["file"] == ""]["note"].tolist() == [NOT_FETCHED]


def test_what_is_no_clone_is_refused(tmp_path):
    with pytest.raises(InputError, match="a clone of the study's repository"):
        verify(tmp_path)


def test_the_command(clone, tmp_path, capsys):
    clone.rows("results/heart_disease/small.json", ROWS)
    clone.write("results/heart_disease/m.json", POINTER)
    clone.write(f"{FOLDER}/breakdown.json", TASKS)
    table = tmp_path / "figures.csv"
    for more in ([], ["--reread"]):
        assert main(["verify-published", str(clone.folder), "--csv", str(table), *more]) == 0
        printed = capsys.readouterr().out
        assert "4 figures compared; 2 agree, 2 differ; 0 have nothing to compare with." in printed
        assert "results/heart_disease/m.json: a pointer" in printed
        assert "66.6667" in printed
        assert len(table.read_text().splitlines()) == 1 + 3 * len(FIELDS) + 4
    assert main(["verify-published", str(tmp_path / "absent")]) == 2
    assert "a clone of the study's repository" in capsys.readouterr().err


# --- the reference data ---


@pytest.mark.parametrize(("metric", "folder"), [("gower", "results"), ("l1", "analysis/temperature_1")])
def test_the_reference_runs_laid_out_as_a_clone(clone, reference, metric, folder):
    for run in sorted((reference / "runs").iterdir()):
        entry, _, model = run.name.partition("__")
        scores = json.loads((run / "published_scores.json").read_text())[metric]
        clone.write(f"{folder}/{entry}/{model}.json", scores)
        (clone.folder / folder / entry / f"{model}.json.gz").symlink_to(run / "results.json.gz")
    found = verify(clone.folder)
    figures = found.figures[found.figures["source"] != ""]
    assert found.left == {}
    assert len(figures) == 6 * len(FIELDS)
    assert set(figures["metric"]) <= {metric, "gower"}
    differs = figures[figures["agrees"] != True]  # noqa: E712
    assert set(differs["score"]) <= {"exact_match"}  # theirs loses hits to float noise
    assert (differs["difference"] > 0).all()
    assert metric == "l1" or differs.empty


def test_printed_figures_are_read_from_notebooks(clone, reference):
    plots = json.loads((reference / "published_scores_temperature1.json").read_text())
    cells = []
    for dataset in ("income", "house_prices", "heart_disease"):
        printed = "".join(
            plotted(
                line["model"],
                Unconstrained_Validity=line["unconstrained_validity_percent"],
                Unconstrained_AM=line["unconstrained_mean_excess"],
                Minimal_Validity=line["minimal_validity_percent"],
                Minimal_AM=line["minimal_mean_excess"],
            )
            for line in plots
            if line["dataset"] == dataset
        )
        source = f"temp = 1\nscoring_function(filepath_temp / f'{dataset}/{{model}}.json')"
        cells.append({"source": source, "outputs": [{"text": printed}, {"data": {}}]})
    clone.write("figures/scatter.ipynb", {"cells": cells})
    found = {(*f.run, f.score): f.value for f in figures_of(clone.folder, "figures/scatter.ipynb")}
    assert len(found) == 4 * len(plots)
    for line in plots:
        for name, kind in {"unconstrained": "", "minimal": "_minimal"}.items():
            run = ("temperature_1", line["dataset"] + kind, line["model"])
            assert found[(*run, "validity_percent")] == line[f"{name}_validity_percent"]
            assert found[(*run, "mean_RCF_A")] == line[f"{name}_mean_excess"]


def test_the_printed_accuracies_follow_from_their_counts(clone, reference):
    clone.write(f"{FOLDER}/results.json", (reference / "published_gower_mcq.json").read_text())
    figures = clone.figures()
    assert figures["agrees"].all()
    assert "12 replies unread" in " ".join(figures["note"])
