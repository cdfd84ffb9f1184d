"""The real Snakemake on tiny grids: what runs, what is stale, and what is asked."""

import os
import random
import shutil
import signal
import subprocess
import time

import numpy as np
import pandas as pd
import pytest

import sce
from sce.files import artifacts
from tests.conftest import Project, run_to_its_end
from tests.workflow.conftest import copy_of, made_once

STUDY = {
    "models": {
        "nearest": {"engine": "control", "policy": "nearest"},
        "echo": {"engine": "control", "policy": "echo"},
    },
    "experiments": {
        "main": {
            "models": ["nearest", "echo"],
            "datasets": ["exam"],
            "conditions": ["unconstrained", "minimal"],
        }
    },
}
EACH = {"elicit": 1, "parse_responses": 1, "measure_distances": 1, "score": 1, "plot_boundary": 1}
SCORED = {"collect_scores": 1, "plot_validity": 1, "tabulate": 1, "plot_experiment": 1, "build_page": 1}
MEASURED = SCORED | {"compare": 1}
READ = MEASURED | {"describe_boundaries": 1}
ASKED = READ | {"collect_usage": 1, "check_failures": 1}
ALL = dict.fromkeys(EACH, 2) | {"build_grid": 1} | ASKED


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project whose tiny study was run to the end."""

    def run(project):
        project.configure(STUDY)
        assert project.stale() == ALL
        project.snakemake()

    return made_once(tmp_path_factory, "finished", run)


@pytest.fixture
def copy(finished, tmp_path):
    return copy_of(finished, tmp_path / "copy")


def test_the_study_ends_in_the_known_scores(finished):
    scores = pd.read_csv(finished.folder / "results/scores.csv").set_index(["model", "condition", "score"])
    for condition in ("unconstrained", "minimal"):
        assert scores.value["nearest", condition, "validity"] == 1
        assert scores.value["nearest", condition, "mean_excess"] == 0
        assert scores.value["nearest", condition, "exact_match"] == 1
        assert scores.value["echo", condition, "validity"] == 0
        assert scores.value["echo", condition, "mean_distance"] == 0
        assert scores.value["echo", condition, "n_kept"] == 66
    assert "Content-Security-Policy" in (finished.folder / "results/report.html").read_text()
    for name in ("nearest/exam/boundary", "validity"):
        assert (finished.folder / f"results/{name}.png").stat().st_size > 10_000
        assert (finished.folder / f"results/{name}.svg").stat().st_size > 10_000


def test_every_artifact_says_what_made_it(finished):
    files = list((finished.folder / "results").rglob("*.parquet"))
    assert len(files) > 10
    for path in files:
        note = artifacts.provenance(path)
        assert note["package_version"] == sce.__version__
        assert len(note["params"]["code"]) == 16
    note = artifacts.provenance(finished.folder / "results/nearest/exam/responses.parquet")
    asked = note["params"]["asked"]
    assert asked["model"]["policy"] == "nearest"
    assert set(asked["wordings"]) == {"question", "minimal", "unconstrained"}
    assert len(asked["dataset"]) == 16


def test_the_report_is_one_page_with_every_figure_and_the_scores(copy):
    copy.snakemake("--report", "report.html")
    page = (copy.folder / "report.html").read_text()
    figures = ("boundary.png", "landings.png", "validity.png", "distances.png")
    captions = ("where the SCEs of each condition lead", "Median distance (gower) of the SCEs")
    for shown in (*figures, *captions, "scores.csv"):
        assert shown in page
    assert "<script src=" not in page  # it needs nothing from elsewhere


def test_nothing_is_stale_after_a_run(finished):
    assert finished.stale() == {}


def test_touching_every_file_reruns_nothing(copy):
    for path in copy.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts and "results" not in path.parts:
            os.utime(path)
    assert copy.stale() == {}


def test_reordering_the_configuration_reruns_nothing(copy):
    models = {name: dict(reversed(entry.items())) for name, entry in reversed(STUDY["models"].items())}
    experiment = STUDY["experiments"]["main"] | {"conditions": ["minimal", "unconstrained"]}
    turned = STUDY | {"models": models, "experiments": {"main": experiment}}
    copy.configure(dict(reversed(turned.items())))
    assert copy.stale() == {}


def test_snakemake_looks_for_jobs_when_one_has_ended_unless_the_user_limits_them(copy):
    copy.edit("workflow/Snakefile", "print_summary()", "print('limit:', workflow.scheduler.job_rate_limiter)")
    one_job = ("results/usage.parquet", "--forcerun", "collect_usage")
    assert "limit: None" in copy.snakemake(*one_job)
    assert "limit: <" in copy.snakemake(*one_job, "--max-jobs-per-timespan", "50/1s")


def test_the_scripts_of_jobs_find_their_libraries_imported(project):
    script = "import sys\nsys.exit('warm' if 'pyarrow.parquet' in sys.modules else 'cold')"
    (project.folder / "workflow/scripts/build_grid.py").write_text(script)
    project.configure(STUDY)
    out = run_to_its_end(project.command("results/grids/exam.parquet"), project.folder, ok=False)
    assert "\nwarm\n" in out, out


def test_a_limit_reruns_nothing(copy):
    models = {name: entry | {"max_in_flight": 7} for name, entry in STUDY["models"].items()}
    copy.configure(STUDY | {"models": models})
    assert copy.stale() == {}


def test_a_plot_colour_redraws_figures_only(copy):
    copy.configure(STUDY | {"figures": {"missing_colour": "#777777"}})
    assert copy.stale() == DRAWN


def test_another_model_runs_its_own_jobs_only(copy):
    study = {**STUDY, "models": STUDY["models"] | {"timid": {"engine": "control", "policy": "timid"}}}
    experiment = STUDY["experiments"]["main"]
    study["experiments"] = {"main": experiment | {"models": ["nearest", "echo", "timid"]}}
    copy.configure(study)
    assert copy.stale() == EACH | ASKED


# An edit of a module makes stale what runs it.
DRAWN = {"plot_boundary": 2, "plot_validity": 1, "plot_experiment": 1, "build_page": 1}
EDITS = [
    ("sce/showing/drawing.py", DRAWN),
    ("sce/showing/page/findings.py", {"build_page": 1}),
    ("sce/showing/page/page.js", {"build_page": 1}),
    ("sce/measuring/scores.py", {"score": 2} | SCORED),
    ("sce/measuring/metrics.py", {"measure_distances": 2, "score": 2} | MEASURED),
    ("sce/reading/responses.py", {r: 2 for r in EACH if r != "elicit"} | READ),
    ("sce/asking/conversations.py", dict.fromkeys(EACH, 2) | ASKED),
    ("workflow/scripts/score.py", {"score": 2} | SCORED),
    ("sce/ledger/command.py", {}),
    ("sce/engines/llama_cpp.py", {}),
    ("sce/experiments/search.py", {}),
]


def edit(folder, path, text, when=None):
    """Add text to a file; ``when``: the modification time that it then has, in seconds before now."""
    file = folder / path
    file.write_text(file.read_text() + text)
    if when is not None:
        os.utime(file, (time.time() - when, time.time() - when))


@pytest.mark.parametrize(("path", "stale"), EDITS, ids=[path for path, _ in EDITS])
def test_editing_a_module_reruns_what_runs_it(copy, path, stale):
    edit(copy.folder, path, "\nEDITED = True\n")
    assert copy.stale() == stale


def test_content_that_came_with_an_old_time_reruns_what_read_it(copy):
    """As rsync -a, cp -p, tar and a restored backup bring it."""
    a_year = 365 * 24 * 3600
    edit(copy.folder, "sce/measuring/scores.py", "\nEDITED = True\n", a_year)
    assert copy.stale() == {"score": 2} | SCORED
    prompt = "resources/prompts/conditions/minimal.yaml"
    edit(copy.folder, prompt, "  Please.\n", a_year)
    assert copy.stale() == dict.fromkeys(EACH, 2) | ASKED
    edit(copy.folder, "resources/datasets/exam.yaml", "context: A test.\n", a_year)
    assert copy.stale() == dict.fromkeys(EACH, 2) | {"build_grid": 1} | ASKED


def test_comments_rerun_nothing(copy):
    for path in ("sce/errors.py", "sce/grids/datasets.py", "workflow/scripts/elicit.py"):
        edit(copy.folder, path, "\n# edited\n")
    for path in ("datasets/exam.yaml", "prompts/conditions/minimal.yaml", "prompts/questions/question.yaml"):
        edit(copy.folder, f"resources/{path}", "# edited\n")
    copy.edit("sce/errors.py", '"""The one exception', '"""The only exception')
    assert copy.stale() == {}


def test_an_edited_module_asks_nothing_again(copy):
    before = copy.rows_in_ledger()
    edit(copy.folder, "sce/asking/conversations.py", "\nEDITED = True\n")
    copy.snakemake()
    assert copy.rows_in_ledger() == before
    assert copy.stale() == {}


def test_an_edited_condition_asks_that_condition_alone(copy):
    before = copy.rows_in_ledger()
    copy.edit("resources/prompts/conditions/minimal.yaml", "as little as possible", "as little as you can")
    assert copy.stale() == dict.fromkeys(EACH, 2) | ASKED
    copy.snakemake("scores")
    assert copy.rows_in_ledger() == before + 2 * 66


def test_an_edited_title_makes_maps_and_the_page_stale_and_asks_nothing(copy):
    copy.edit("resources/datasets/exam.yaml", "title: Exam", "title: The exam")
    assert copy.stale() == {"plot_boundary": 2, "build_page": 1}


def test_an_edited_level_asks_what_changed(copy):
    """One more level of the score: 6 new points, and all conditions, as their text lists the levels."""
    before = copy.rows_in_ledger()
    copy.edit("resources/datasets/exam.yaml", "last: 100, step: 10", "last: 110, step: 10")
    stale = copy.stale()
    assert stale == dict.fromkeys(EACH, 2) | {"build_grid": 1} | ASKED
    copy.snakemake("scores")
    assert copy.rows_in_ledger() > before + 2 * 3 * 6


def test_another_metric_measures_again_and_asks_nothing(copy):
    before = copy.rows_in_ledger()
    experiment = STUDY["experiments"]["main"]
    copy.configure(STUDY | {"experiments": {"main": experiment | {"metrics": ["gower", "l1"]}}})
    assert copy.stale() == {"measure_distances": 2, "score": 2} | MEASURED
    copy.snakemake("scores")
    assert copy.rows_in_ledger() == before


def test_lost_results_are_made_again_from_the_ledger(copy):
    before = copy.rows_in_ledger()
    scores = (copy.folder / "results/scores.csv").read_bytes()
    shutil.rmtree(copy.folder / "results")
    copy.snakemake("scores")
    assert (copy.folder / "results/scores.csv").read_bytes() == scores
    assert copy.rows_in_ledger() == before


def test_killed_at_any_moment_the_same_command_ends_in_the_same_scores(finished, tmp_path):
    project = Project(tmp_path)
    project.configure(STUDY)
    moments = random.Random(1)
    for _ in range(3):
        run = subprocess.Popen(
            project.command("scores", "--nolock"),
            cwd=project.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(moments.uniform(2, 7))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    project.snakemake("scores", "--nolock")
    expected = (finished.folder / "results/scores.csv").read_bytes()
    assert (project.folder / "results/scores.csv").read_bytes() == expected
    assert project.rows_in_ledger() == finished.rows_in_ledger()


def test_what_snakemake_would_not_tell_of_a_configuration_is_told(tmp_path):
    project = Project(tmp_path / "project")
    project.configure("models:\n  a: {engine: control}\n  a: {engine: openai}\n")
    out = project.snakemake("--dry-run", ok=False)
    assert "config/config.yaml: models.a: found 'the same key twice (line 3)'; allowed: each key once" in out
    project.configure("models: {a: [\n")
    out = project.snakemake("--dry-run", ok=False)
    assert "config/config.yaml: syntax: found" in out
    assert "line 2" in out


def test_off_grid_sces_are_verified_and_every_metric_has_its_matrix(tmp_path):
    """One in five of the respondent's SCEs is off the grid, and is asked about in a fresh conversation."""
    project = Project(tmp_path / "project")
    experiment = {
        "models": ["malformed"], "datasets": ["exam"], "conditions": ["minimal"],
        "metrics": ["gower", "semantic"], "verify_off_grid": True,
    }  # fmt: skip
    models = {"malformed": {"engine": "control", "policy": "malformed"}}
    project.configure({"models": models, "experiments": {"main": experiment}})
    project.snakemake("scores", "distance_matrices")
    responses = pd.read_parquet(project.folder / "results/malformed/exam/responses.parquet")
    verified = responses[responses["kind"] == "verification"]
    assert len(verified) == sum(point % 5 == 2 for point in range(66)) == 13
    scores = pd.read_csv(project.folder / "results/scores.csv").set_index(["metric", "score"])
    for metric in ("gower", "semantic"):
        assert scores.value[metric, "n_off_grid"] == 13
        assert scores.n[metric, "validity_with_off_grid"] == 13  # no other SCE of theirs can be judged
        assert 0 <= scores.value[metric, "validity_with_off_grid"] <= 1
        matrix = np.load(project.folder / f"resources/distance_matrices/exam_{metric}.npy")
        assert matrix.shape == (66, 66)
        assert np.allclose(matrix, matrix.T)
        assert np.allclose(np.diag(matrix), 0, atol=1e-6)
