"""The archive: others rescore from it, and nobody is asked."""

import gzip
import os
import sqlite3
import subprocess
import sys
import zipfile

import pandas as pd
import pytest
import yaml

from tests.conftest import ROOT, Project
from tests.exporting.conftest import KEY, export
from tests.workflow.conftest import copy_of

N = 36  # points of tiny


@pytest.fixture(scope="module")
def archive(study, tmp_path_factory):
    target = tmp_path_factory.mktemp("archive") / "study.zip"
    assert f"{4 * N:,} answers" in export(study, "archive", target)
    return target


def test_the_same_content_has_the_same_bytes(study, archive, tmp_path):
    export(study, "archive", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_nothing_of_this_machine_is_in_it(study, archive):
    with zipfile.ZipFile(archive) as packed:
        texts = {name: packed.read(name) for name in packed.namelist()}
    texts["ledger.jsonl.gz"] = gzip.decompress(texts["ledger.jsonl.gz"])
    assert set(texts) == {
        "CITATION.cff", "README.md", "config/config.yaml", "expected/scores.csv", "ledger.jsonl.gz",
        "resources/LICENSE.md", "resources/datasets/tiny.yaml", "resources/prompts/minimal.yaml",
        "resources/prompts/question.yaml", "versions.json",
    }  # fmt: skip
    for forbidden in (KEY, "127.0.0.1", str(study.folder), str(ROOT)):
        assert [name for name, text in texts.items() if forbidden.encode() in text] == []
    remote = yaml.safe_load(texts["config/config.yaml"])["models"]["remote"]
    assert remote == {
        "engine": "openai", "model": "tiny", "base_url": "https://endpoint.invalid/v1",
        "api_key_env": "LOOP_KEY", "system": "Be brief.", "retry": [],
    }  # fmt: skip
    assert b"Ada Lovelace, The Analytical Society" in texts["README.md"]
    assert b"CC0-1.0" in texts["README.md"]


def test_others_compute_the_scores_and_a_new_one_and_ask_nothing(study, archive, tmp_path):
    folder = tmp_path / "another lab"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    env = {name: value for name, value in os.environ.items() if name != "LOOP_KEY"} | {
        "PYTHONPATH": str(ROOT)
    }

    def sce(*arguments):
        command = [sys.executable, "-m", "sce", *arguments]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True).stdout

    assert f"{4 * N} added" in sce("ledger", "import", "ledger.jsonl.gz")
    config = yaml.safe_load((folder / "config/config.yaml").read_text())
    config["experiments"]["main"]["metrics"].append("l1")
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config))
    snakefile = ("--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder))
    Project.at(tmp_path).snakemake(*snakefile, "scores")
    ours = pd.read_csv(folder / "results/scores.csv")
    assert set(ours["metric"]) == {"gower", "l1"}
    pd.testing.assert_frame_equal(
        ours[ours["metric"] == "gower"].reset_index(drop=True), pd.read_csv(folder / "expected/scores.csv")
    )
    remote = ours[(ours["model"] == "remote") & (ours["metric"] == "l1")].set_index("score")["value"]
    assert remote["n_kept"] == N - 1
    assert remote["validity"] == 1
    # 0, 20, 40, 60, 80, 100 go to 60, 60, 60, 40, 40, 40; only 40 and 60 need no more than they do: none.
    assert remote["mean_excess"] == 0
    asked = 0
    for file in (folder / "ledger").glob("*.sqlite"):
        with sqlite3.connect(file) as db:
            asked += db.execute("SELECT count(*) FROM responses").fetchone()[0]
    assert asked == 4 * N


def test_a_study_that_lacks_answers_is_refused(study, tmp_path):
    copy = copy_of(study, tmp_path / "copy")
    for file in (copy.folder / "ledger").glob("openai-*.sqlite"):
        with sqlite3.connect(file) as db:
            db.execute("DELETE FROM responses WHERE id % 8 = 3")
    told = export(copy, "archive", tmp_path / "lacking.zip", ok=False)
    assert "without an answer; allowed: answers to every question in the ledger" in told.replace("'", "")
    assert not (tmp_path / "lacking.zip").exists()
