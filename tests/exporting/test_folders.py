"""The folders for others' tools: what is in them, and what is not."""

import hashlib
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from sce.errors import InputError
from sce.exporting.origin import origin_of_study
from sce.files import artifacts
from tests.conftest import ROOT
from tests.exporting.conftest import KEY, TABLES, export
from tests.workflow.conftest import copy_of
from tests.workflow.test_secrets import contents

FORMS = ("hugging-face", "ro-crate")


@pytest.fixture(scope="module")
def folders(study, tmp_path_factory):
    """Form -> the folder that was written."""
    place = tmp_path_factory.mktemp("exports")
    for form in FORMS:
        export(study, form, place / form)
    return {form: place / form for form in FORMS}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_card_names_every_table(study, folders):
    folder = folders["hugging-face"]
    _, header, text = (folder / "README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(header)
    assert (card["license"], card["size_categories"]) == ("cc0-1.0", ["n<1K"])
    files = {config["config_name"]: config["data_files"][0]["path"] for config in card["configs"]}
    wanted = {*TABLES, "responses", "distances", "boundary_tiny", "sce_tiny"}
    assert set(files) == wanted - {"failures"}  # nothing failed, and `datasets` reads no empty table
    assert set(files.values()) == {path.relative_to(folder).as_posix() for path in folder.glob("data/*")}
    for name, file in files.items():
        table = pq.read_table(folder / file)
        assert f"| `{name}` | {table.num_rows} |" in text
    assert "Ada Lovelace" in text


def test_tables_of_all_models_are_one(study, folders):
    folder = folders["hugging-face"] / "data"
    responses = pd.read_parquet(folder / "responses.parquet")
    assert list(responses.columns[:3]) == ["model", "dataset", "kind"]
    assert responses.groupby("model").size().to_dict() == {"remote": 72, "near": 72}
    own = artifacts.read(study.folder / "results/near/tiny/sce.parquet")
    shared = pd.read_parquet(folder / "sce_tiny.parquet").query("model == 'near'")
    assert shared["sce_score"].tolist() == own["sce_score"].tolist()


def test_croissant_describes_the_files_as_they_are(folders):
    folder = folders["hugging-face"]
    metadata = json.loads((folder / "croissant.json").read_text())
    assert [author["@type"] for author in metadata["creator"]] == ["sc:Person", "sc:Organization"]
    for file in metadata["distribution"]:
        assert file["sha256"] == digest(folder / file["contentUrl"])
    for records in metadata["recordSet"]:
        columns = pq.read_schema(folder / f"data/{records['@id']}.parquet").names
        assert [field["source"]["extract"]["column"] for field in records["field"]] == columns


def test_the_crate_holds_all_that_it_names(study, folders):
    folder = folders["ro-crate"]
    entities = {e["@id"]: e for e in json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]}
    root, run, main = entities["./"], entities["#run"], entities["workflow/Snakefile"]
    parts = {part["@id"] for part in root["hasPart"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert parts == there - {"ro-crate-metadata.json"}
    for name in parts - {"workflow/Snakefile"}:
        assert entities[name]["sha256"] == digest(folder / name)
    assert "ComputationalWorkflow" in main["@type"]
    assert run["instrument"] == root["mainEntity"] == {"@id": "workflow/Snakefile"}
    assert {given["@id"] for given in run["object"]} == {
        "config/config.yaml", "resources/datasets/tiny.yaml", "resources/prompts/minimal.yaml",
        "resources/prompts/question.yaml",
    }  # fmt: skip
    made = {result["@id"] for result in run["result"]}
    assert {"results/scores.csv", "results/remote/tiny/responses.parquet"} <= made
    assert run["startTime"] <= run["endTime"] == root["datePublished"]
    assert entities["#author-0"]["name"] == "Ada Lovelace"
    for name in made:
        assert (folder / name).read_bytes() == (study.folder / name).read_bytes()  # nothing had to go


def leaking(folder, *forbidden):
    held = [part.encode() for part in forbidden]
    paths = filter(lambda path: path.is_file(), folder.rglob("*"))
    return [str(path) for path in paths for raw in contents(path) if any(part in raw for part in held)]


@pytest.mark.parametrize("form", FORMS)
def test_no_key_address_or_path_leaves(study, form, tmp_path):
    copy = copy_of(study, tmp_path / "copy")
    path = copy.folder / "results/remote/tiny/responses.parquet"
    table = artifacts.read(path)
    table.loc[3, "response"] += f" {KEY}"
    table.loc[4, "error"] = "no answer from http://gpu-node-7:8000/v1: see /home/me/logs/run.log"
    artifacts.write(table, path, "responses", provenance={"params": artifacts.provenance(path)["params"]})
    (copy.folder / "results/report.html").write_text("of all replies")
    export(copy, form, tmp_path / "out")
    forbidden = (KEY, "gpu-node-7", "/home/me", "127.0.0.1", str(copy.folder), str(study.folder), str(ROOT))
    assert leaking(tmp_path / "out", *forbidden) == []
    assert not (tmp_path / "out/results/report.html").exists()


def test_what_cannot_be_exported_is_said(study, tmp_path):
    copy = copy_of(study, tmp_path / "copy")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/note").touch()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    refused = {
        ("ro-crate", tmp_path / "full"): "a new or an empty folder",
        ("archive", tmp_path / "a.tar"): "a name that ends in .zip",
        ("ro-crate", tmp_path / "full/note/new"): "a place that can be written (File exists)",
        ("archive", tmp_path / f"{'n' * 252}.zip"): "a place that can be written (File name too long)",
        ("ro-crate", tmp_path / "gone"): "a new or an empty folder",
        ("ro-crate", tmp_path / "new", "--results", "elsewhere"): "elsewhere: folder: found 'missing'",
    }
    for arguments, told in refused.items():
        assert told in export(copy, *arguments, ok=False)
    (copy.folder / "results/near/tiny/sce.parquet").unlink()
    told = export(copy, "hugging-face", tmp_path / "new", ok=False)
    assert "1 missing: near/tiny/sce.parquet" in told
    copy_2 = copy_of(study, tmp_path / "copy 2")
    copy_2.edit("config/config.yaml", "Be brief.", "Be long.")
    told = export(copy_2, "hugging-face", tmp_path / "new", ok=False)
    assert "remote/tiny/responses.parquet: asked: found 'another model'" in told
    copy_3 = copy_of(study, tmp_path / "copy 3")
    copy_3.edit("config/config.yaml", "- gower", "- l1")
    told = export(copy_3, "hugging-face", tmp_path / "new", ok=False)
    assert "remote/tiny/distances.parquet: made from: found 'another metrics'" in told
    assert not (tmp_path / "new").exists()
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("citation", "told"),
    [
        ("authors: [{name: 5}]", "authors: found [{'name': 5}]"),
        ("authors: [{family-names: {a: b}}]", "authors: found"),
        ("authors: [{name: A}]\ntitle:", "title: found None"),
        ("authors: [{name: A}]\nlicense: [MIT, Apache-2.0]", "license: found ['MIT', 'Apache-2.0']"),
        ("authors: [{name: A}]\nlicense: MIT or so", "one SPDX identifier, such as CC-BY-4.0"),
        ("authors: [{name: A}]\nmessage: sk-abcdefghij0123456789", "message: found '[a key, hidden]'"),
    ],
)
def test_a_citation_that_cannot_be_read_is_refused(citation, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "CITATION.cff").write_text(citation)
    with pytest.raises(InputError) as refused:
        origin_of_study()
    assert told in str(refused.value)
