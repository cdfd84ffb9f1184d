"""The tables at the end of a run, in terminals of several widths and in a pipe."""

import io

import pandas as pd
from rich.console import Console

from sce.files import artifacts
from sce.showing.summary import boundaries, print_tables

VALUES = {"validity": 0.5, "mean_distance": 0.25, "mean_excess": 0.125, "exact_match": 0.0625}
LOST = {"n_kept": 16.0, "n_off_grid": 4.0}
SENTENCES = pd.DataFrame(
    {
        "model": ["one", "two", "three"],
        "dataset": ["exam", "exam", "weather"],
        "sentence": ["clean", "clean", "ragged"],
    }
)


def scores():
    """Two models under two conditions: of the first model four rows are lost."""
    lines = []
    for model in ("one", "two"):
        lost = LOST if model == "one" else LOST | {"n_kept": 20.0, "n_off_grid": 0.0}
        for condition in ("minimal", "unconstrained"):
            keys = {"model": model, "dataset": "exam", "condition": condition, "metric": "gower"}
            lines += [keys | {"score": name, "value": value, "n": 20} for name, value in lost.items()]
            for name, value in VALUES.items():
                lines.append(
                    keys | {"score": name, "value": value, "n": 16, "low": value / 2, "high": 2 * value}
                )
    return pd.DataFrame(lines).reindex(columns=artifacts.columns("all_scores"))


def printed(folder, width=None):
    artifacts.write(scores().astype({"n": "Int64"}), folder / "scores.parquet", "all_scores")
    terminal = Console(file=io.StringIO(), width=width, force_terminal=width is not None, color_system=None)
    print_tables(folder, [("one", "exam"), ("two", "exam")], 0, terminal)
    return terminal.file.getvalue()


def test_boundaries_that_are_alike_are_told_once():
    assert boundaries(SENTENCES).to_dict("records") == [
        {"dataset": "exam", "models": "one, two", "boundary": "clean"},
        {"dataset": "weather", "models": "three", "boundary": "ragged"},
    ]


def test_a_pipe_gets_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.split() for line in printed(tmp_path).splitlines()]
    assert ["Scores", "under", "gower"] in lines
    intervals = ["0.500", "[0.250,", "1.000]", "0.250", "[0.125,", "0.500]"]
    (first,) = [line for line in lines if line[:6] == ["one", "exam", "minimal", "16", "of", "20"]]
    assert first[6:12] == intervals
    assert first[-1] == "(1)"
    (second,) = [line for line in lines if line[:4] == ["unconstrained", "20", "of", "20"]]
    assert second[4:10] == intervals
    assert ["(1)", "4", "off_grid"] in lines


def test_a_narrow_terminal_gets_no_line_that_is_wider(tmp_path):
    for width in (60, 80, 100):
        text = printed(tmp_path, width)
        assert max(map(len, text.splitlines())) <= width
        assert "With intervals in a wider terminal" in text
        assert "[0.250" not in text
    assert "[0.250, 1.000]" in printed(tmp_path, 160)


def test_what_an_earlier_run_wrote_is_not_printed(tmp_path):
    artifacts.write(scores().astype({"n": "Int64"}), tmp_path / "scores.parquet", "all_scores")
    written = (tmp_path / "scores.parquet").stat().st_mtime
    terminal = Console(file=io.StringIO())
    print_tables(tmp_path, [("one", "exam")], written + 1, terminal)
    print_tables(tmp_path, [("another", "exam")], 0, terminal)
    assert terminal.file.getvalue() == ""
