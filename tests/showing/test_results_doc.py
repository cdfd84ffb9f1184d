"""Every example of docs/results.md runs by itself, on a small study."""

import re

import pytest

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
