"""The page that a run ends in: what it holds, and that it is safe to open."""

import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sce.files import artifacts
from sce.measuring import boundaries
from sce.showing.page import document, experiments, fates, findings, pairs
from tests.showing.page_study import HUGE, MARKUP, SVG, WEATHER, made_study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return made_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    document.write(study, folder / "report.html", folder / "conversations")
    assert beside(folder / "conversations") == set()
    return (folder / "report.html").read_text()


def beside(folder):
    """The pages of conversations in a folder."""
    return {path.name for path in folder.glob("*.html")}


def array(study, model, name):
    """An array of a pair, as the page reads it."""
    pair = next(each for each in study.study["pairs"] if each["model"] == model)
    content, start = gzip.decompress(study.blobs[pair["map"]]), 0
    for key, kind, length in pair["layout"]:
        dtype = {"u8": np.uint8, "i32": np.int32, "f32": np.float32}[kind]
        found = np.frombuffer(content, dtype, length, start)
        start += found.nbytes
        if key == name:
            return found
    raise KeyError(name)


def talk(study, model):
    pair = next(each for each in study.study["pairs"] if each["model"] == model)
    return json.loads(gzip.decompress(study.blobs[pair["talk"]]))


def test_every_row_has_its_fate():
    nan = float("nan")
    rows = [
        ("kept", True, 0.2, 0.2, 0.0, "minimal"),
        ("kept", True, 0.5, 0.2, 0.3, "too_far"),
        ("kept", False, 0.1, 0.2, nan, "too_near"),
        ("kept", False, 0.2, 0.2, nan, "astray"),
        ("kept", False, 0.3, nan, nan, "no_boundary"),
        ("no_prediction_at_sce", None, nan, nan, nan, "unjudged"),
        ("off_grid", None, nan, nan, nan, "off_grid"),
        ("off_grid", True, nan, nan, nan, "off_grid"),
        ("unparseable_sce", None, nan, nan, nan, "unreadable"),
        ("missing_feature", None, nan, nan, nan, "unreadable"),
        ("request_failed", None, nan, nan, nan, "unanswered"),
        ("truncated", None, nan, nan, nan, "unanswered"),
        ("refused", None, nan, nan, nan, "unanswered"),
        ("no_prediction", None, nan, nan, nan, "not_asked"),
    ]
    columns = ["status", "valid", "distance", "nearest_distance", "excess", "fate"]
    table = pd.DataFrame(rows, columns=columns).astype({"valid": "boolean"})
    assert [list(fates.FATES)[code] for code in fates.fates(table)] == table["fate"].tolist()
    assert sorted(fate for lost in fates.STAGES.values() for fate in [*lost]) == sorted(
        {*fates.FATES} - {"minimal"}
    )


def test_of_a_grid_asked_in_part_only_what_is_certain_is_said():
    nan = np.nan
    rows = [  # valid, distance, bounds on m, bounds on the excess
        (True, 0.5, 0.2, 0.3, 0.2, 0.3, "too_far"),
        (True, 0.3, 0.2, 0.3, 0.0, 0.1, "perhaps_minimal"),
        (True, 0.3, 0.3, 0.3, 0.0, 0.0, "minimal"),
        (False, 0.1, 0.2, nan, nan, nan, "too_near"),
        (False, 0.25, 0.2, nan, nan, nan, "not_valid"),
        (False, 0.4, 0.2, 0.3, nan, nan, "astray"),
        (False, 0.4, nan, nan, nan, nan, "no_boundary"),
    ]
    bounds = ["nearest_low", "nearest_high", "excess_low", "excess_high"]
    table = pd.DataFrame(rows, columns=["valid", "distance", *bounds, "fate"])
    table = table.assign(status="kept", certainty="bounded")
    assert [list(fates.FATES)[code] for code in fates.fates(table)] == table["fate"].tolist()


def test_a_finding_of_a_grid_asked_in_part():
    keys = {"model": "m", "dataset": "toy", "condition": "minimal", "metric": "gower"}
    excess = {"score": "mean_excess", "value": np.nan, "certain_low": 0.1, "certain_high": 0.2}
    shapes = pd.DataFrame(
        [{"model": "m", "dataset": "toy", "verdict": "asked in part", "raggedness": np.nan, "missing": 0}]
    )
    counts = {"minimal": 20, "too_far": 50, "perhaps_minimal": 30}
    made = [keys | {"counts": [counts.get(fate, 0) for fate in fates.FATES]}]
    (finding,) = findings.findings(pd.DataFrame([keys | excess]), shapes, made)
    assert finding["headline"] == "valid, minimal as far as was asked"
    assert finding["sentences"] == [
        "All of its 100 SCEs are valid; 20% are certainly minimal, 50% certainly too far. By what was asked "
        "the mean excess is 0.1 to 0.2 (gower).",
        "On toy it was asked in part (docs/adaptive.md).",
    ]


def test_a_finding_of_mixed_validity_says_what_is_certain():
    keys = {"model": "m", "dataset": "toy", "condition": "minimal", "metric": "gower"}
    scores = [
        keys | {"score": "validity", "value": 0.2, "certain_low": 0.2, "certain_high": 0.2},
        keys | {"score": "mean_excess", "value": np.nan, "certain_low": 0.375, "certain_high": 0.542},
    ]
    shapes = pd.DataFrame(
        [{"model": "m", "dataset": "toy", "verdict": "clean", "raggedness": np.nan, "missing": 0}]
    )
    counts = {"minimal": 1, "too_far": 16, "perhaps_minimal": 3, "not_valid": 80}
    made = [keys | {"counts": [counts.get(fate, 0) for fate in fates.FATES]}]
    (finding,) = findings.findings(pd.DataFrame(scores), shapes, made)
    assert finding["sentences"] == [
        "Valid SCEs: 20% (minimal).",
        "The valid ones lie farther than needed by 0.38 to 0.54 (minimal) gower.",
        "1% to 4% of all have no valid point nearer.",
    ]


def test_counts_and_findings_say_what_was_made(study):
    counts = {(row["model"], row["condition"]): dict(zip(fates.FATES, row["counts"], strict=True))
              for row in study.study["counts"]}  # fmt: skip
    assert counts["plain", "minimal"]["minimal"] == 45
    # From 15 degrees the end of the grid (-5) is farther than 10; from -5 the end (35) is farther than 15.
    assert counts["plain", "unconstrained"]["too_far"] == 45
    hostile = counts["hostile", "minimal"]
    assert (hostile["unanswered"], hostile["off_grid"], hostile["unreadable"]) == (1, 1, 1)
    assert sum(hostile.values()) == 45
    plain = study.study["findings"][0]
    assert plain["headline"] == "valid, but too far"


def test_arrays_hold_predictions_targets_and_distances(study):
    temperatures = WEATHER.grid()["temperature"].to_numpy()
    assert array(study, "plain", "prediction").tolist() == (temperatures >= 15).astype(int).tolist()
    assert array(study, "plain", "probability")[-1] == 1.0
    target = array(study, "plain", "target/minimal")
    assert WEATHER.record(int(target[0])) == {"temperature": 15, "wind_speed": 0}
    # Gower over two features: half of (15 - -5) / 40.
    assert array(study, "plain", "distance/minimal/gower")[0] == pytest.approx(0.25)
    assert array(study, "plain", "needed/gower")[0] == pytest.approx(0.25)
    assert array(study, "hostile", "target/minimal")[1:4].tolist() == [-1, -1, -1]
    records = array(study, "hostile", "records/minimal").reshape(45, 2)
    assert records[2].tolist() == [17.5, 0]
    assert np.isnan(records[0]).all()


def test_probability_is_of_the_reply_or_of_the_askings():
    """Log-probabilities come first; without any, the share of the askings; of nothing there is none."""
    boundary = WEATHER.grid().assign(question="q", probability_1=np.nan)
    assert boundaries.probabilities(WEATHER, boundary) is None
    boundary["share_1"] = np.where(boundary["point_id"] == 3, np.nan, 0.2)
    shares, source = boundaries.probabilities(WEATHER, boundary)
    assert (source, shares[2], np.isnan(shares[3])) == ("askings", 0.2, True)
    other = boundary.assign(question="another", probability_1=0.9)
    assert boundaries.probabilities(WEATHER, pd.concat([boundary, other]))[1] == "askings"
    boundary.loc[7, "probability_1"] = 0.75
    shares, source = boundaries.probabilities(WEATHER, boundary)
    assert (source, shares[7], np.isnan(shares[2])) == ("log-probabilities", 0.75, True)


def test_the_page_says_what_its_probabilities_are_from(study):
    plain, hostile = study.study["pairs"]
    assert plain["probability"] == "log-probabilities"
    assert "probability" not in hostile


def test_experiments_hold_every_figure_with_its_caption_and_every_table(study):
    main, other = study.study["experiments"]
    (figure,) = main["figures"]
    assert figure == {
        "title": "validity", "file": "experiments/main/validity.svg", "width": 324, "height": 120,
        "blob": "figure0", "caption": "What main validity finds.",
    }  # fmt: skip
    assert gzip.decompress(study.blobs["figure0"]).decode() == SVG
    titles = ["landings: plain on weather", "landings: hostile on weather"]
    assert [picture["title"] for picture in main["pairs"]] == titles
    assert other["figures"] == other["tables"] == []
    assert other["pairs"] == [main["pairs"][0]]  # stored once
    (table,) = main["tables"]
    content = json.loads(gzip.decompress(study.blobs[table["blob"]]))
    scores = {row[content["columns"].index("score")] for row in content["rows"]}
    assert scores == {"n_kept", "validity", "mean_excess", "exact_match"}
    assert table["rows"] == len(content["rows"]) == 16
    assert "reference" not in content["columns"]  # nothing is published beside them


def test_a_figure_that_is_too_large_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "LARGEST", 10)
    found = made_study(tmp_path)
    assert not [name for name in found.blobs if name.startswith("figure")]
    (figure,) = found.study["experiments"][0]["figures"]
    assert "blob" not in figure
    assert figure["file"] == "experiments/main/validity.svg"


def test_conversations_hold_every_reply_and_every_wording(study):
    found = talk(study, "hostile")
    assert [turn["condition"] for turn in found["turns"]] == [None, "minimal", "unconstrained"]
    minimal = found["turns"][1]
    assert len(minimal["reply"][0]) > HUGE
    assert minimal["reply"][1] is None
    assert minimal["problems"]["1"] == f"failed: 500: {MARKUP}"
    assert minimal["reasoning"][4] == f"I think {MARKUP}"
    assert talk(study, "plain")["turns"][1]["reasoning"] is None
    wording = study.study["wordings"][0]
    assert "{description}" in wording["question"]
    cold, warm = wording["conditions"]["minimal"]
    assert "would have been Warm" in cold
    assert "would have been Cold" in warm


@pytest.mark.parametrize(
    ("counts", "scores", "verdict", "headline", "told"),
    [
        ({"minimal": 100}, {}, "clean", "valid and minimal", "All of its 100 SCEs are valid"),
        ({"too_far": 100}, {"mean_excess": 0.5}, "clean", "valid, but too far", "0.5 (gower) farther"),
        ({"too_near": 100}, {"mean_distance": 0.1, "mean_shortfall": 0.02}, "clean", "stops short", "0.02"),
        ({"too_near": 100}, {"mean_distance": 0.0}, "clean", "gives the instance back", "None of its 100"),
        ({"no_boundary": 100}, {}, "no boundary", "no boundary", "the same at every point of toy"),
        ({"unreadable": 90, "minimal": 10}, {}, "clean", "replies that cannot be used", "90 of 100"),
        ({"too_far": 30, "astray": 70}, {"validity": 0.3}, "ragged", "often not valid", "30% (minimal)"),
        ({"astray": 100}, {"mean_distance": 0.4}, "clean", "not valid", "None of its 100 SCEs are valid."),
        ({"unjudged": 9}, {}, "no boundary", "replies that cannot be used", "9 of 9 SCEs have no verdict"),
    ],
)  # fmt: skip
def test_a_finding_is_made_from_the_numbers(counts, scores, verdict, headline, told):
    keys = {"model": "m", "dataset": "toy", "condition": "minimal", "metric": "gower"}
    table = pd.DataFrame(
        [keys | {"score": name, "value": value} for name, value in {"n": 1, **scores}.items()]
    )
    shapes = pd.DataFrame(
        [{"model": "m", "dataset": "toy", "verdict": verdict, "raggedness": 0.5, "missing": 0}]
    )
    made = [keys | {"counts": [counts.get(fate, 0) for fate in fates.FATES]}]
    (finding,) = findings.findings(table, shapes, made)
    assert finding["headline"] == headline
    assert told in " ".join(finding["sentences"])


@pytest.mark.parametrize("verdict", ["clean", "no boundary", "asked in part"])
def test_a_finding_says_where_predictions_are_missing(verdict):
    keys = {"model": "m", "dataset": "toy", "condition": "minimal", "metric": "gower"}
    shape = {"model": "m", "dataset": "toy", "verdict": verdict, "missing": 8, "n_0": 1, "n_1": 0}
    shapes = pd.DataFrame([shape], columns=list(artifacts.columns("boundaries")))
    made = [keys | {"counts": [int(fate == "unjudged") for fate in fates.FATES]}]
    (finding,) = findings.findings(pd.DataFrame([keys | {"score": "n", "value": 1}]), shapes, made)
    assert "At 8 of 9 points of toy it gave no prediction that can be read." in finding["sentences"]
    same = [sentence for sentence in finding["sentences"] if "the same" in sentence]
    assert same == ["It predicts the same at every point of toy, wherever its prediction could be read."] * (
        verdict == "no boundary"
    )


def test_only_the_page_s_own_code_may_run(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    (script,) = re.findall(r"<script>(.*)</script>", page, re.S)
    (style,) = re.findall(r"<style>(.*)</style>", page, re.S)
    for name, text in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "onerror" not in page
    assert "</script" not in script


def test_the_same_study_is_the_same_page(study, page):
    assert document.html(study.study, study.blobs).strip() == page.strip()


def test_a_larger_study_keeps_its_conversations_beside_the_page(study, tmp_path):
    document.write(study, tmp_path / "report.html", tmp_path / "beside", limit=1000)
    assert beside(tmp_path / "beside") == {"plain--weather.html", "hostile--weather.html"}
    text = (tmp_path / "report.html").read_text()
    assert 'id="map0"' in text
    assert 'id="talk0"' not in text
    assert 'id="figure0"' not in text  # with them it is still too large
    assert 'id="talk0"' in (tmp_path / "beside/plain--weather.html").read_text()
    whole = len(document.html(study.study, study.blobs))
    document.write(study, tmp_path / "report.html", tmp_path / "beside", limit=whole - 1)
    text = (tmp_path / "report.html").read_text()
    assert ('id="talk0"' in text, 'id="figure0"' in text) == (False, True)
    document.write(study, tmp_path / "report.html", tmp_path / "beside")
    assert beside(tmp_path / "beside") == set()


def test_a_grid_too_large_for_a_map_is_said_to_be(tmp_path, monkeypatch):
    monkeypatch.setattr(pairs, "LARGEST", 44)
    found = made_study(tmp_path)
    assert not [name for name in found.blobs if name.startswith(("map", "talk"))]
    assert [pair["too_large"] for pair in found.study["pairs"]] == [45, 45]
    assert len(found.study["tables"]["scores"]["rows"]) > 0


def test_what_was_built_is_small():
    built = [document.BUILT / name for name in ("page.js", "page.css")]
    assert sum(path.stat().st_size for path in built) < 300_000


@pytest.fixture
def node():
    """Skips where the source cannot be built."""
    if shutil.which("node") is None or not Path("page/node_modules/esbuild").is_dir():
        pytest.skip("no Node with what page/package-lock.json names: cd page && npm ci")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(f"Node {version.strip()}: 20 or newer is needed")


@pytest.mark.browser
def test_what_was_built_is_built_from_its_source(node, tmp_path):
    subprocess.run(["node", "page/build.mjs", tmp_path], check=True)
    for name in ("page.js", "page.css"):
        assert (tmp_path / name).read_bytes() == (document.BUILT / name).read_bytes(), (
            "cd page && npm run build"
        )


@pytest.mark.browser
def test_the_source_passes_its_own_checks(node):
    done = subprocess.run(["npm", "run", "--silent", "check"], cwd="page", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_file_names_no_registry():
    text = Path("page/package-lock.json").read_text()
    assert '"resolved"' not in text
    assert "registry" not in text
