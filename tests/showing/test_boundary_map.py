"""Boundary maps, checked by their numbers, texts, marks and bytes on the real datasets."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import CircleCollection, LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.quiver import Quiver
from matplotlib.text import Text

from sce.files import artifacts
from sce.grids.datasets import DATASETS, load_dataset
from sce.showing.boundary_map import TINTS, boundary_map
from sce.showing.drawing import label_x, label_y, save, settings
from sce.showing.map_drawing import mix
from sce.showing.mosaic import lay_out
from sce.showing.moves import sce_fates
from sce.showing.style import FigureStyle
from sce.study.targets import FIGURE_FORMS
from tests.showing.figures import (
    NAMES,
    constant,
    crowded,
    diagonal,
    draw,
    labelled,
    legend_labels,
    make_boundary,
    make_dataset,
    make_sce,
    numeric,
    shuffled,
    texts,
    words,
)

pytestmark = pytest.mark.filterwarnings("error")  # missing glyphs, collapsed limits, ignored settings


# --- the mosaic and the fates --------------------------------------------------------------------------

LAYOUTS = {  # x, y, features over columns and over rows
    "weather": ("temperature", "wind_speed", [], []),
    "income": ("age", "education", [], []),
    "house_prices": ("area", "bedrooms", ["bathrooms"], ["floors"]),
    "heart_disease": ("age", "total_cholesterol", ["systolic_bp"], ["sex"]),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_point_has_its_own_place(name):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    mosaic = lay_out(dataset, 24)
    assert (mosaic.x, mosaic.y, list(mosaic.columns), list(mosaic.rows)) == LAYOUTS[name]
    assert mosaic.shown.all()
    assert len(np.unique(mosaic.place, axis=0)) == dataset.size
    assert mosaic.place.max(axis=0).tolist() == [mosaic.width - 1, mosaic.height - 1]


def test_too_many_slices_are_thinned_evenly():
    dataset = make_dataset(a=numeric(6), b=numeric(5), c=numeric(4), d=numeric(4), e=numeric(2))
    mosaic = lay_out(dataset, 24)
    levels = mosaic.columns | mosaic.rows
    assert levels == {"c": [0, 2, 3], "d": [0, 1, 2, 3], "e": [0, 1]}
    assert mosaic.shown.sum() == 6 * 5 * 24
    codes = diagonal(dataset)
    figure = draw(dataset, codes, {"minimal": "nearest"})
    assert "24 of 32 slices, at evenly chosen levels" in words(figure)
    hidden = (~mosaic.shown)[
        make_sce(dataset, codes, "minimal", "nearest")["sce_point_id"].to_numpy(int)
    ].sum()
    assert hidden > 0
    assert f"{hidden:,} land in slices not shown" in words(figure).replace("\n", " ")
    assert crowded(figure) == []


def test_fates_by_hand():
    dataset = make_dataset(a=numeric(4))
    table = pd.DataFrame(
        {
            "target": ["B", "A", "B", "B", None, "A"],
            "sce_point_id": pd.array([2, 1, 3, None, None, None], dtype="Int64"),
            "status": ["ok", "ok", "ok", "ok", "no_prediction", "truncated"],
        }
    )
    fates = sce_fates(dataset, np.array([0, 1, 1, -1]), table)
    assert fates.tolist() == [
        "valid",
        "invalid",
        "no_prediction_at_sce",
        "off_grid",
        "no_prediction",
        "truncated",
    ]


# --- the boundary map ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps_and_all_panels_are_there(name):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    codes = diagonal(dataset)
    codes[1] = None
    figure = draw(dataset, codes, {"unconstrained": "echo", "minimal": "nearest"})
    assert [axes.get_label() for axes in figure.axes] == ["boundary", "unconstrained", "minimal"]
    assert crowded(figure) == []
    mosaic = lay_out(dataset, 24)
    frames = figure.axes[0].patches[-1].get_path()
    assert len(frames) == 5 * mosaic.n_columns * mosaic.n_rows
    asked = dataset.size - 1
    written = words(figure)
    assert f"{asked:,} SCEs on the grid: 0 valid, {asked:,} invalid" in written
    assert f"{asked:,} SCEs on the grid: {asked:,} valid, 0 invalid" in written
    assert {"no prediction (1)", "valid SCE, x to x'"} < set(legend_labels(figure))


@pytest.mark.parametrize(
    ("levels", "panels"), [([20_000, 40_000, 60_000, 80_000], 9), ([200_000, 400_000, 600_000, 800_000], 5)]
)
def test_small_panels_are_labelled_at_both_ends(levels, panels):
    """Nine panels side by side: labels of five digits stand below each, longer ones below every second."""
    income = {"kind": "numeric", "levels": levels, "wording": "it is {value}"}
    dataset = make_dataset(
        income=income, b=numeric(4), c=numeric(3), d=numeric(3), e=labelled("ordinal", "x", "y")
    )
    figure = draw(dataset, diagonal(dataset), {"minimal": "echo"})
    assert crowded(figure) == []
    along = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in along if text.isdigit() and len(text) > 4] == [
        str(levels[0]),
        str(levels[-1]),
    ] * panels


def test_no_boundary_is_said_plainly():
    dataset = load_dataset(DATASETS / "income.yaml")
    figure = draw(dataset, constant(dataset), {"unconstrained": "echo", "minimal": "malformed"})
    written = words(figure)
    assert "someone, Income. No boundary: always 'Below $50,000' (1,920 of 1,920 points)" in written
    assert "1,920 repeat x unchanged" in written
    assert "no SCE on the grid; not drawn: 1,280 off grid, 640 unparseable" in written
    labels = ["Below $50,000 (1,920)", "Above $50,000 (0)", "invalid x' (area: how many; 56 and more alike)"]
    assert legend_labels(figure) == labels


def test_few_sces_are_all_arrows_and_of_many_a_sample():
    dataset = load_dataset(DATASETS / "weather.yaml")
    codes = diagonal(dataset)

    def arrows(figure):
        return [len(artist.U) for artist in figure.axes[1].findobj(Quiver)]

    whole = draw(dataset, codes, {"minimal": "nearest"})
    assert arrows(whole) == [dataset.size]
    (starts,) = whole.axes[1].findobj(CircleCollection)
    (drawn,) = whole.axes[1].findobj(Quiver)
    assert starts.get_offsets().tolist() == drawn.get_offsets().tolist()
    assert len(np.unique(drawn.get_offsets(), axis=0)) == dataset.size  # no two on one line
    sampled = draw(dataset, codes, {"minimal": "nearest"}, max_arrows=dataset.size - 1, sample_arrows=10)
    assert arrows(sampled) == [10]
    assert "arrows: a sample of 10" in words(sampled)
    assert "valid x' (area: how many; 56 and more alike)" in legend_labels(sampled)


def test_marks_are_cut_off_at_the_edges_of_their_panel():
    dataset = make_dataset(a=numeric(4), b=numeric(4), c=numeric(2))
    codes = [0, 0, 0, 0, 1, 1, 1, 1] * 4
    table = make_sce(dataset, codes, "minimal", "nearest")
    # The two corners of the two panels that are farthest apart.
    table["sce_point_id"] = table["point_id"] % 2 * 31
    axes = boundary_map(dataset, make_boundary(dataset, codes), table, "someone", {"max_arrows": 0}).axes[1]
    valid, invalid = axes.findobj(PathCollection)
    assert valid.get_offsets().tolist() == invalid.get_offsets().tolist() == [[0, 0], [8, 3]]
    # The empty cell between the two panels of 4 x 4 is white above the marks, and the frames are above it.
    (cover,) = [patch for patch in axes.patches if patch.get_facecolor() == (1, 1, 1, 1)]
    (gap,) = cover.get_path().to_polygons()
    assert (gap.min(axis=0).tolist(), gap.max(axis=0).tolist()) == ([3.5, -0.5], [4.5, 4.5])
    frames = max(patch.zorder for patch in axes.patches)
    assert valid.zorder == invalid.zorder < cover.zorder < frames
    # No mark is wider than three of the nine cells: none reaches beyond the gap.
    cell = 72 * axes.get_position().width * axes.figure.get_figwidth() / 9
    for marks in (valid, invalid):
        assert cell < marks.get_sizes().max() ** 0.5 <= 3 * cell
        assert marks.get_clip_on()


def test_valid_and_invalid_differ_by_more_than_colour():
    dataset = make_dataset(a=numeric(4), b=numeric(4))
    codes = [0, 0, 1, 1] * 4
    table = make_sce(dataset, codes, "minimal", "nearest")
    table.loc[table["point_id"] % 2 == 0, "sce_point_id"] = (
        table["point_id"] // 4 * 4 + (table["point_id"] % 4 + 1) % 2
    )
    table.loc[table["point_id"] % 4 == 2, "sce_point_id"] = table["point_id"] // 4 * 4 + 3
    figure = boundary_map(dataset, make_boundary(dataset, codes), table, "someone", {})
    axes = figure.axes[1]
    assert [len(arrows.U) for arrows in axes.findobj(Quiver)] == [8]
    (dashed,) = [lines for lines in axes.collections if type(lines) is LineCollection]
    assert len(dashed.get_segments()) == 8
    assert dashed.get_linestyle()[0][1] is not None
    ends = [line.get_marker() for line in axes.lines]
    assert [marker for marker in ends if marker not in (TICKDOWN, TICKLEFT)] == ["x"]


def test_the_options_differ_in_lightness():
    def lightness(colour):
        rgb = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 116 * np.dot([0.2126, 0.7152, 0.0722], linear) ** (1 / 3) - 16

    first, second = map(lightness, FigureStyle().option_colours)
    assert abs(first - second) > 20
    tinted = [mix(c, t) for c, t in zip(FigureStyle().option_colours, TINTS, strict=True)]
    first, second = (lightness("#" + "".join(f"{round(255 * c):02x}" for c in rgb)) for rgb in tinted)
    assert abs(first - second) > 10


def test_tables_as_they_are_read_from_parquet(tmp_path):
    dataset = load_dataset(DATASETS / "weather.yaml")
    codes = diagonal(dataset)
    codes[3] = codes[30] = None
    sce = pd.concat([make_sce(dataset, codes, c, p) for c, p in {"u": "malformed", "m": "nearest"}.items()])
    tables = {"boundary": make_boundary(dataset, codes), "sce": sce.assign(prediction_at_sce=None)}
    for artifact, table in tables.items():
        artifacts.write(table, tmp_path / artifact, artifact, list(dataset.features))
    read = [artifacts.read(tmp_path / artifact) for artifact in tables]
    figure = boundary_map(dataset, *read, "someone", FigureStyle(dpi=72))
    assert words(figure) == words(boundary_map(dataset, *tables.values(), "someone", {"dpi": 72}))
    assert "2 not asked (no prediction at x)" in words(figure)


def test_no_sces_at_all():
    dataset = load_dataset(DATASETS / "exam.yaml")
    codes = diagonal(dataset)
    sce = make_sce(dataset, codes, "minimal", "echo").head(0)
    figure = boundary_map(dataset, make_boundary(dataset, codes), sce, "someone", {})
    assert [axes.get_label() for axes in figure.axes] == ["boundary"]


@pytest.mark.parametrize(
    "features",
    [
        {"a": numeric(30)},
        {"a": labelled("ordinal", *(f"a rather long label number {k} of them" for k in range(12)))},
        {"a": labelled("categorical", "red", "green"), "b": labelled("categorical", "yes", "no")},
        {"a": numeric(12), "b": numeric(8), "c": labelled("categorical", "red", "green", "blue")},
        {"a": numeric(90), "b": numeric(3)},
    ],
    ids=["one", "one labelled", "tiny", "three", "wide"],
)
def test_any_dataset_can_be_drawn(features):
    dataset = make_dataset(**features)
    figure = draw(dataset, diagonal(dataset), {"unconstrained": "echo", "minimal": "nearest"}, font_size=10)
    assert len(figure.axes) == 3
    assert crowded(figure) == []


def test_the_same_bytes_every_time_and_no_dates(tmp_path):
    dataset = load_dataset(DATASETS / "weather.yaml")
    codes = shuffled(dataset)
    for run in ("a", "b"):
        figure = draw(dataset, codes, {"unconstrained": "malformed", "minimal": "nearest"})
        save(figure, *(tmp_path / run / f"map.{form}" for form in FIGURE_FORMS))
    for name in ("map.png", "map.svg", "map.pdf"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / "map.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "a" / "map.svg").read_text()
    assert (tmp_path / "a" / "map.pdf").read_bytes().startswith(b"%PDF")
    assert "<dc:date>" not in svg
    assert matplotlib.__version__ not in svg


def test_labels_stand_where_those_of_matplotlib_do():
    places, style = {0: "none", 3: "many (more)"}, FigureStyle()
    with settings(style):
        theirs, ours = Figure().subplots(), Figure().subplots()
    for axes in (theirs, ours):
        axes.set(xlim=(-1, 4), ylim=(-1, 4), xticks=[], yticks=[])
    theirs.tick_params(labelsize=style.font_size - 1, length=2)
    theirs.set_xticks(list(places), places.values())
    theirs.set_yticks(list(places), places.values())
    theirs.set_xlabel("x", labelpad=2)
    theirs.set_ylabel("y", labelpad=3)
    label_x(ours, places, "x", style)
    label_y(ours, places, "y", style)
    wanted, found = (
        {
            (text.get_text(), text.get_va()): text.get_window_extent().bounds
            for text in axes.findobj(Text)
            if text.get_text() and text.get_visible()
        }
        for axes in (drawn(theirs), drawn(ours))
    )
    assert wanted.keys() == found.keys()
    for what, box in wanted.items():
        assert found[what] == pytest.approx(box, abs=3), what


def drawn(axes):
    axes.figure.draw_without_rendering()
    return axes


def test_what_matplotlib_lays_out_is_laid_out_once_and_fonts_are_embedded(tmp_path):
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.set_title("Certificate")
    save(figure, tmp_path / "a.png")
    assert figure.get_layout_engine() is None
    place = axes.get_position().bounds
    save(figure, tmp_path / "b.png", tmp_path / "b.pdf")
    assert axes.get_position().bounds == place
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert b"/FontFile2" in (tmp_path / "b.pdf").read_bytes()


def test_the_heaviest_map_is_a_light_file(tmp_path):
    dataset = load_dataset(DATASETS / "house_prices.yaml")
    figure = draw(dataset, shuffled(dataset), {"unconstrained": "echo", "minimal": "nearest"}, dpi=150)
    save(figure, tmp_path / "map.svg")
    assert 100_000 < (tmp_path / "map.svg").stat().st_size < 1_100_000


def test_settings_of_the_user_neither_matter_nor_change():
    dataset = load_dataset(DATASETS / "weather.yaml")
    with matplotlib.rc_context({"font.size": 30, "font.family": "monospace"}):
        figure = draw(dataset, diagonal(dataset), {"minimal": "nearest"})
        assert matplotlib.rcParams["font.size"] == 30
        assert max(text.get_fontsize() for text in texts(figure)) == 8
