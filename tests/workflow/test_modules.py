"""The workflow used from a folder outside the checkout, as docs/modules.md says."""

import json
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from sce.files import artifacts
from sce.study.parameters import content
from sce.wordings.prompts import load_prompt, prompt_file
from tests import warm_python
from tests.conftest import ROOT, Project, run_to_its_end
from tests.faults import Provider, served
from tests.workflow.conftest import TINY
from tests.workflow.git_host import RULES, GitHost

PAGE = (ROOT / "docs/modules.md").read_text()
[SNAKEFILE] = re.findall(r"```python\n(.*?)```", PAGE, re.S)
[COMMANDS] = re.findall(r"test_modules.py -->\n```sh\n(.*?)```", PAGE, re.S)
CHECKOUT = "/path/to/the/checkout"
FROM_TAG = 'github("lab/boundaries", path="workflow/Snakefile", tag="v1")'
SHIPPED = re.findall(r'"(\w+)"', re.search(r"SHIPPED = (.*)", (ROOT / "setup.py").read_text())[1])
STUDY = {
    "models": {"near": {"engine": "control", "policy": "nearest"}},
    "experiments": {"main": {"models": ["near"], "datasets": ["tiny"], "conditions": ["minimal"]}},
}
OWN_WORDING = """
name: minimal
kind: condition
text: "Change as few things as you can so that your answer would have been {target}. {levels} {record}"
"""


@pytest.fixture
def folder(tmp_path):
    """What a user has: a configuration, a dataset and a wording that goes by the name of one of ours."""
    for name, text in (
        ("config/config.yaml", yaml.safe_dump(STUDY)),
        ("resources/datasets/tiny.yaml", TINY),
        ("resources/prompts/minimal.yaml", OWN_WORDING),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def snakemake(folder, *options, **settings):
    return Project.at(folder).snakemake(*options, **settings)


def validity(file):
    return pd.read_csv(file).set_index("score")["value"]["validity"]


def test_a_folder_of_ones_own_makes_the_scores(folder):
    snakefile = SNAKEFILE.replace(CHECKOUT, str(ROOT))
    (folder / "Snakefile").write_text(snakefile)
    assert len(snakefile.splitlines()) <= 10
    snakemake(folder, "scores")
    assert validity(folder / "results/scores.csv") == 1
    asked = artifacts.provenance(folder / "results/near/tiny/responses.parquet")["params"]["asked"]
    assert asked["wordings"]["minimal"] == content(load_prompt(folder / "resources/prompts/minimal.yaml"))
    assert asked["wordings"]["question"] == content(load_prompt(prompt_file("question")))
    everything, scores, plan = [line.partition("#")[0].split() for line in COMMANDS.splitlines()]
    assert "build_page" in snakemake(folder, *everything[1:], "--dry-run")
    assert "Nothing to be done" in snakemake(folder, *scores[1:], "--dry-run")
    done = run_to_its_end([warm_python.command(), *plan[1:]], folder, env={"PYTHONPATH": str(ROOT)})
    assert re.search(r"near +tiny +72 +72 ", done)  # questions, answered

    (folder / "Snakefile").write_text(
        snakefile.replace("config: config", 'config: config\n    prefix: "second"')
    )
    snakemake(folder, "scores")
    assert validity(folder / "second/results/scores.csv") == 1


def test_the_checkout_runs_in_another_directory_with_the_study_of_a_minute(tmp_path):
    folder = tmp_path / "elsewhere"
    shutil.copytree(ROOT / ".test/config", folder / "config")
    snakemake(tmp_path, "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder), "scores")
    scores = pd.read_csv(folder / "results/scores.csv").query("score == 'validity'")
    assert set(scores.query("model == 'nearest'")["value"]) == {1}
    assert set(scores.query("model == 'timid'")["value"]) == {0}


@pytest.fixture
def installed(tmp_path):
    """A folder with the package as an environment has it."""
    package = tmp_path / "site/sce"
    shutil.copytree(ROOT / "sce", package)
    for name in SHIPPED:
        shutil.copytree(ROOT / name, package / "shipped" / name)
    return str(package.parent)


def test_rules_from_a_tag_run_with_the_installed_package(folder, tmp_path, installed):
    host = GitHost(tmp_path, "lab/boundaries", RULES)
    host.tag("v1")
    rules = host.work / "workflow/rules/scores.smk"
    rules.write_text(rules.read_text().replace("4000", "5000"))
    host.tag("v2")
    env = host.environment
    (folder / "config/config.yaml").rename(folder / "study.yaml")
    snakefile = SNAKEFILE.replace("config/config.yaml", "study.yaml")
    snakefile = snakefile.replace(f'"{CHECKOUT}/workflow/Snakefile"', FROM_TAG)
    (folder / "Snakefile").write_text(snakefile)
    assert "has none. Install it: pip install" in snakemake(folder, ok=False, env=env)

    env["PYTHONPATH"] = installed
    made = "results/near/tiny/sce.parquet"
    snakemake(folder, made, env=env)
    assert len(pd.read_parquet(folder / made)) == 36
    asked = artifacts.provenance(folder / "results/near/tiny/responses.parquet")["params"]["asked"]
    assert asked["wordings"]["minimal"] == content(load_prompt(folder / "resources/prompts/minimal.yaml"))
    assert os.listdir(folder / ".snakemake/package") == ["sce"]  # nothing else of that environment
    assert "Nothing to be done" in snakemake(folder, made, "--dry-run", env=env)

    (folder / "Snakefile").write_text(snakefile.replace("v1", "v2"))
    told = snakemake(folder, ok=False, env=env)
    assert "are of different versions (the first difference: rules/scores.smk)" in told


def by_income(request):
    """Approved from 40,000 on; the SCE is the same application with the highest income, or the lowest."""
    messages = request["messages"]
    loan = dict(re.findall(r"The (\w+)[^:\n]* is: (\w+)", messages[0]["content"]))
    if len(messages) == 1:
        return json.dumps({"answer": "Approved" if int(loan["yearly"]) >= 40000 else "Rejected"})
    income = 80000 if "been Approved" in messages[-1]["content"] else 20000
    late = int(loan["number"])
    return json.dumps({
        "income": income, "amount": int(loan["amount"]), "late_payments": late,
        "purpose": loan["purpose"], "employed": re.search(r"permanent job: (\w+)", messages[0]["content"])[1],
    })  # fmt: skip


def test_a_new_study_runs_as_it_is_and_with_a_model_of_ones_own(tmp_path):
    folder = tmp_path / "my study"
    command = [sys.executable, "-m", "sce", "new", str(folder)]
    assert "snakemake --cores 2" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    snakemake(folder, "scores")
    assert (validity(folder / "results/scores.csv") == 1).all()  # of both conditions
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 2
    assert again.stderr.endswith("my study'; allowed: a new or an empty folder\n")

    provider = Provider(["the-name-of-the-model"], by_income, key="sk-of-loopback-0123456789")
    with served(provider) as url:
        file = folder / "config/config.yaml"
        text = re.sub(r"^  # (mine:|  )", r"  \1", file.read_text(), flags=re.M)
        text = text.replace("https://models.example.org", url).replace("[nearest]", "[nearest, mine]")
        file.write_text(text)
        (folder / ".env").write_text("MY_KEY=sk-of-loopback-0123456789\n")
        snakemake(folder, "scores")
    scores = pd.read_csv(folder / "results/scores.csv").set_index(["model", "condition", "score"])["value"]
    assert scores["mine", "closest", "validity"] == 1
    assert scores["mine", "closest", "mean_excess"] > 0
    assert len(provider.seen) == 3 * 288
