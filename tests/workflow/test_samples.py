"""Questions asked several times, through the whole workflow: a control that wavers at a known rate."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from sce.files import artifacts
from sce.study.show_command import verdicts
from tests.conftest import Project
from tests.workflow.conftest import TINY, copy_of
from tests.workflow.plants import more, setting
from tests.workflow.test_audit import audited

PAIR = "results/wavering/tiny"
CONDITIONS = ["unconstrained", "minimal"]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("sampled") / "project")
    (project.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    once = {"models": ["steady"], "datasets": ["tiny"], "conditions": CONDITIONS}
    project.configure(
        {
            "models": {
                "wavering": {"engine": "control", "policy": "nearest", "wavers": 0.25},
                "steady": {"engine": "control", "policy": "nearest"},
            },
            "experiments": {
                "often": once | {"models": ["wavering"], "samples": 5},
                "further": once | {"models": ["wavering"], "several": ["several"]},
                "once": once,
            },
        }
    )
    project.snakemake("audit", "results/report.html", f"{PAIR}/boundary.png")
    return project


def read(project, path):
    return artifacts.read(project.folder / path)


def test_what_the_samples_end_in(sampled):
    raw = read(sampled, f"{PAIR}/responses.parquet")
    assert raw["kind"].value_counts().to_dict() == {"question": 180, "condition": 360, "several": 36}
    assert raw["digest"].nunique() == len(raw)
    boundary = read(sampled, f"{PAIR}/boundary.parquet")
    assert (boundary["askings"] == 5).all()
    steady = read(sampled, "results/steady/tiny/boundary.parquet")
    away = (boundary["share_1"] - (steady["prediction"] == "Pass")).abs()
    assert away.mean() == pytest.approx(0.25 * 4 / 5, abs=0.06)  # the first asking never wavers
    assert ((away < 0.5) == (boundary["prediction"] == steady["prediction"])).all()
    scores = pd.read_csv(sampled.folder / "results/scores.csv")
    scores = scores.set_index(["model", "condition", "score"]).sort_index()
    mine = scores.loc["wavering", "minimal"]
    assert mine.n["validity"] == mine.n["validity_probability"] == 180
    assert mine.value["validity"] > mine.value["validity_probability"] > 0.5
    assert mine.low["validity_probability"] < mine.value["validity_probability"] < mine.high["validity"]
    assert ("steady", "minimal", "validity_probability") not in scores.index
    shown = (sampled.folder / "results/experiments/often/scores.md").read_text()
    assert "validity_probability" in shown
    several = read(sampled, f"{PAIR}/several.parquet")
    assert several.set_index(["condition", "score"])["n"].max() <= 36  # one a point


def test_what_is_asked_once_has_no_column_more(sampled):
    for name in ("responses", "boundary", "sce", "distances"):
        path = sampled.folder / f"results/steady/tiny/{name}.parquet"
        note = json.loads(pq.read_schema(path).metadata[b"sce"])
        assert note["artifact"] == name
        assert not {"sample", "askings"} & set(note["columns"])


def test_a_conversation_names_the_sample_of_its_verdict(sampled):
    rows = read(sampled, f"{PAIR}/distances.parquet")
    lines = verdicts(rows[(rows["point_id"] == 3) & (rows["condition"] == "minimal")])
    assert [line.split(":")[0] for line in lines] == [f"minimal, sample {n}, gower" for n in range(1, 6)]


@pytest.mark.parametrize(
    ("file", "column", "value"),
    [
        ("responses", "sample", 9),
        ("boundary", "share_1", more),
        ("boundary", "askings", 4),
        ("sce", "sample", 9),
        ("distances", "probability", more),
        ("distances", "askings", 4),
        ("scores", "value", more),
    ],
)
def test_the_audit_holds_samples_too(sampled, tmp_path, monkeypatch, file, column, value):
    copy = copy_of(sampled, tmp_path / "copy")
    where = (lambda row: row["score"] == "validity_probability") if file == "scores" else lambda row: True
    setting(f"{PAIR}/{file}.parquet", column, value, where)(copy.folder)
    found = audited(copy, monkeypatch)
    assert any(str(path).endswith(f"{PAIR}/{file}.parquet") for path in found.files), found.problems
