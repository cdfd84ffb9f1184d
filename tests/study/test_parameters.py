"""What counts as a change of a dataset, for the steps that ask about it and measure it."""

import re

import pytest

from sce.study import parameters
from sce.study.study import load
from tests.conftest import ROOT
from tests.study.test_study import GOOD

# What elicit, parse_responses and the measuring rules run; titles are for showing and exporting.
ASKING = (
    "asking",
    "engines",
    "experiments",
    "grids",
    "ledger",
    "measuring",
    "reading",
    "searching",
    "wordings",
)


def digest(extensions=(), **fields):
    """Of the dataset of GOOD with other fields, in a study with extensions."""
    study = load(GOOD, "config.yaml")
    study.config = study.config.model_copy(update={"extensions": list(extensions)})
    study.datasets["exam"] = study.datasets["exam"].model_copy(update=fields)
    return parameters.dataset_content(study, "exam")


def test_a_title_changes_no_question():
    assert digest(title="Another") == digest()
    assert digest(context="Another.") != digest()
    assert digest(question="Another?") != digest()


def test_a_title_counts_where_extensions_may_read_it():
    assert digest(["letters"], title="Another") != digest(["letters"])


@pytest.mark.parametrize("folder", ASKING)
def test_nothing_that_asks_or_measures_reads_a_title(folder):
    files = list((ROOT / "sce" / folder).rglob("*.py"))
    assert files
    for file in files:
        assert not re.search(r"\.title\b(?!\()", file.read_text()), file


def test_boundary_maps_and_the_page_alone_show_the_title_of_a_dataset():
    """Of other figures it makes none stale (workflow/rules)."""
    showing = ROOT / "sce/showing"
    found = {
        str(file.relative_to(showing))
        for file in showing.rglob("*.py")
        if "dataset.title" in file.read_text()
    }
    assert found == {"boundary_map.py", "page/contents.py"}
