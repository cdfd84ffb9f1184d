"""What the tests of figures share: datasets, boundaries and SCEs made by hand, and what a figure says."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.text import Text
from scipy.spatial.distance import cdist

from sce.grids.datasets import DATASETS, Dataset, load_dataset
from sce.showing.boundary_map import boundary_map

MAPPED = 100_000  # points; larger grids are asked in part and have no map
FILES = sorted(DATASETS.glob("*.yaml"))
NAMES = [path.stem for path in FILES if load_dataset(path).size <= MAPPED]


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
