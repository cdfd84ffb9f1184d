"""What the audit says of the figures of experiments on the page."""

import json

import pytest

from sce.auditing.findings import Findings
from sce.auditing.page_experiments import check_experiments
from sce.auditing.tables import Files

FIGURE = {"title": "validity", "file": "experiments/main/validity.svg", "caption": "All.", "blob": "figure0"}


def problems(results, pictures, **changed):
    """Of a page with one figure and the ``pictures`` in it; ``changed``: what the page says of the figure."""
    stem = results / "experiments/main/validity"
    stem.parent.mkdir(parents=True)
    stem.with_suffix(".svg").write_text("<svg/>")
    stem.with_suffix(".txt").write_text("All.\n")
    experiment = {"name": "main", "figures": [FIGURE | changed], "pairs": [], "tables": []}
    found = {"study": json.dumps({"experiments": [experiment]}).encode()} | pictures
    findings = Findings()
    check_experiments(results / "report.html", found, {"main": []}, results, Files(findings))
    return findings.problems


def test_a_page_holds_the_pictures_or_has_room_for_none(tmp_path):
    assert problems(tmp_path / "all", {"figure0": b"<svg/>"}) == []
    assert problems(tmp_path / "none", {}) == []


@pytest.mark.parametrize("pictures", [{"figure0": b"<svg></svg>"}, {"figure1": b"<svg/>"}])
def test_another_picture_is_found_and_one_that_is_not_there(tmp_path, pictures):
    [problem] = problems(tmp_path, pictures)
    assert "picture of experiments/main/validity.svg" in problem


def test_another_caption_is_found(tmp_path):
    [problem] = problems(tmp_path, {"figure0": b"<svg/>"}, caption="None.")
    assert "caption of experiments/main/validity.svg" in problem
