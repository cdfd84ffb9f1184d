"""docs/extending.md, run as it stands: an engine and a kind of experiment from outside the package."""

import re

import pandas as pd
import yaml

from sce.files import artifacts
from tests.conftest import ROOT

PAGE = (ROOT / "docs/extending.md").read_text().split("\n## Extensions")[1]
TARGETS = ("scores", "experiments")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def test_an_engine_and_an_experiment_from_outside_the_package(project):
    for code in blocks("python"):
        name = re.match(r"# (\w+\.py)\n", code)[1]
        (project.folder / name).write_text(code)
    content = {key: value for text in blocks("yaml") for key, value in yaml.safe_load(text).items()}
    project.configure(content)
    plan = project.snakemake("plan")
    assert re.search(r"shouter +exam +198 ", plan)
    project.snakemake(*TARGETS)

    table = pd.read_csv(project.folder / "results/experiments/form/letters.csv").set_index("model")["value"]
    assert table.to_dict() == {"shouter": 0, "echo": 1}
    assert (project.folder / "results/experiments/form/letters_panels.png").exists()
    boundary = artifacts.read(project.folder / "results/shouter/exam/boundary.parquet")
    assert boundary["prediction"].nunique() == 1
    scores = pd.read_csv(project.folder / "results/scores.csv").set_index(["model", "score"])["value"]
    assert scores["shouter", "mean_distance"] == 0
    assert project.rows_in_ledger() == 2 * 3 * 66
    assert project.stale(*TARGETS) == {}

    module = project.folder / "letters.py"
    module.write_text(module.read_text().replace("== 1", "== 2"))
    stale = project.stale(*TARGETS)
    assert stale["measure_kind"] == 2
    assert stale["elicit"] == 2  # it asks, too; the ledger answers
    project.snakemake(*TARGETS)
    assert project.rows_in_ledger() == 2 * 3 * 66


def test_an_extension_that_is_none_is_named(project):
    (project.folder / "broken.py").write_text("import nothing_of_this_name\n")
    (project.folder / "empty.py").write_text("x = 1\n")
    experiment = {"e": {"models": ["m"], "datasets": ["exam"]}}
    content = {"models": {"m": {"engine": "control", "policy": "echo"}}, "experiments": experiment}
    for name, found in (
        ("broken", "nothing_of_this_name"),
        ("empty", "ENTRY"),
        ("missing", "No module named"),
    ):
        project.configure(content | {"extensions": [name]})
        out = project.snakemake("--dry-run", ok=False)
        assert "config/config.yaml: extensions: found" in out
        assert found in out
