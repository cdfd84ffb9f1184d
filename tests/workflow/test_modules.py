"""The workflow used from a folder outside the checkout, as docs/modules.md says."""

import re

import pandas as pd
import pytest
import yaml

from sce.files import artifacts
from sce.study.parameters import content
from sce.wordings.prompts import load_prompt, prompt_file
from tests.conftest import ROOT, Project
from tests.workflow.conftest import TINY

PAGE = (ROOT / "docs/modules.md").read_text()
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


def snakemake(folder, *options):
    return Project.at(folder).snakemake(*options)


def validity(file):
    return pd.read_csv(file).set_index("score")["value"]["validity"]


def test_a_folder_of_ones_own_makes_the_scores(folder):
    [snakefile] = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    snakefile = snakefile.replace("/path/to/the/checkout", str(ROOT))
    (folder / "Snakefile").write_text(snakefile)
    snakemake(folder, "scores")
    assert validity(folder / "results/scores.csv") == 1
    asked = artifacts.provenance(folder / "results/near/tiny/responses.parquet")["params"]["asked"]
    assert asked["wordings"]["minimal"] == content(load_prompt(folder / "resources/prompts/minimal.yaml"))
    assert asked["wordings"]["question"] == content(load_prompt(prompt_file("question")))
    assert "Nothing to be done" in snakemake(folder, "scores", "--dry-run")

    (folder / "Snakefile").write_text(
        snakefile.replace("config: config", 'config: config\n    prefix: "second"')
    )
    snakemake(folder, "scores")
    assert validity(folder / "second/results/scores.csv") == 1


def test_the_checkout_runs_in_another_directory(folder):
    elsewhere = folder.parent
    snakemake(elsewhere, "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder), "scores")
    assert validity(folder / "results/scores.csv") == 1
