"""The figures of experiments: what they draw where, and what their captions say, by hand-made outcomes."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from sce.experiments import registry
from sce.showing import (
    candidates_figure,
    captions,
    certainty_panels,
    consistency_figure,
    consistency_map,
    cross_validity_maps,
    feature_maps,
    panels,
    repeats_figure,
)
from sce.showing.drawing import text_width
from sce.showing.looks import StudyStyle, look, markers, model_looks
from sce.showing.style import FigureStyle
from tests.conftest import ROOT
from tests.showing.figures import make_dataset, numeric

pytestmark = pytest.mark.filterwarnings("error")  # missing glyphs, collapsed limits, ignored settings
STYLE = StudyStyle(models=["first", "second"], conditions=["unconstrained", "minimal"])


def outcomes(*rows, metric="gower", model="first", dataset="exam", n=40):
    """Outcomes from (condition, score, value) or (condition, score, value, n), each 0.1 uncertain."""
    lines = [
        {"model": model, "dataset": dataset, "condition": condition, "metric": metric, "score": score}
        | {"value": value, "low": value - 0.1, "high": value + 0.1, "n": rest[0] if rest else n}
        | {"estimand": "points", "reason": None, "reference": None}
        for condition, score, value, *rest in rows
    ]
    return pd.DataFrame(lines)


def drawn(name, table, options=None):
    return registry.kind(name).figure(table, options or {}, STYLE)


def lines(axes, colour=None):
    """Label-less curves and marks of a panel as lists of (x, y)."""
    return [
        list(zip(map(float, line.get_xdata()), map(float, line.get_ydata()), strict=True))
        for line in axes.lines
        if colour is None or line.get_color() == colour
    ]


def key_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


SEVERAL = outcomes(
    ("several", "validity_at_1", 0.5),
    ("several", "validity_at_2", 0.75),
    ("several", "excess_at_1", 0.2),
    ("several", "excess_at_2", 0.1),
    ("several", "readable", 2.0),
)
FEEDBACK = outcomes(
    ("minimal", "valid_within_0", 0.2),
    ("minimal", "valid_within_1", 0.6),
    ("minimal", "excess_within_0", 0.3),
    ("minimal", "excess_within_1", 0.2),
    ("minimal", "tries", 1.0),
    metric="feedback",
)
SEARCH = pd.concat(
    [
        outcomes(
            *[
                (search, f"{score}_at_{budget}", value)
                for search in ("random_search", "line_search")
                for score, value in (("validity", 0.5), ("mean_excess", 0.25))
                for budget in (1, 4, 16)
            ],
            ("minimal", "validity", 0.4),
            ("minimal", "mean_excess", 0.125),
            ("minimal", "queries_of_random_search", 4),
            ("minimal", "queries_of_line_search", 1),
        )
    ]
)
FORESEEN = outcomes(
    *[
        ("minimal", f"{score}_{when}{at}", value)
        for when, right in (("before", 0.6), ("after", 0.8))
        for score, at, value in (
            ("accuracy", "", right),
            ("accuracy", "_at_70", right),
            ("confidence", "_at_70", 0.75),
            ("confidence", "", 0.75),
            ("predicted_valid", "", 0.9),
        )
    ],
    ("minimal", "valid", 0.3),
    metric="self_prediction",
)
CHOICES = outcomes(
    ("nearest_choice", "accuracy", 0.7),
    ("nearest_choice", "chance", 0.25),
    ("nearest_choice", "unparseable", 3),
)
CANDIDATES = outcomes(
    ("minimal", "candidates", 4.0, 40),
    ("minimal", "considered_valid", 0.75, 32),
    ("minimal", "chose_valid", 0.5, 24),
    ("minimal", "chose_nearest", 0.25, 24),
    ("minimal", "foreseen", 0.6, 120),
)
REPEATS = outcomes(
    ("boundary", "unstable", 0.1, 100),
    ("minimal", "changed", 0.2, 50),
    ("minimal", "invalid_changed", 0.4, 20),
    metric="repeats",
)
CONSISTENCY = outcomes(
    ("boundary", "agreement", 0.8),
    ("boundary", "unanimous", 0.5),
    ("minimal", "validity_main", 0.4),
    ("minimal", "validity_majority", 0.6),
    metric="wordings",
)
POINTS = pd.DataFrame({"model": "first", "dataset": "exam", "agreement": [1.0, 1.0, 0.5, 0.72, np.nan]})
WORDINGS = outcomes(
    *[(f"minimal_0{k}", score, value + k / 10) for k in (1, 2) for score, value in
      (("validity", 0.4), ("mean_excess", 0.1))]
)  # fmt: skip
ALL = {
    "several": (SEVERAL, {}),
    "feedback": (FEEDBACK, {}),
    "search": (SEARCH, {}),
    "self_prediction": (FORESEEN, {}),
    "choices": (CHOICES, {}),
    "candidates": (CANDIDATES, {}),
    "repeats": (REPEATS, {}),
    "consistency": (CONSISTENCY, {"points": POINTS}),
    "wordings": (WORDINGS, {"stems": {"minimal_01": "minimal", "minimal_02": "minimal"}}),
}


@pytest.mark.parametrize("name", ALL)
def test_every_panel_has_named_axes_and_texts_that_can_be_read(name):
    table, options = ALL[name]
    figure = drawn(name, table, options)
    figure.draw_without_rendering()
    assert figure.get_size_inches()[0] in (panels.COLUMN, panels.PAGE)
    for axes in figure.axes:
        assert axes.get_xlabel() or [label.get_text() for label in axes.get_xticklabels()]
        assert axes.get_ylabel() or any(label.get_text() for label in axes.get_yticklabels())
    shown = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    assert min(text.get_size() for text in shown if text.get_text()) >= STYLE.font_size - 2
    below = figure.legends[0].get_window_extent().y1
    assert all(below <= axes.get_window_extent().y0 + 1 for axes in figure.axes)


@pytest.mark.parametrize("name", ALL)
def test_a_caption_states_values_with_interval_and_n(name):
    table, options = ALL[name]
    text = registry.kind(name).caption(table, options)
    assert text.endswith("95% intervals over points.")
    assert re.search(r"\d+%", text) or name in ("search", "wordings")
    assert "n = " in text or "n of" in text or name == "search"
    assert "nan" not in text


def test_validity_and_excess_at_k():
    figure = drawn("several", SEVERAL)
    above, below = figure.axes
    assert lines(above)[0] == [(1, 50), (2, 75)]
    assert lines(below)[0] == [(1, 0.2), (2, 0.1)]
    assert (above.get_ylabel(), below.get_ylabel()) == ("validity at k (%)", "excess at k")
    assert key_of(figure) == ["first"]
    text = registry.kind("several").caption(SEVERAL, {})
    assert "Valid already at the first: 50% (40% to 60%, n = 40) for first on exam (several)." in text
    assert "Among the first 2: 75%" in text


def test_feedback_is_a_line_from_before_to_after():
    above, below = drawn("feedback", FEEDBACK).axes
    assert lines(above)[0] == [(0, 20), (1, 60)]
    assert [label.get_text() for label in above.get_xticklabels()] == ["before", "after 1"]
    assert lines(below)[0] == [(0, 0.3), (1, 0.2)]
    assert "The gain is 40 percentage points" in registry.kind("feedback").caption(FEEDBACK, {})


def test_searches_are_curves_and_the_own_sces_marks_at_one_query():
    above, below = drawn("search", SEARCH).axes
    assert above.get_xscale() == "log"
    assert [(1, 50), (4, 50), (16, 50)] in lines(above)
    assert [(1, 40)] in [[(round(x, 6), round(y, 6)) for x, y in line] for line in lines(above)]
    assert [(1, 0.125)] in lines(below)
    text = registry.kind("search").caption(SEARCH, {})
    assert "random search matches own SCEs in 1 of 1 cases, after queries: 4 for first on exam" in text


def test_reliability_is_accuracy_against_confidence():
    before, after, both = drawn("self_prediction", FORESEEN).axes
    assert [(75, 60)] in lines(before)
    assert [(75, 80)] in lines(after)
    assert [(50, 50), (100, 100)] in lines(after)
    assert [(0, 60), (1, 80)] in lines(both)
    without = FORESEEN[~FORESEEN["score"].str.contains("_at_")]
    assert len(drawn("self_prediction", without).axes) == 1


def test_choices_stand_against_chance():
    (axes,) = drawn("choices", CHOICES).axes
    assert next([round(x) for x, _ in line] for line in lines(axes, STYLE.model_colours[0])) == [70]
    assert [[x for x, _ in line] for line in lines(axes, panels.SOFT)] == [[25, 25]]
    text = registry.kind("choices").caption(CHOICES, {})
    assert "chance is 25%" in text
    assert "above chance in 1 of 1 cases" in text


def test_the_funnel_by_hand():
    """40 replies, 32 with candidates, 24 with a valid one; half of these are valid SCEs, a quarter the
    nearest."""
    assert candidates_figure.stages(CANDIDATES).iloc[0].tolist() == [40, 32, 24, 12, 6]
    (axes,) = drawn("candidates", CANDIDATES).axes
    assert [bar.get_width() for bar in axes.patches] == [100, 80, 60, 30, 15]


def test_noise_explains_part_of_the_invalidity():
    """20 of 50 SCEs are invalid, and 0.4 of those become valid when asked again."""
    row = repeats_figure.noise(REPEATS).iloc[0]
    assert (row["invalid"], row["explained"], row["unstable"]) == pytest.approx((0.4, 0.16, 0.1))


def test_agreement_is_a_histogram_over_points_with_a_prediction():
    assert consistency_figure.shares(POINTS["agreement"]).tolist() == [25, 0, 0, 0, 25, 0, 0, 0, 0, 50]
    above, below = drawn("consistency", CONSISTENCY, {"points": POINTS}).axes
    assert [bar.get_height() for bar in above.patches] == [25, 0, 0, 0, 25, 0, 0, 0, 0, 50]
    assert [(0, 40), (1, 60)] in lines(below)


# --- looks and words


def test_a_model_looks_the_same_in_whatever_figure_it_is():
    alone = model_looks(["second"], STYLE)["second"]
    assert alone == model_looks(["first", "second", "other"], STYLE)["second"] == look(1, STYLE)
    assert model_looks(["other"], STYLE)["other"] == look(2, STYLE)
    assert markers(["minimal"], STYLE) == {"minimal": "^"}
    assert markers(["minimal"], FigureStyle()) == {"minimal": "o"}


def test_models_have_the_colours_of_the_page():
    sheet = (ROOT / "page/src/page.css").read_text()
    first = dict(reversed(re.findall(r"--model-(\d): (#[0-9a-f]{6})", sheet)))  # the light ones come first
    assert [first[str(k)].upper() for k in range(8)] == FigureStyle().model_colours


def test_few_values_are_all_told_and_of_many_the_least_and_the_greatest():
    many = outcomes(*[(f"c_{k}", "validity", 0.2 + k / 10) for k in range(5)])
    first, second = captions.found(many.iloc[:2]).split("; ")
    assert first == "20% (10% to 30%, n = 40) for first on exam (c 0)"
    assert second == "30% (20% to 40%, n = 40) for first on exam (c 1)"
    told = captions.found(many, captions.as_number)
    assert told.startswith("from 0.2 (0.1 to 0.3, n = 40) for first on exam (c 0) to 0.6 (")
    same = outcomes(*[(name, "validity", 1.0, n) for name, n in (("a", 4), ("b", 50))])
    assert captions.found(same) == "100% in all 2 cases (n = 4 to 50)"
    assert captions.found(many.iloc[:0]) == "not defined for any model"


def test_a_caption_says_why_a_value_has_no_interval():
    few = "too few clusters: 2 different x', the commonest on 54% of the rows"
    table = outcomes(("a", "validity", 1.0), ("b", "validity", 0.5))
    table.loc[0, ["low", "high", "reason"]] = [None, None, few]
    assert captions.found(table) == (
        "50% (40% to 60%, n = 40) for first on exam (b); "
        f"100% (n = 40; no interval: {few}) for first on exam (a)"
    )
    assert captions.found(table.assign(value=1.0)) == (
        "100% in all 2 cases (n = 40; no interval for 1 of them: too few clusters)"
    )


def gains(*values, **keys):
    rows = [("minimal", f"gain_at_{k}", value) for k, value in zip((1, 5), values, strict=True)]
    return outcomes(*rows, *[("minimal", f"gain_of_random_at_{k}", 0.1) for k in (1, 5)], **keys)


def test_gains_from_sces_and_from_random_answers_share_an_axis():
    table = pd.concat([gains(0.4, 0.2, metric="small tree"), gains(0.3, -4.0, metric="nearest neighbour")])
    figure = drawn("simulatability", table)
    assert figure.get_size_inches()[0] == panels.PAGE
    tree, neighbour, tree_random, neighbour_random = figure.axes
    assert tree.get_title(loc="left") == "exam\nsmall tree"
    assert lines(tree, look(0, STYLE)["color"])[0] == [(1, 0.4), (5, 0.2)]
    assert lines(tree_random, look(0, STYLE)["color"])[0] == [(1, 0.1), (5, 0.1)]
    assert tree.get_ylim() == tree_random.get_ylim()
    assert tree.get_yscale() == "linear"
    assert neighbour.get_yscale() == neighbour_random.get_yscale() == "symlog"  # wrong five times as often
    assert [text.get_text() for text in neighbour.get_yticklabels()] == ["-1", "0"]


def test_maps_are_as_wide_as_a_page():
    rows = outcomes(("minimal", "x", 0.5)).assign(feature="age", judge="first")
    ranks = outcomes(("minimal", "rank", 0.9))
    for figure in (
        feature_maps.feature_maps(rows, ranks, STYLE),
        cross_validity_maps.cross_validity_maps(rows, ranks, ["first"], STYLE),
    ):
        assert figure.get_size_inches()[0] == panels.PAGE
        title = figure.get_suptitle().split("\n")
        assert max(text_width(line, STYLE.font_size + 1, "bold") for line in title) < panels.PAGE


def test_the_caption_of_a_map_of_wordings():
    """Of four points one has no answer; at two all wordings agree, at one of these against the main one."""
    points = pd.DataFrame(
        {"wordings": [4, 4, 4, 0], "agreement": [1.0, 1.0, 0.5, np.nan]}
        | {"majority": ["A", "B", None, None], "main": ["A", "A", "B", None]}
    )
    dataset = make_dataset(a=numeric(4))
    assert consistency_map.caption(dataset, points, "some_one") == (
        "some one on made: which share of up to 4 wordings of the question give 'B', at each of 4 grid "
        "points. On average 83% of them agree; at 67% of the points all do, and at 1 points the majority "
        "says otherwise than the main wording."
    )


def test_the_caption_of_what_is_certain():
    rows = pd.DataFrame(
        {"status": ["kept", "kept", "off_grid"], "certainty": ["exact", "bounded", None]}
        | {"valid": [True, False, None], "distance": [0.5, 0.4, np.nan]}
        | {"nearest_low": [0.2, 0.1, np.nan], "nearest_high": [0.2, 0.3, np.nan]}
    ).assign(condition="minimal", metric="gower")
    told = certainty_panels.caption(make_dataset(a=numeric(4)), rows, "first", "minimal", "gower")
    assert told.endswith(
        "Of 2 starts 50% are exact and 50% have a valid SCE, and the nearest counterfactual is 0.15 to 0.25 "
        "away on average, where valid SCEs are 0.5 away."
    )
    none = certainty_panels.caption(make_dataset(a=numeric(4)), rows.iloc[2:], "first", "minimal", "gower")
    assert none.endswith("No start has an SCE on the grid.")


def test_names_in_heat_maps_are_in_words_and_the_bar_of_colours_is_on_the_page():
    rows = outcomes(("minimal", "x", 0.5), model="some_one").assign(feature="wind_speed")
    figure = feature_maps.feature_maps(rows, outcomes(("minimal", "rank", 0.9)), STYLE)
    figure.draw_without_rendering()
    panel, bar = figure.axes
    assert [label.get_text() for label in panel.get_xticklabels()] == ["wind speed"]
    assert bar.get_tightbbox().y0 >= 0


def test_coinciding_searches_are_drawn_as_layers():
    both = pd.concat([SEARCH, SEARCH.assign(model="second")])
    curves = [line for line in drawn("search", both).axes[0].lines if len(line.get_xdata()) == 3]
    widths = {line.get_color(): line.get_linewidth() for line in curves}
    assert widths[look(0, STYLE)["color"]] > widths[look(1, STYLE)["color"]] == 1
