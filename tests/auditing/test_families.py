"""Ranks, the published pattern and families of tests: by hand, beside the measure's, and tampered with."""

from functools import cache

import pandas as pd
import pytest

from sce.auditing import averages, families
from sce.auditing.findings import Findings
from sce.auditing.tables import Stored
from sce.measuring import comparisons, hypotheses
from tests.auditing.test_intervals import DATASET, drawn, plain


def test_adjusted_p():
    assert families.holm([0.01, 0.04, 0.03]) == pytest.approx({0.01: 0.03, 0.03: 0.06, 0.04: 0.06})
    assert families.holm([0.02, 0.02, 0.9]) == pytest.approx({0.02: 0.06, 0.9: 0.9})
    found = families.benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    assert found == pytest.approx({0.01: 0.04, 0.03: 0.16 / 3, 0.04: 0.16 / 3, 0.5: 0.5})


@cache
def compared():
    """Three models that differ in validity and, in one of them, as published: (model, dataset) ->
    ``distances``; their ``differences``."""
    tables = {}
    for seed, share in enumerate((0.2, 0.5, 0.9)):
        table = drawn(seed, many=150, share=share)
        if seed == 1:  # less constrained: valid more often, and farther
            free = table["condition"] == "unconstrained"
            table.loc[free, "distance"] = table.loc[free, "distance"] + 0.5
            table["valid"] = table["valid"].mask(
                free & (table["point_id"] % 3 > 0) & table["valid"].notna(), True
            )
        tables[f"m{seed}", DATASET.name] = table
    return tables, comparisons.differences(tables, {}, "answers")


def problems(tmp_path, file=None, change=None, written=None):
    """What the audit says of both tables, with the text of one ``change``d, or of differences ``written``
    otherwise."""
    tables, differences = compared()
    made = {"ranks": comparisons.ranks(tables, differences), "pattern": hypotheses.pattern(differences)}
    for name, table in made.items():
        assert len(table) > 2
        text = table.to_csv(index=False)
        changed = change(text) if name == file else text
        assert name != file or changed != text
        (tmp_path / f"{name}.csv").write_text(changed)
    rows = {pair: rows_of(table) for pair, table in tables.items()}
    findings, lines = Findings(), plain(differences if written is None else written)
    families.check_ranks(tmp_path / "ranks.csv", rows, lines, findings)
    families.check_pattern(tmp_path / "pattern.csv", lines, findings)
    averages.check_differences(Stored("differences", lines, {}), rows, findings)
    families.check_adjusted(Stored("differences", lines, {}), findings)
    assert {"ranks and pattern", "p of McNemar", "adjusted p"} <= findings.checked.keys()
    return findings.problems


def rows_of(table):
    return table.astype(object).where(table.notna(), None).to_dict("records")


def test_two_ways_to_ranks_and_pattern(tmp_path):
    assert problems(tmp_path) == []
    *_, pattern = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("ranks", "pattern"))
    assert set(pattern["holds"]) == {True, False}


PLANTS = {
    "a rank": ("ranks", lambda text: text.replace(",1,1,", ",2,1,", 1)),
    "the best rank": ("ranks", lambda text: text.replace(",3,3,", ",3,2,", 1)),
    "a model": ("ranks", lambda text: text.replace("m0", "m9", 1)),
    "a line": ("ranks", lambda text: text.rsplit("\n", 2)[0] + "\n"),
    "whether it holds": ("pattern", lambda text: text.replace("False", "True", 1)),
    "a p": ("pattern", lambda text: text.replace(",0.", ",0.9", 3)),
    "no line": ("pattern", lambda text: text.split("\n")[0] + "\n"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_what_was_tampered_with_is_found(tmp_path, plant):
    file, change = PLANTS[plant]
    assert problems(tmp_path, file, change) != []


@pytest.mark.parametrize("column", ["p_mcnemar", "p_holm", "p_bh"])
def test_a_changed_p_is_found(tmp_path, column):
    _, differences = compared()
    place = differences[column].notna().idxmax()
    changed = differences.assign(**{column: differences[column].mask(differences.index == place, 0.123456)})
    assert problems(tmp_path, written=changed) != []
