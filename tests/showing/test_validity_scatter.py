"""Validity against excess distance, checked by its numbers, texts and marks."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from sce.files import artifacts
from sce.measuring import scores
from sce.showing.looks import look
from sce.showing.style import FigureStyle
from sce.showing.validity_scatter import validity_scatter
from tests.showing.figures import crowded, legend_labels, words

pytestmark = pytest.mark.filterwarnings("error")  # missing glyphs, collapsed limits, ignored settings


def make_scores(rows):
    """Rows (model, dataset, condition, validity, excess, reason of the excess) as all_scores under gower."""
    lines = []
    for model, dataset, condition, validity, excess, reason in rows:
        key = (model, dataset, condition, "gower")
        for name, value in (("validity", validity), ("mean_excess", excess)):
            bounds = (None, None) if value is None else (max(0, value - 0.05), min(1, value + 0.05))
            why = reason if value is None else None
            lines.append((*key, name, value, *bounds, "points", 100, 100, 100.0, why))
        lines.append((*key, "n_kept", 100, None, None, None, 100, None, None, None))
    names = artifacts.columns("all_scores")
    order = ["model", "dataset", "condition", "metric", *list(names)[4:]]
    return pd.DataFrame(lines, columns=order)


SCORES = make_scores(
    [
        ("good", "income", "unconstrained", 0.9, 0.2, None),
        ("good", "income", "minimal", 0.5, 0.05, None),
        ("echo", "income", "unconstrained", 0.0, None, "no valid rows"),
        ("echo", "income", "minimal", 0.0, None, "no valid rows"),
        ("constant", "income", "unconstrained", 0.0, None, scores.NO_BOUNDARY),
        ("constant", "income", "minimal", 0.0, None, scores.NO_BOUNDARY),
        ("broken", "income", "unconstrained", 0.4, 0.1, None),
        ("broken", "income", "minimal", None, None, "no kept rows"),
        ("good", "house_prices", "unconstrained", 1.0, 0.0, None),
        ("good", "house_prices", "minimal", 1.0, 0.0, None),
    ]
)


def marks(axes):
    """The single marks of a panel: (x, y, marker)."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]), line.get_marker())
        for line in axes.lines
        if line.get_marker() not in ("None", "|", "_") and len(line.get_xdata()) == 1
    ]


def test_the_scatter_shows_or_names_every_model():
    figure = validity_scatter(SCORES, FigureStyle())
    assert [axes.get_label() for axes in figure.axes] == ["income", "house prices"]
    income, house = figure.axes
    placed = {mark for mark in marks(income) if mark[1] <= 0.2}
    assert placed == {(90.0, 0.2, "o"), (50.0, 0.05, "^"), (40.0, 0.1, "o")}
    on_strip = [mark for mark in marks(income) if mark[1] > 0.25]
    assert [marker for *_, marker in on_strip] == ["o", "^"]
    assert "no valid SCE (all at 0%)" in [text.get_text() for text in income.texts]
    assert "no valid SCE (all at 0%)" not in [text.get_text() for text in house.texts]
    assert "Not drawn for no boundary: constant; for no kept rows: broken (minimal)" in words(figure)
    assert legend_labels(figure) == ["unconstrained", "minimal", "good", "echo", "broken"]
    assert "mean excess distance (gower)" in words(figure)
    assert crowded(figure) == []


def test_the_scatter_shows_what_is_certain_of_a_grid_asked_in_part():
    known = SCORES["score"] == "mean_excess"
    part = SCORES.assign(certain_low=SCORES["value"], certain_high=SCORES["value"])
    here = known & (part["model"] == "good") & (part["dataset"] == "income")
    part.loc[here, ["value", "low", "high"]] = None
    part.loc[here, "certain_high"] = 0.3
    figure = validity_scatter(part, FigureStyle())
    income = figure.axes[0]
    bars = {tuple(map(float, line.get_ydata())) for line in income.lines if line.get_linewidth() == 5}
    assert bars == {(0.2, 0.3), (0.05, 0.3)}
    assert [mark for mark in marks(income) if mark[0] == 90.0] == [(90.0, 0.25, "o")]
    assert "wide bars: what is certain" in words(figure)
    assert crowded(figure) == []


def test_marks_that_coincide_show_as_rings():
    house = validity_scatter(SCORES, {}).axes[1]
    sizes = [line.get_markersize() for line in house.lines if line.get_marker() in ("o", "^")]
    assert len(sizes) == 2
    assert sizes[0] > sizes[1]  # the large one lies below


def test_intervals_are_drawn_and_may_be_missing():
    income = validity_scatter(SCORES, {}).axes[0]
    bars = [segment for lines in income.findobj(LineCollection) for segment in lines.get_segments()]
    assert any(np.allclose(bar, [[85, 0.2], [95, 0.2]]) for bar in bars)
    assert any(np.allclose(bar, [[90, 0.15], [90, 0.25]]) for bar in bars)
    without = SCORES.assign(low=None, high=pd.NA)
    assert len(marks(validity_scatter(without, {}).axes[0])) == 5


def test_many_marks_in_one_place_hide_no_others():
    rows = [("good", "income", f"condition_{k}", 0.9, 0.2, None) for k in range(30)]
    figure = validity_scatter(make_scores(rows), {})
    assert max(line.get_markersize() for line in figure.axes[0].lines if line.get_marker() != "None") == 16
    assert crowded(figure) == []  # with its thirty names, the key is on the page


@pytest.mark.parametrize(
    ("estimand", "said"),
    [("points", "95% intervals over points"), ("census", "a census: no intervals")],
)
def test_the_scatter_says_what_its_bars_are_over(estimand, said):
    scores = SCORES.assign(estimand=SCORES["estimand"].where(SCORES["estimand"].isna(), estimand))
    texts = [text.get_text() for text in validity_scatter(scores, {}).texts]
    assert texts[-1] == said


def test_another_metric_and_many_models():
    many = make_scores(
        [
            (f"model_{k}", dataset, condition, (k + 1) / 31, 0.01 * k, None)
            for k in range(30)
            for dataset in ("income", "house_prices", "heart_disease", "weather")
            for condition in ("unconstrained", "minimal", "distance_stated")
        ]
    ).assign(metric="l1")
    figure = validity_scatter(many, {})
    assert "mean excess distance (l1)" in words(figure)
    assert len(figure.axes) == 4
    looks = [look(k, FigureStyle()) for k in range(32)]
    assert len({(one["color"], one["line"], one["fill"]) for one in looks}) == 32
    assert crowded(figure) == []


def test_every_metric_asked_for_has_a_row_of_panels():
    both = pd.concat([SCORES, SCORES.assign(metric="l1", value=SCORES["value"] / 1000)], ignore_index=True)
    figure = validity_scatter(both, {}, ["gower", "l1"])
    titles = [axes.get_label() for axes in figure.axes]
    assert titles == ["income, gower", "house prices, gower", "income, l1", "house prices, l1"]
    tops = [axes.get_position().y1 for axes in figure.axes]
    assert tops[0] == tops[1] > tops[2] == tops[3]
    assert "mean excess distance (l1)" in words(figure)
    assert crowded(figure) == []


def test_nothing_to_draw_is_said():
    figure = validity_scatter(SCORES[SCORES["model"] == "constant"], {})
    assert "Not drawn for no boundary: constant" in words(figure)
    assert marks(figure.axes[0]) == []


def test_a_study_without_conditions_has_a_scatter_that_says_so():
    figure = validity_scatter(SCORES.iloc[:0], {})
    assert [text.get_text() for text in figure.texts] == ["no scores: no experiment\nhas conditions"]
