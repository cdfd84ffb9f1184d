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
