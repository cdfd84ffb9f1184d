"""Numbers and tables for people: how they are written, and what would break a table."""

import pandas as pd
import pytest

from sce.showing import tables
from sce.showing.words import with_interval


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((0.25, 0.15, 0.35), "0.250 [0.150, 0.350]"),
        ((1.0, 1.0, 1.0), "1.000 [1.000, 1.000]"),
        ((0.25, None, None), "0.250"),
        ((17, float("nan"), float("nan")), "17"),
        ((None, None, None), "–"),
    ],
)
def test_a_number_and_its_interval_are_written_in_one_way(numbers, expected):
    assert with_interval(*numbers) == expected


SPECIAL = pd.DataFrame(
    {
        "model": ["a&b%c$d#e_f", "{g}~h^i\\j|k"],
        "dataset": "d",
        "condition": "c",
        "metric": "gower",
        "n_kept": ["1", "–"],
    }
)


def test_what_latex_would_read_as_its_own_is_escaped():
    lines = tables.latex(SPECIAL).splitlines()
    assert lines[:4] == [
        r"\begin{tabular}{llllr}",
        r"\toprule",
        r"model & dataset & condition & metric & n\_kept \\",
        r"\midrule",
    ]
    assert lines[4] == r"a\&b\%c\$d\#e\_f & d & c & gower & 1 \\"
    assert lines[5] == r"\{g\}\textasciitilde h\textasciicircum i\textbackslash j|k & d & c & gower & – \\"
    assert lines[6:] == [r"\bottomrule", r"\end{tabular}"]


def test_a_bar_does_not_end_a_cell_of_markdown():
    lines = tables.markdown(SPECIAL.rename(columns={"n_kept": "n|kept"})).splitlines()
    assert lines[0] == r"| model | dataset | condition | metric | n\|kept |"
    assert lines[3] == r"| {g}~h^i\j\|k | d | c | gower | – |"


def test_a_score_at_every_count_is_one_column_for_print_and_a_line_for_reading():
    rows = [("validity_at_1", 0.5, 4), ("validity_at_16", 1.0, 4), ("readable", 2.5, None)]
    table = pd.DataFrame(
        [
            {"model": "m", "dataset": "d", "condition": "c", "metric": "gower", "score": score}
            | {"value": value, "low": None, "high": None, "n": n, "reason": None, "reference": None}
            for score, value, n in rows
        ]
    )
    wide = tables.wide(table)
    assert list(wide.columns) == ["model", "dataset", "condition", "metric", "at", "validity", "readable"]
    assert wide[["at", "validity", "readable"]].to_numpy().tolist() == [
        ["1", "0.500", ""],
        ["16", "1", ""],
        ["", "", "2.500"],
    ]
    long = tables.long(table)
    assert list(long.columns) == ["model", "dataset", "condition", "metric", "score", "value", "n"]
    assert long[["score", "value", "n"]].to_numpy().tolist()[0] == ["validity_at_1", "0.500", "4"]


def test_a_score_that_is_undefined_says_why():
    line = {"model": "m", "dataset": "d", "condition": "c", "metric": "gower", "score": "excess_at_1"}
    empty = line | {"value": None, "low": None, "high": None, "n": 0, "reason": "no such row"}
    table = pd.DataFrame([empty | {"reference": 0.25}])
    assert tables.long(table)[["value", "n", "published"]].to_numpy().tolist() == [
        ["– (no such row)", "0", "0.250"]
    ]
