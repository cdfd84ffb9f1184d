"""What a boundary is like: its predictions on the grid, how they cohere, and a verdict in words."""

import itertools

import numpy as np
import pandas as pd

from sce.grids.datasets import Dataset
from sce.measuring.codes import NONE

RAGGED = 0.2  # of the raggedness of a shuffled grid; one point in twenty flipped at random gives about this


def predictions(dataset: Dataset, boundary: pd.DataFrame) -> np.ndarray:
    """The prediction at every grid point, for the first question wording of the table.

    Returns integers of shape (N,): 0 or 1 (which option), or NONE.
    """
    first = boundary[boundary["question"] == boundary["question"].iloc[0]]
    given = first[first["prediction"].notna()]
    unknown = set(given["prediction"]) - set(dataset.options)
    if unknown:
        raise ValueError(f"predictions that are no option of {dataset.name}: {sorted(unknown)}")
    codes = np.full(dataset.size, NONE)
    codes[given["point_id"].to_numpy(int)] = (given["prediction"] == dataset.options[1]).to_numpy(int)
    return codes


def probabilities(dataset: Dataset, boundary: pd.DataFrame) -> tuple[np.ndarray, str] | None:
    """For the first question wording of a table: the probability of the second option at every grid point
    (N,), NaN where it is unknown, and what it is from: "log-probabilities" of the reply where there are any,
    else the share of "askings" that gave it. None where neither is known anywhere."""
    first = boundary[boundary["question"] == boundary["question"].iloc[0]]
    for column, source in (("probability_1", "log-probabilities"), ("share_1", "askings")):
        if column in first and first[column].notna().any():
            found = np.full(dataset.size, np.nan)
            found[first["point_id"].to_numpy(int)] = first[column].to_numpy(float, na_value=np.nan)
            return found, source
    return None


def askings(dataset: Dataset, boundary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """For the first question wording of a table with samples: the share of the askings that gave the second
    option at every grid point (N,), NaN where none gave any, and how many gave one (N,)."""
    first = boundary[boundary["question"] == boundary["question"].iloc[0]]
    points = first["point_id"].to_numpy(int)
    shares, numbers = np.full(dataset.size, np.nan), np.zeros(dataset.size, dtype=np.int64)
    shares[points] = first["share_1"].to_numpy(float, na_value=np.nan)
    numbers[points] = first["askings"].to_numpy(int)
    return shares, numbers


def describe_boundary(dataset: Dataset, boundary: pd.DataFrame) -> dict:
    """What the boundary of one model on one dataset is like.

    Neighbours are two points one level apart in one feature (any two levels, if it is categorical).
    ``disagreeing``: share of the neighbouring pairs with two predictions whose predictions differ.
    ``n_regions``: groups of points of one option that are connected through neighbours.
    ``raggedness``: how often a point differs from both its neighbours along a feature with an order,
    divided by how often it would if the same predictions were shuffled over the grid. 0: no such spike;
    1: as at random. A straight or monotone boundary has 0 in any number of features.
    ``verdict``: "no predictions"; "no boundary" if all predictions are one option; else "ragged" if
    raggedness is above RAGGED, else "clean".
    Shares are of the points with a prediction; a share of nothing is None. Of a grid that was asked in part,
    counts alone are given, and the verdict says so.
    """
    if boundary["point_id"].nunique() < dataset.size:
        return _asked_in_part(dataset, boundary)
    codes = predictions(dataset, boundary)
    counts = [int((codes == option).sum()) for option in (0, 1)]
    answered = sum(counts)
    pairs = _neighbours(dataset)
    both = pairs[(codes[pairs] != NONE).all(axis=1)]
    alike = codes[both[:, 0]] == codes[both[:, 1]]
    regions = _count_regions(codes, both[alike])
    raggedness = _raggedness(dataset, codes)
    facts = {
        "n": dataset.size,
        "answered": answered,
        "missing": dataset.size - answered,
        "n_0": counts[0],
        "n_1": counts[1],
        "share_0": counts[0] / answered if answered else None,
        "share_1": counts[1] / answered if answered else None,
        "boundary": min(counts) > 0,
        "n_regions": sum(regions),
        "n_regions_0": regions[0],
        "n_regions_1": regions[1],
        "disagreeing": float(1 - alike.mean()) if len(alike) else None,
        "raggedness": raggedness,
    }
    return facts | {"verdict": _verdict(facts), "sentence": _sentence(dataset, facts)}


def _asked_in_part(dataset, boundary):
    """Counts of what was asked: chosen around a few starts, its shares are not those of the grid."""
    given = boundary.loc[boundary["question"] == boundary["question"].iloc[0], "prediction"]
    asked, counts = len(given), [int((given == option).sum()) for option in dataset.options]
    unknown = ("share_0", "share_1", "n_regions", "n_regions_0", "n_regions_1", "disagreeing", "raggedness")
    sentence = f"asked at {asked:,} of {dataset.size:,} points: " + ", ".join(
        f"{count:,} of '{option}'" for option, count in zip(dataset.options, counts, strict=True)
    )
    return dict.fromkeys(unknown) | {
        "n": dataset.size,
        "answered": sum(counts),
        "missing": asked - sum(counts),
        "n_0": counts[0],
        "n_1": counts[1],
        "boundary": min(counts) > 0,
        "verdict": "asked in part",
        "sentence": sentence,
    }


def _verdict(facts):
    if not facts["answered"]:
        return "no predictions"
    if not facts["boundary"]:
        return "no boundary"
    return "ragged" if (facts["raggedness"] or 0) > RAGGED else "clean"


def _sentence(dataset, facts):
    """The verdict in words, every number taken from the data."""
    verdict, n = _verdict(facts), facts["n"]
    without = f"; {facts['missing']:,} without a prediction" if facts["missing"] else ""
    if verdict == "no predictions":
        return f"no predictions at any of the {n:,} points"
    if verdict == "no boundary":
        always = 0 if facts["n_0"] else 1
        points = f"({facts['answered']:,} of {n:,} points){without}"
        return f"no boundary: always '{dataset.options[always]}' {points}"
    parts = []
    if facts["raggedness"] is not None:
        parts.append(f"raggedness {facts['raggedness']:.2f} (0 without a spike, 1 as if shuffled)")
    if facts["disagreeing"] is not None:
        parts.append(f"{facts['disagreeing']:.1%} of neighbouring pairs disagree")
    regions = [f"{facts[f'n_regions_{i}']:,} of '{option}'" for i, option in enumerate(dataset.options)]
    parts.append("regions: " + ", ".join(regions))
    return f"{verdict} boundary: {'; '.join(parts)}{without}"


def _neighbours(dataset):
    """All neighbouring pairs of grid points. Returns point ids of shape (pairs, 2)."""
    ids = np.arange(dataset.size).reshape(dataset.shape)
    pairs = []
    for axis, feature in enumerate(dataset.features.values()):
        lines = np.moveaxis(ids, axis, 0)
        ordered = feature.kind != "categorical"
        steps = itertools.pairwise if ordered else lambda levels: itertools.combinations(levels, 2)
        pairs += [np.stack([a.ravel(), b.ravel()], axis=1) for a, b in steps(lines)]
    return np.concatenate(pairs)


def _count_regions(codes, links):
    """The number of connected groups of option 0 and of option 1; ``links`` joins points that agree."""
    # Not by scipy, which takes half a second to import. Groups that a link joins take the least of both.
    group = np.arange(len(codes))  # the least point that each is known to be connected with
    while True:
        one, other = group[links].T
        if (one == other).all():
            return [len(np.unique(group[codes == option])) for option in (0, 1)]
        np.minimum.at(group, np.maximum(one, other), np.minimum(one, other))
        while (group[group] != group).any():
            group = group[group]


def _raggedness(dataset, codes):
    """Spikes along the ordered features, over their expected number on a shuffled grid; None if that is 0."""
    grid = codes.reshape(dataset.shape)
    spikes = triples = 0
    for axis, feature in enumerate(dataset.features.values()):
        if feature.kind == "categorical":
            continue
        line = np.moveaxis(grid, axis, 0)
        below, here, above = line[:-2], line[1:-1], line[2:]
        known = (below != NONE) & (here != NONE) & (above != NONE)
        triples += int(known.sum())
        spikes += int((known & (here != below) & (here != above)).sum())
    share = codes[codes != NONE].mean() if (codes != NONE).any() else 0.0
    expected = float(triples * share * (1 - share))  # P(010) + P(101) for independent draws = p(1 - p)
    return spikes / expected if expected else None
