"""Where SCEs land, how far they go, and probabilities on the map, by numbers computed by hand."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.contour import ContourSet
from matplotlib.patches import StepPatch

from sce.grids.datasets import DATASETS, load_dataset
from sce.showing import distances_figure, landings_figure, map_probabilities, panels
from sce.showing.boundary_map import boundary_map
from sce.showing.looks import StudyStyle
from sce.showing.mosaic import lay_out, panel_axes
from sce.showing.style import FigureStyle
from tests.showing.figures import (
    crowded,
    diagonal,
    labelled,
    legend_labels,
    make_boundary,
    make_dataset,
    make_sce,
    numeric,
    words,
)

pytestmark = pytest.mark.filterwarnings("error")  # missing glyphs, collapsed limits, ignored settings
STYLE = FigureStyle(dpi=72)
LINE = make_dataset(a=numeric(4))  # four points in a row, the last two of them B
CODES = [0, 0, 1, 1]


def sces(*rows):
    """SCEs from (condition, point, target, point of the SCE or None)."""
    table = pd.DataFrame(rows, columns=["condition", "point_id", "target", "sce_point_id"])
    return table.astype({"sce_point_id": "Int64"}).assign(status="ok")


GATHERED = sces(
    ("minimal", 0, "B", 2), ("minimal", 1, "B", 2), ("minimal", 2, "A", 1), ("minimal", 3, "A", None),
)  # fmt: skip


def test_landings_are_counted_by_condition_and_direction():
    first, second = landings_figure.landings(LINE, GATHERED)
    assert (first.condition, first.to, first.points.tolist()) == ("minimal", 0, [1])
    assert (second.condition, second.to, second.points.tolist()) == ("minimal", 1, [2, 2])
    assert landings_figure.density(LINE, second.points, ("a", None)).tolist() == [[0], [0], [1], [0]]


def test_density_sums_over_the_other_features():
    cube = make_dataset(a=numeric(3), b=numeric(2), c=numeric(4))
    assert panel_axes(cube) == ("c", "a")
    points = np.array([0, 4, 23])  # a, b, c: 0 0 0, 0 1 0 and 2 1 3
    assert landings_figure.density(cube, points, ("c", "a")).tolist() == [
        [pytest.approx(2 / 3), 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, pytest.approx(1 / 3)],
    ]  # fmt: skip


def test_the_figure_of_landings_has_a_panel_for_every_condition_and_direction():
    figure = landings_figure.figure(LINE, make_boundary(LINE, CODES), GATHERED, STYLE)
    first, second, scale = figure.axes
    assert figure.get_size_inches()[0] == panels.COLUMN
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["to 'A', n = 1", "to 'B', n = 2"]
    shown = [axes.images[0].get_array().filled(np.nan)[0] for axes in (first, second)]
    assert np.isnan(shown[0][[0, 2, 3]]).all()
    assert shown[0][1] == shown[1][2] == 1
    assert scale.get_xlabel() == "share of the SCEs of a panel"
    assert {"minimal", "a"} == {text.get_text() for text in figure.texts}


def test_what_a_caption_of_landings_says():
    assert landings_figure.caption(LINE, GATHERED, "some_one") == (
        "Where the SCEs of some one on made land, by the option that they are to reach: their share at the "
        "levels of two features (of several together, where they are many), on a logarithmic scale. The line "
        "is where predictions flip. "
        "Minimal, to 'A': 1 SCE at one point; the commonest (100%) is a 2. "
        "Minimal, to 'B': 2 SCEs at one point; the commonest (100%) is a 3. "
        "Without an SCE on the grid: 1 of 4 rows."
    )
    nowhere = landings_figure.caption(LINE, GATHERED.assign(sce_point_id=pd.NA), "someone")
    assert nowhere.endswith("No SCE is a point of the grid.")


@pytest.mark.parametrize("name", ["weather", "income", "house_prices", "heart_disease", "loan_request"])
def test_nothing_overlaps_in_a_figure_of_landings(name):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    codes = diagonal(dataset)
    policies = {"unconstrained": "echo", "minimal": "nearest", "odd": "malformed"}
    table = pd.concat([make_sce(dataset, codes, *policy) for policy in policies.items()])
    figure = landings_figure.figure(dataset, make_boundary(dataset, codes), table, STYLE)
    assert len(figure.axes) == 7
    assert figure.get_size_inches()[0] == panels.COLUMN
    assert crowded(figure) == []


@pytest.mark.parametrize("policy", ["malformed", None])
def test_landings_of_nothing(policy):
    boundary = make_boundary(LINE, CODES)
    table = make_sce(LINE, CODES, "minimal", policy) if policy else GATHERED.head(0)
    figure = landings_figure.figure(LINE, boundary, table, STYLE)
    figure.draw_without_rendering()
    assert ("No SCE was asked for." in words(figure)) == (policy is None)


# --- distances


def measured(rows):
    """A table of distances from (condition, point, distance, distance of the nearest)."""
    table = pd.DataFrame(rows, columns=["condition", "point_id", "distance", "nearest_distance"])
    return table.assign(metric="gower", status="kept")


NEAR = measured(
    [("minimal", 0, 0.0, 0.25), ("minimal", 1, 1.0, 0.5), ("other", 0, 0.5, 0.25), ("other", 1, 1, 0.5)]
)
FLAT = measured([("minimal", 0, 0.0, np.nan), ("minimal", 1, 0.0, np.nan)])
PAIRS = [("first", "exam"), ("second", "exam")]


def test_distances_stand_beside_those_that_were_needed():
    lost = NEAR.assign(status="off_grid", condition="lost")
    tables = [pd.concat([NEAR, lost, NEAR.assign(metric="l1")]), FLAT]
    rows = distances_figure.collect(PAIRS, tables, ["minimal", "other"], "gower")
    assert len(rows) == 6
    style = StudyStyle(dpi=72, models=["first", "second"])
    figure = distances_figure.figure(PAIRS, rows, style)
    first, second = figure.axes
    needed, minimal, other = (
        patch.get_data().values for patch in first.patches if isinstance(patch, StepPatch)
    )
    bins = distances_figure.BINS
    assert {k: share for k, share in enumerate(needed) if share} == {bins // 4: 50, bins // 2: 50}
    assert {k: share for k, share in enumerate(minimal) if share} == {0: 50, bins - 1: 50}
    assert {k: share for k, share in enumerate(other) if share} == {bins // 2: 50, bins - 1: 50}
    # Without a boundary none is needed.
    assert [patch.get_data().values.max() for patch in second.patches] == [0, 100]
    assert legend_labels(figure) == ["minimal", "other", "nearest counterfactual"]
    assert crowded(figure) == []
    told = distances_figure.caption(rows)
    nearer = (
        "Nearer than any counterfactual, so that they cannot be valid: 0% (n = 2) for first on exam (other)"
    )
    assert f"{nearer}; 50% (n = 2) for first on exam (minimal)." in told
    assert "At 2 of 6 rows: no counterfactual exists." in told
    assert [text.get_text() for text in second.texts] == ["no counterfactual exists"]
    assert not first.texts


def test_where_a_grid_was_asked_in_part_counterfactuals_may_exist():
    rows = distances_figure.collect(PAIRS[:1], [FLAT.assign(certainty="bounds")], ["minimal"], "gower")
    (panel,) = distances_figure.figure(PAIRS[:1], rows, STYLE).axes
    assert [text.get_text() for text in panel.texts] == ["nearest counterfactual not known"]
    assert "At 2 of 2 rows: nearest counterfactual not known." in distances_figure.caption(rows)


def test_bars_of_nearest_counterfactuals_are_hatched_since_a_model_may_be_grey():
    style = StudyStyle(dpi=72, models=[*"abcdef", "grey"])
    pairs = [("grey", "exam")]
    rows = distances_figure.collect(pairs, [NEAR], ["minimal", "other"], "gower")
    needed, *lines = distances_figure.figure(pairs, rows, style).axes[0].patches
    assert needed.get_hatch()
    assert not any(line.get_hatch() for line in lines)


@pytest.mark.parametrize(("models", "datasets"), [(1, 1), (6, 3), (2, 5)])
def test_nothing_overlaps_in_a_figure_of_distances(models, datasets):
    pairs = [(f"model_{k}", f"dataset_{j}") for k in range(models) for j in range(datasets)]
    rows = distances_figure.collect(pairs, [NEAR] * len(pairs), ["minimal", "other"], "gower")
    figure = distances_figure.figure(pairs, rows, STYLE)
    assert len(figure.axes) == len(pairs)
    assert figure.get_size_inches()[0] == (panels.COLUMN if datasets == 1 else panels.PAGE)
    assert crowded(figure) == []


def test_distances_of_nothing():
    rows = distances_figure.collect(PAIRS, [NEAR, FLAT], [], "gower")
    assert "No SCE is a point of the grid." in words(distances_figure.figure(PAIRS, rows, STYLE))
    assert distances_figure.caption(rows).endswith("No SCE is a point of the grid.")


# --- probabilities on the map


def mapped(dataset, probabilities, **style):
    codes = [0 if p <= 0.5 else 1 for p in np.nan_to_num(probabilities)]
    boundary = make_boundary(dataset, codes).assign(probability_1=probabilities)
    return boundary_map(dataset, boundary, make_sce(dataset, codes, "minimal", "nearest"), "someone", style)


def test_the_continuous_boundary_lies_between_the_points():
    """Along a the probability rises from 0.1 over 0.4 and 0.8 to 0.9: one half is a quarter of the way from
    the second to the third point."""
    dataset = make_dataset(a=numeric(4), b=numeric(3))
    figure = mapped(dataset, np.repeat([0.1, 0.4, 0.8, 0.9], 3))
    bare, probability, minimal = figure.axes
    assert probability.get_label() == "probability"
    lines = {line.levels[0]: line.get_paths()[0].vertices for line in probability.findobj(ContourSet)}
    assert {level: set(ends[:, 0].round(6)) for level, ends in lines.items()} == {
        0.5: {1.25}, 0.25: {0.5}, 0.75: {1.875},
    }  # fmt: skip
    assert (lines[0.5][:, 1].min(), lines[0.5][:, 1].max()) == (-0.5, 2.5)  # from edge to edge
    assert bare.findobj(ContourSet) == minimal.findobj(ContourSet) == []
    assert "at 50% of 12 points one option has 90% or more" in words(figure).replace("\n", " ")
    assert {"'B' at 50%, between points", "at 25% and 75%", "pale: even chances"} < set(legend_labels(figure))
    assert crowded(figure) == []


def test_cells_are_paler_where_the_model_is_less_sure():
    dataset = make_dataset(a=numeric(3), b=numeric(2))
    probability = mapped(dataset, np.repeat([0.0, 0.45, np.nan], 2)).axes[1]
    first, pale, missing = probability.images[0].get_array()[0]
    option = FigureStyle().option_colours[0]
    assert first.tolist() == pytest.approx([*(int(option[k : k + 2], 16) / 255 for k in (1, 3, 5)), 1])
    assert pale[:3].min() > 0.85
    assert missing[3] == 0  # transparent, and hatched


def test_nothing_lies_between_levels_without_an_order():
    dataset = make_dataset(a=numeric(4), b=labelled("categorical", "x", "y", "z"))
    figure = mapped(dataset, np.repeat([0.1, 0.4, 0.8, 0.9], 3))
    assert figure.axes[1].findobj(ContourSet) == []
    assert not any("between points" in label for label in legend_labels(figure))


@pytest.mark.parametrize("name", ["weather", "house_prices", "heart_disease"])
def test_every_panel_has_its_own_lines(name):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    ranks = np.indices(dataset.shape).reshape(len(dataset.shape), -1).T / (np.array(dataset.shape) - 1)
    figure = mapped(dataset, ranks.mean(axis=1))
    assert crowded(figure) == []
    mosaic = lay_out(dataset, 24)
    most = len(map_probabilities.LINES) * mosaic.n_columns * mosaic.n_rows
    assert 3 <= len(figure.axes[1].findobj(ContourSet)) <= most


def test_shares_of_askings_are_probabilities_too():
    codes = [0, 0, 1, 1]
    boundary = make_boundary(LINE, codes).assign(askings=4, share_1=[0, 0.25, 0.75, 1])
    figure = boundary_map(LINE, boundary, make_sce(LINE, codes, "minimal", "nearest"), "someone", {})
    assert "how likely 'B' is, by how often it was the answer" in words(figure).replace("\n", " ")
