"""The page of findings, written from a small finished study, and from what is left of a damaged one."""

import shutil

import pandas as pd
import pytest

from sce.__main__ import main
from sce.files import artifacts
from sce.study import findings
from sce.study.findings import claims, page
from sce.study.study import load
from tests.conftest import ROOT
from tests.showing.page_study import made_study

CONFIG = {
    "models": {name: {"engine": "control", "policy": "nearest"} for name in ("plain", "hostile")},
    "experiments": {
        "main": {
            "models": ["plain", "hostile"],
            "datasets": ["weather"],
            "conditions": ["unconstrained", "minimal"],
            "changed_features": True,
        }
    },
}
STUDY = load(CONFIG, "config/small.yaml")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    made_study(folder)
    pattern = {
        "model": ["plain", "of_another_study"], "dataset": "weather", "metric": "gower",
        "validity": [0.125, 1], "mean_distance": [0.25, 1], "p": [0.01, 1],
        "p_holm": [0.02, 1], "holds": [True, False],
    }  # fmt: skip
    pd.DataFrame(pattern).to_csv(folder / "pattern.csv", index=False)
    caption = folder / "experiments/main/changed_features.txt"
    caption.write_text("What the SCEs change. Overlap: 70% (60% to 80%, n = 45).\n")
    return folder


def sections(folder):
    """Heading -> the lines below it."""
    _, *parts = page([(STUDY, folder)]).split("\n### ")
    return dict(part.split("\n", 1) for part in parts)


def test_every_claim_has_its_numbers_and_what_remakes_them(finished):
    found = sections(finished)
    assert list(found) == [claim.heading for claim in claims(STUDY)]
    assert all(
        "`snakemake --cores 2 --configfile config/small.yaml results/" in text for text in found.values()
    )
    assert not any("Left out" in text for text in found.values())


def test_the_numbers_are_those_of_the_artifacts(finished):
    scores = artifacts.read(finished / "scores.parquet")
    rows = scores[(scores["score"] == "validity") & (scores["model"] == "plain")]
    text = sections(finished)["How often SCEs are valid"]
    assert rows["value"].tolist() == [1, 1]
    (n,) = rows["n"].unique()
    low, high = rows["low"].iloc[0], rows["high"].iloc[0]
    assert f"100% ({100 * low:.0f}% to {100 * high:.0f}%, n = {n})" in text
    assert "- hostile on weather: " in text
    assert "- 95% intervals over points." in text
    for line in artifacts.read(finished / "boundaries.parquet").itertuples():
        assert f"on weather: {line.sentence}." in sections(finished)["Boundaries"]


def test_conditions_with_the_same_numbers_stand_together_and_many_are_shortened():
    row = {"low": 0.0, "high": 0.5, "n": 8, "reason": None}
    lines = [{"condition": name, "value": 0.25, **row} for name in ("minimal", "unconstrained")]
    text = findings._cases(pd.DataFrame(lines), findings.as_percent)
    assert text == "minimal and unconstrained 25% (0% to 50%, n = 8)"
    lines += [{"condition": f"minimal_{i:02d}", "value": i / 10, **row} for i in (4, 3, 1)]
    lines.append({"condition": "empty", **row, "value": None, "reason": "no valid rows"})
    text = findings._cases(pd.DataFrame(lines), findings.as_percent)
    assert text == (
        "6 conditions, from 10% (0% to 50%, n = 8) (minimal 01) to 40% (0% to 50%, n = 8) (minimal 04)"
    )
    bare = {"condition": "minimal", "value": 1.0, "low": None, "high": None, "n": 8, "reason": "too few"}
    assert findings._cases(pd.DataFrame([bare]), findings.as_percent) == (
        "minimal 100% (n = 8; no interval: too few)"
    )


def test_a_comparison_is_turned_round_to_unconstrained_minus_minimal(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "turned")
    before = sections(finished)["Unconstrained against minimal, on the same points"]
    assert "plain on weather, unconstrained minus minimal: validity +0.0 points" in before
    path = tmp_path / "turned/differences.parquet"
    table = artifacts.read(path)
    turned = table.assign(
        a=table["b"], b=table["a"], difference=-table["difference"], low=-table["high"], high=-table["low"]
    )
    artifacts.write(turned, path, "differences")
    after = sections(tmp_path / "turned")["Unconstrained against minimal, on the same points"]
    assert after == before
    farther = table[(table["a"] == "plain / minimal") & (table["score"] == "mean_distance")]["difference"]
    assert f"mean_distance (gower) {-farther.iloc[0]:+.3g} (" in before.replace(
        "mean distance", "mean_distance"
    )


def test_the_pattern_is_of_this_study_alone(finished):
    text = sections(finished)["The published pattern"]
    assert "Holds in 1 of 1 cases that can be tested (gower)." in text
    assert "plain on weather: holds; validity +12.5 points, mean distance +0.25, p = 0.02" in text
    assert "another" not in text


def test_an_experiment_speaks_by_the_captions_of_its_figures(finished):
    assert "- What the SCEs change. Overlap: 70%" in sections(finished)["Changed features (`main`)"]


def test_what_has_no_value_gives_its_reason(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "undefined")
    path = tmp_path / "undefined/scores.parquet"
    table = artifacts.read(path)
    of_plain = (table["model"] == "plain") & (table["score"] == "mean_excess")
    table.loc[of_plain, "value"] = None
    table.loc[of_plain, "reason"] = "no valid rows"
    artifacts.write(table, path, "all_scores")
    text = sections(tmp_path / "undefined")["How much farther than needed valid SCEs go (gower)"]
    assert "- plain on weather: minimal and unconstrained not defined: no valid rows." in text


def test_a_claim_without_its_file_or_its_numbers_is_left_out(finished, tmp_path):
    folder = tmp_path / "less"
    shutil.copytree(finished, folder)
    (folder / "experiments/main/changed_features.txt").unlink()
    (folder / "scores.parquet").write_bytes(b"damaged")
    (folder / "pattern.csv").write_text((folder / "pattern.csv").read_text().splitlines()[0] + "\n")
    found = sections(folder)
    assert "Left out: `changed_features.txt` is not there" in found["Changed features (`main`)"]
    assert "Left out: `scores.parquet` is not there, or cannot be read" in found["How often SCEs are valid"]
    assert "Left out: no model, dataset and condition" in found["The published pattern"]
    assert "Left out" not in found["Boundaries"]


def test_the_command(tmp_path, capsys):
    config = str(ROOT / "config/config.yaml")
    assert main(["findings", "--study", config, str(tmp_path), "--study", config, str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# Findings\n")
    assert printed.count("\n### Boundaries\n\nLeft out: `boundaries.parquet`") == 2
