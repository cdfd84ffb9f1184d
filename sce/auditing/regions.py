"""What ``boundaries.parquet`` ought to say of a boundary (docs/scores.md), point by point."""

from itertools import combinations, pairwise

from sce.auditing.grids import ranks_of
from sce.grids.datasets import Dataset

RAGGED = 0.2  # above it a boundary is called ragged


def description_of(dataset: Dataset, predictions: dict[int, str | None]) -> dict:
    """The columns of a boundary but for its sentence. ``predictions``: of the points that were asked; where
    these are not all points, there are counts alone."""
    known = {point: dataset.options.index(o) for point, o in predictions.items() if o is not None}
    if len(predictions) < dataset.size:
        ones, unknown = sum(known.values()), ("disagreeing", "raggedness", "n_regions_0", "n_regions_1")
        counts = {"n_0": len(known) - ones, "n_1": ones, "missing": len(predictions) - len(known)}
        return {"verdict": "asked in part", "n": dataset.size} | counts | dict.fromkeys(unknown)
    pairs = [(a, b) for a, b in _neighbours(dataset) if a in known and b in known]
    alike = [(a, b) for a, b in pairs if known[a] == known[b]]
    ones, raggedness = sum(known.values()), _raggedness(dataset, known)
    regions = _regions(known, alike)
    if not known:
        verdict = "no predictions"
    elif ones in (0, len(known)):
        verdict = "no boundary"
    else:
        verdict = "ragged" if (raggedness or 0) > RAGGED else "clean"
    return {
        "verdict": verdict, "n": dataset.size, "missing": dataset.size - len(known),
        "n_0": len(known) - ones, "n_1": ones,
        "disagreeing": 1 - len(alike) / len(pairs) if pairs else None, "raggedness": raggedness,
        "n_regions_0": regions[0], "n_regions_1": regions[1],
    }  # fmt: skip


def _lines(dataset):
    """(kind of feature, the points of a line along it in the order of its levels)."""
    places = {tuple(ranks_of(dataset, point)): point for point in range(dataset.size)}
    for axis, feature in enumerate(dataset.features.values()):
        for place in places:
            if place[axis] == 0:
                line = [places[*place[:axis], rank, *place[axis + 1 :]] for rank in range(len(feature.codes))]
                yield feature.kind, line


def _neighbours(dataset):
    for kind, line in _lines(dataset):
        yield from combinations(line, 2) if kind == "categorical" else pairwise(line)


def _regions(known, alike):
    """How many groups of each option hang together, by flooding them one after the other."""
    beside = {point: [] for point in known}
    for a, b in alike:
        beside[a].append(b)
        beside[b].append(a)
    counts, seen = [0, 0], set()
    for start in known:
        if start in seen:
            continue
        counts[known[start]] += 1
        waiting = [start]
        while waiting:
            point = waiting.pop()
            if point not in seen:
                seen.add(point)
                waiting += beside[point]
    return counts


def _raggedness(dataset, known):
    spikes = triples = 0
    for kind, line in _lines(dataset):
        if kind == "categorical":
            continue
        for trio in zip(line, line[1:], line[2:], strict=False):
            if all(point in known for point in trio):
                below, here, above = (known[point] for point in trio)
                triples += 1
                spikes += below != here != above
    share = sum(known.values()) / len(known) if known else 0
    expected = triples * share * (1 - share)
    return spikes / expected if expected else None
