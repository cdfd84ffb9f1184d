"""A small study of a model behind an endpoint that is gone, run to its end, for the tests of exports."""

import io
import json
import re
from contextlib import chdir, redirect_stderr, redirect_stdout

import pytest

from sce.__main__ import main
from tests.conftest import Project
from tests.faults import Provider, served
from tests.workflow.conftest import TINY, made_once

KEY = "loopkey-51c8de07b3f9a2"
TABLES = ("scores", "differences", "boundaries", "usage", "failures")
AUTHORS = """
cff-version: 1.2.0
message: Cite it.
title: Where two respondents change their minds
license: CC0-1.0
authors:
  - {family-names: Lovelace, given-names: Ada, orcid: "https://orcid.org/0000-0000-0000-0001"}
  - {name: The Analytical Society}
"""


def passes_from_60(request):
    """Pass from a score of 60 on; the SCE moves the score alone, to 60 or to 40. One SCE cannot be read."""
    said = [message["content"] for message in request["messages"] if message["role"] == "user"]
    score, school, absences = re.search(
        r"Score: (\d+).*School: (\w+).*Absences: (\d)", said[0], re.S
    ).groups()
    if len(said) == 1:
        return json.dumps({"answer": "Pass" if int(score) >= 60 else "Fail"})
    if (score, school, absences) == ("0", "north", "0"):
        return "I would rather not."
    other = 60 if int(score) < 60 else 40
    return json.dumps({"score": other, "school": school, "absences": int(absences)})


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """The project of the study, with its results. Not to be changed."""

    def run(project):
        folder = project.folder
        (folder / "resources/datasets/tiny.yaml").write_text(TINY)
        (folder / "CITATION.cff").write_text(AUTHORS)
        with served(Provider(reply=passes_from_60, key=KEY)) as url:
            remote = {
                "engine": "openai", "model": "tiny", "base_url": f"{url}/v1", "api_key_env": "LOOP_KEY",
                "system": "Be brief.", "requests_per_minute": 1e6, "max_failed_share": 0, "attempts": 1,
            }  # fmt: skip
            experiment = {
                "models": ["remote", "near"], "datasets": ["tiny"], "conditions": ["minimal"],
                "metrics": ["gower"],
            }  # fmt: skip
            models = {"remote": remote, "near": {"engine": "control", "policy": "nearest"}}
            project.configure({"models": models, "experiments": {"main": experiment}})
            tables = [f"results/{name}.parquet" for name in TABLES]
            project.snakemake(*tables, env={"LOOP_KEY": KEY})

    return made_once(tmp_path_factory, "exported", run)


def export(project: Project, *arguments, ok=True) -> str:
    """What ``python -m sce export`` prints in the folder of a project."""
    with chdir(project.folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOP_KEY", KEY)
        said, problems = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(problems):
            status = main(["export", *map(str, arguments)])
    assert (status == 0) == ok, problems.getvalue()
    return said.getvalue() if ok else problems.getvalue()
