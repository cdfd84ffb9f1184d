"""Every example of docs/results.md runs by itself, on a small study."""

import re
import subprocess
import sys

import pandas as pd
import pytest

from docs import own_figure
from tests.conftest import ROOT
from tests.showing.page_study import made_study

SECTIONS = re.split(r"^## ", (ROOT / "docs/results.md").read_text(), flags=re.M)[1:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("project")
    made_study(found / "results")
    return found


@pytest.mark.parametrize("section", SECTIONS, ids=[section.split("\n")[0] for section in SECTIONS])
def test_the_examples_of_a_section_run(section, folder, monkeypatch, capsys):
    for library in ("polars", "duckdb"):
        if f"import {library}" in section:
            pytest.importorskip(library, reason=f"no {library}: pip install {library}")
    monkeypatch.chdir(folder)
    for block in re.findall(r"```python\n(.*?)```", section, re.S):
        exec(block.replace("smollm2", "plain"), {})
    assert capsys.readouterr().out or (folder / "distances.png").stat().st_size > 1000


def test_the_script_makes_a_figure_from_artifacts(folder, tmp_path):
    files = [tmp_path / f"far.{form}" for form in ("png", "svg", "pdf")]
    command = [sys.executable, "-m", "docs.own_figure", folder / "results", "plain", "weather", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(path.stat().st_size > 5000 for path in files)


def test_validity_by_distance_is_over_equal_groups():
    rows = pd.DataFrame({"nearest_distance": [4, 1, 2, 3, None], "valid": [False, True, True, False, True]})
    assert own_figure.validity_by_distance(rows) == [(1, 100), (2, 100), (3, 0), (4, 0)]
