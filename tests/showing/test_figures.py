"""Figures, checked by their numbers, texts, marks and bytes on the real datasets."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import CircleCollection, LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from scipy.spatial.distance import cdist

from sce.files import artifacts
from sce.grids.datasets import DATASETS, Dataset, load_dataset
from sce.measuring import boundaries, scores
from sce.showing.boundary_map import TINTS, boundary_map
from sce.showing.drawing import label_x, label_y, save, settings
from sce.showing.looks import look
from sce.showing.map_drawing import mix
from sce.showing.mosaic import lay_out
from sce.showing.moves import sce_fates
from sce.showing.style import FigureStyle
from sce.showing.validity_scatter import validity_scatter
from sce.study.targets import FIGURE_FORMS

pytestmark = pytest.mark.filterwarnings("error")  # missing glyphs, collapsed limits, ignored settings
MAPPED = 100_000  # points; larger grids are asked in part and have no map
FILES = sorted(DATASETS.glob("*.yaml"))
NAMES = [path.stem for path in FILES if load_dataset(path).size <= MAPPED]


# --- test data -----------------------------------------------------------------------------------------


def numeric(n):
    return {"kind": "numeric", "levels": {"first": 1, "last": n}, "wording": "it is {value}"}


def labelled(kind, *labels):
    return {"kind": kind, "levels": list(labels), "wording": "it is {value}"}


def make_dataset(**features):
    return Dataset(
        name="made",
        title="Made",
        subject="s",
        context="c",
        question="A or B?",
        options=("A", "B"),
        features=features,
    )


def make_boundary(dataset, codes, question="q"):
    """A boundary table from 0, 1 or None per grid point."""
    table = dataset.grid().drop(columns="description")
    table.insert(0, "question", question)
    table["prediction"] = [None if code is None else dataset.options[code] for code in codes]
    table["status"] = ["unparseable" if code is None else "ok" for code in codes]
    table["probability_0"] = table["probability_1"] = np.nan
    return table


def unit_cube(dataset):
    """Every grid point with each feature scaled to 0..1, shape (N, features)."""
    ranks = np.indices(dataset.shape).reshape(len(dataset.shape), -1).T
    return ranks / (np.array(dataset.shape) - 1)


def diagonal(dataset):
    """A respondent with an oblique boundary and an interaction of its first and last feature."""
    z = unit_cube(dataset)
    height = z @ (1 + 0.4 * np.arange(z.shape[1])) + z[:, 0] * z[:, -1]
    return (height > np.quantile(height, 0.6)).astype(int).tolist()


def constant(dataset):
    return [0] * dataset.size


def shuffled(dataset):
    return np.random.default_rng(7).permutation(diagonal(dataset)).tolist()


def make_sce(dataset, codes, condition, policy):
    """The SCEs of one policy: nearest, echo, or malformed (off grid and unparseable in turn)."""
    codes = np.array([-1 if code is None else code for code in codes])
    ids = np.arange(dataset.size)
    if policy == "nearest":
        z = unit_cube(dataset)
        distance = cdist(z, z, "cityblock")
        ids = np.where(codes[None, :] == 1 - codes[:, None], distance, np.inf).argmin(axis=1)
    table = pd.DataFrame({"condition": condition, "point_id": np.arange(dataset.size)})
    table["target"] = [None if code < 0 else dataset.options[1 - code] for code in codes]
    grid = dataset.grid()
    for feature in dataset.features:
        table[f"sce_{feature}"] = grid[feature].to_numpy(float)[ids]
    table["sce_point_id"] = pd.array(ids, dtype="Int64")
    table["status"] = "ok"
    if policy == "malformed":
        table["status"] = np.where(table["point_id"] % 3 == 0, "unparseable_sce", "off_grid")
        table["sce_point_id"] = pd.NA
    unasked = codes < 0
    table.loc[unasked, "status"] = "no_prediction"
    table.loc[unasked, "sce_point_id"] = pd.NA
    return table


def draw(dataset, codes, policies, **style):
    """The boundary map of a respondent whose conditions are {name: policy}."""
    sces = [make_sce(dataset, codes, name, policy) for name, policy in policies.items()]
    style = {"dpi": 72, **style}
    return boundary_map(dataset, make_boundary(dataset, codes), pd.concat(sces), "someone", style)


def texts(figure):
    """Every text of a figure that can be seen."""
    found = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    return [text for text in found if text.get_text().strip()]


def words(figure):
    """All that is written on a figure, in one line."""
    return " ".join(text.get_text() for text in texts(figure))


def legend_labels(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def crowded(figure):
    """Pairs of texts that overlap, and texts that leave the page."""
    figure.draw_without_rendering()  # ticks and labels find their places
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    assert len(boxes) > 5
    page = figure.bbox
    outside = [
        name
        for name, box in boxes
        if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1
    ]
    overlaps = [
        (a, b)
        for (a, one), (b, two) in itertools.combinations(boxes, 2)
        if min(one.x1, two.x1) - max(one.x0, two.x0) > 1 and min(one.y1, two.y1) - max(one.y0, two.y0) > 1
    ]
    return outside + overlaps


# --- describe_boundary ---------------------------------------------------------------------------------


def describe(dataset, codes):
    return boundaries.describe_boundary(dataset, make_boundary(dataset, codes))


def test_a_staircase_by_hand():
    facts = describe(make_dataset(a=numeric(3), b=numeric(3)), [0, 0, 1, 0, 1, 1, 1, 1, 1])
    assert (facts["n"], facts["answered"], facts["missing"]) == (9, 9, 0)
    assert (facts["n_0"], facts["n_1"], facts["boundary"]) == (3, 6, True)
    assert (facts["share_0"], facts["share_1"]) == pytest.approx((1 / 3, 2 / 3))
    assert facts["disagreeing"] == pytest.approx(4 / 12)
    assert (facts["n_regions"], facts["n_regions_0"], facts["n_regions_1"]) == (2, 1, 1)
    assert facts["raggedness"] == 0
    assert facts["verdict"] == "clean"
    assert facts["sentence"] == (
        "clean boundary: raggedness 0.00 (0 without a spike, 1 as if shuffled); "
        "33.3% of neighbouring pairs disagree; regions: 1 of 'A', 1 of 'B'"
    )


def test_a_chessboard_by_hand():
    facts = describe(make_dataset(a=numeric(3), b=numeric(3)), [0, 1, 0, 1, 0, 1, 0, 1, 0])
    assert facts["disagreeing"] == 1
    assert (facts["n_regions_0"], facts["n_regions_1"]) == (5, 4)
    assert facts["raggedness"] == pytest.approx(6 / (6 * 5 / 9 * 4 / 9))  # 6 triples, all of them spikes
    assert facts["verdict"] == "ragged"


def test_points_without_a_prediction_join_nothing():
    facts = describe(make_dataset(a=numeric(5)), [0, None, 0, 1, 0])
    assert (facts["answered"], facts["missing"], facts["share_1"]) == (4, 1, 0.25)
    assert facts["disagreeing"] == 1  # of the pairs (3, 4) and (4, 5)
    assert (facts["n_regions_0"], facts["n_regions_1"]) == (3, 1)
    assert facts["raggedness"] == pytest.approx(1 / (1 * 0.25 * 0.75))
    assert facts["sentence"].endswith("; 1 without a prediction")


def test_levels_of_a_categorical_feature_are_all_neighbours():
    facts = describe(make_dataset(a=labelled("categorical", "x", "y", "z")), [0, 1, 0])
    assert facts["disagreeing"] == pytest.approx(2 / 3)
    assert (facts["n_regions_0"], facts["n_regions_1"]) == (1, 1)
    assert facts["raggedness"] is None  # no order, so no spike
    assert facts["verdict"] == "clean"


def test_no_boundary_and_no_predictions():
    dataset = make_dataset(a=numeric(1200))
    facts = describe(dataset, [1] * 1199 + [None])
    assert (facts["boundary"], facts["verdict"], facts["raggedness"]) == (False, "no boundary", None)
    assert facts["sentence"] == "no boundary: always 'B' (1,199 of 1,200 points); 1 without a prediction"
    facts = describe(dataset, [None] * 1200)
    assert (facts["verdict"], facts["share_0"], facts["disagreeing"]) == ("no predictions", None, None)
    assert facts["sentence"] == "no predictions at any of the 1,200 points"


@pytest.mark.parametrize("name", NAMES)
def test_raggedness_knows_oblique_from_shuffled_on_every_dataset(name):
    dataset = load_dataset(DATASETS / f"{name}.yaml")
    clean, ragged = describe(dataset, diagonal(dataset)), describe(dataset, shuffled(dataset))
    assert (clean["raggedness"], clean["verdict"]) == (0, "clean")
    assert ragged["raggedness"] == pytest.approx(1, abs=0.1 if dataset.size > 1000 else 0.5)
    assert ragged["verdict"] == "ragged"


def test_the_first_wording_counts_and_unknown_predictions_are_refused():
    dataset = make_dataset(a=numeric(3))
    table = pd.concat(
        [make_boundary(dataset, [0, 1, 1], "plain"), make_boundary(dataset, [1, 0, 0], "formal")]
    )
    assert boundaries.predictions(dataset, table).tolist() == [0, 1, 1]
    with pytest.raises(ValueError, match=r"no option of made.*maybe"):
        boundaries.predictions(dataset, table.replace({"prediction": {"A": "maybe"}}))


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


# --- validity against excess ---------------------------------------------------------------------------


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
