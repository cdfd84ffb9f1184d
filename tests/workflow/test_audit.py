"""The audit passes on what the workflow made, and finds damage planted at every link of the chain."""

import json
import shutil
from pathlib import Path

import pytest

from sce import __main__ as sce
from sce.auditing.audit import audit
from sce.files.json_files import exact
from sce.files.yaml_files import read_yaml
from sce.money.prices import load_prices
from sce.showing.page import document, experiments
from sce.showing.page.contents import TABLES, PairFiles, collect
from sce.study import targets
from sce.study.study import load
from tests.workflow.conftest import copy_of
from tests.workflow.plants import BAD, NEAR, PAGE, PLANTS, D, in_page, kept, more, setting


def audited(project, monkeypatch):
    monkeypatch.chdir(project.folder)
    config = "config/config.yaml"
    return audit(load(read_yaml(config), config), load_prices(), Path("results"))


def test_what_the_workflow_made_passes(studied, monkeypatch, capsys):
    found = audited(studied, monkeypatch)
    assert found.problems == []
    assert found.notes == []
    expected = {"distances", "scores", "intervals", "adjusted p", "values of the page"}
    expected |= {"digests", "requests derived anew", "parameters in metadata"}
    assert expected <= {kind for kind, number in found.checked.items() if number > 10}
    assert sce.main(["audit"]) == 0
    assert "audit passed" in capsys.readouterr().out
    before = {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")}
    assert sce.main(["audit"]) == 0
    assert before == {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")}


def test_conversations_in_pages_of_their_own(studied, monkeypatch):
    monkeypatch.chdir(studied.folder)
    study = load(read_yaml("config/config.yaml"), "the configuration")
    names = ("responses", "boundary", "sce", "distances")
    files = [PairFiles(*pair, *(studied.folder / f"{at}/{name}.parquet" for name in names))
             for pair, at in zip(study.pairs, (NEAR, BAD), strict=True)]  # fmt: skip
    tables = {name: Path(f"results/{name}.parquet") for name in TABLES}
    found = collect(tables, files, study.datasets, json.loads(exact(study.shapes)))
    listed = targets.of_page(study)
    figures, captions = ([f"{stem}.{form}" for _, stem in listed["figures"]] for form in ("svg", "txt"))
    shown = [f"results/experiments/{name}/{table}.parquet" for name, table in listed["tables"]]
    experiments.add(found, listed, figures, captions, shown)
    document.write(found, PAGE, "results/report_conversations", limit=10_000)
    assert audited(studied, monkeypatch).problems == []
    page = "results/report_conversations/bad--tiny.html"
    in_page("talk1", lambda talk: talk["turns"][1]["reply"].__setitem__(5, "Fail."), page)(studied.folder)
    assert [str(path) for path in audited(studied, monkeypatch).files] == [page]


@pytest.fixture(scope="module")
def ground(controls, tmp_path_factory):
    return copy_of(controls, tmp_path_factory.mktemp("ground") / "copy")


@pytest.fixture
def restored(controls, ground):
    """A copy whose results, ledger and configuration are sound again after each test."""
    yield ground
    for name in ("results", "ledger", "config", "resources"):
        shutil.rmtree(ground.folder / name, ignore_errors=True)
        shutil.copytree(controls.folder / name, ground.folder / name)


@pytest.mark.slow
@pytest.mark.plants
@pytest.mark.parametrize("plant", PLANTS)
def test_planted_damage_is_found(restored, monkeypatch, plant):
    how, named = PLANTS[plant]
    how(restored.folder)
    found = audited(restored, monkeypatch)
    assert any(named in str(file) for file in found.files), found.problems
    assert all(": " in problem for problem in found.problems)


def test_the_target_of_the_workflow(controls, studied):
    assert "audit passed" in (controls.folder / "audited.txt").read_text()
    setting(D, "distance", more, kept)(studied.folder)
    out = studied.snakemake("audit", ok=False)
    assert "AUDIT FAILED" in out
    assert D in out
