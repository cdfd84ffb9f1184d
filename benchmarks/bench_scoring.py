"""Time and memory of measuring and scoring, against a literal transcription of the published approach.

Run by hand from the repository root: ``python benchmarks/bench_scoring.py``. It prints the tables that stand
in benchmarks/README.md. Every figure comes from a fresh process. Times are its processor seconds, which other
work on the machine disturbs less than it does the clock; memory is the process's peak beyond what it held
before (imports, inputs).
"""

import multiprocessing
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sce.grids.datasets import Dataset, load_dataset  # noqa: E402
from sce.measuring.dependence import Lattice  # noqa: E402
from sce.measuring.distances import measure  # noqa: E402
from sce.measuring.matrices import distance_matrix  # noqa: E402
from sce.measuring.metrics import nearest, space  # noqa: E402
from sce.measuring.scores import estimates, score  # noqa: E402

STUDY = ("house_prices", "income", "heart_disease")
METRICS = ("gower", "l1", "l2")
GRIDS = {"10^4": (25, 20, 20), "10^5": (50, 50, 40), "10^6": (100, 100, 100)}
PAIRS = 20_000  # sampled from the per-pair loops


def study(name):
    return load_dataset(ROOT / "resources" / "datasets" / f"{name}.yaml")


def cube(shape):
    features = {
        f"f{i}": {"kind": "numeric", "levels": {"first": 1, "last": n}, "wording": "{value}"}
        for i, n in enumerate(shape)
    }
    texts = {"title": "t", "subject": "s", "context": "c", "question": "q", "options": ["a", "b"]}
    return Dataset.model_validate({"name": "cube", **texts, "features": features})


def respondent(dataset):
    """A plane as the boundary, and SCEs at random points."""
    ranks = np.indices(dataset.shape).reshape(len(dataset.shape), -1)
    heights = sum(rank / (size - 1) for rank, size in zip(ranks, dataset.shape, strict=True))
    predictions = (heights > len(dataset.shape) / 2).astype(np.int8)
    points = np.arange(dataset.size)
    found = np.random.default_rng(0).integers(0, dataset.size, dataset.size)
    sces = pd.DataFrame({"point_id": points, "sce_point_id": found, "target": None, "status": "ok"})
    return predictions, sces.assign(condition="c")


# --- the published approach, transcribed ---


def score_by_scanning(grid, features, predictions, sces, matrix):
    """Per row: find x' by comparing columns, then scan the row of an N x N matrix for the nearest points."""
    rows = grid.assign(answer=predictions, complement=1 - predictions)
    for name in features:
        rows[f"{name}_CF"] = rows[name].to_numpy()[sces["sce_point_id"]]
    measured = []
    for _, row in rows.iterrows():
        match = np.ones(len(rows), dtype=bool)
        for name in features:
            match &= rows[name] == row[f"{name}_CF"]
        found = rows[match].iloc[0]
        x, y = row["point_id"], found["point_id"]
        targets = rows[rows["answer"] == row["complement"]]["point_id"]
        to_boundary = matrix[x, targets].min()
        valid = found["answer"] == row["complement"]
        others = rows[rows["answer"] != found["answer"]]["point_id"]
        measured.append((valid, matrix[x, y], to_boundary, matrix[y, others].min()))
    table = pd.DataFrame(measured, columns=["valid", "distance", "nearest", "back"])
    flips, fails = table[table["valid"]], table[~table["valid"]]
    return {
        "validity": table["valid"].mean(),
        "mean_excess": (flips["distance"] - flips["nearest"]).mean(),
        "median_relative_excess": (flips["distance"] / flips["nearest"] - 1).median(),
        "mean_shortfall": fails["back"].mean(),
    }


def matrix_by_pairs(dataset, pairs):
    """Gower distances one pair at a time, numpy inside; only the first ``pairs`` of all N^2."""
    columns = [name for name, f in dataset.features.items() if f.kind != "categorical"]
    labels = [name for name in dataset.features if name not in columns]
    grid = dataset.grid()
    numbers, kinds = grid[columns].to_numpy(dtype=float), grid[labels].to_numpy()
    ranges = np.ptp(numbers, axis=0)
    matrix = np.zeros((dataset.size, dataset.size))
    for pair in range(pairs):
        i, j = divmod(pair, dataset.size)
        parts = np.concatenate([np.abs(numbers[i] - numbers[j]) / ranges, kinds[i] != kinds[j]])
        matrix[i, j] = parts.mean()
    return matrix


# --- measuring ---


def alone(function, *arguments):
    """What ``function`` returns in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def timed(action, repeats):
    """Median processor seconds of ``repeats`` calls, and MB by which the process's peak grew."""
    before = peak_mb()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds)), peak_mb() - before


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_run(name, way):
    dataset = study(name)
    predictions, sces = respondent(dataset)
    if way == "scanning":
        grid, matrix = dataset.grid(), distance_matrix(dataset, "gower")
        features = list(dataset.features)
        return timed(lambda: score_by_scanning(grid, features, predictions, sces, matrix), 1)
    if way == "scores":
        return timed(lambda: estimates(measure(dataset, predictions, sces, "gower")), 9)
    lattice = Lattice.of(dataset)
    return timed(lambda: score(measure(dataset, predictions, sces, "gower"), "points", lattice), 9)


def same_numbers(name):
    """Both ways give the same scores; a ratio between different results would mean nothing."""
    dataset = study(name)
    predictions, sces = respondent(dataset)
    points = np.arange(dataset.size)
    matrix = space(dataset, "gower").between(points[:, None], points)
    slow = score_by_scanning(dataset.grid(), list(dataset.features), predictions, sces, matrix)
    ours = estimates(measure(dataset, predictions, sces, "gower"))
    return all(np.isclose(value, ours[score_name][0], rtol=1e-9) for score_name, value in slow.items())


def one_grid(shape, metric, part):
    dataset = cube(shape)
    predictions, sces = respondent(dataset)
    if part == "nearest":
        return timed(lambda: nearest(dataset, predictions, metric), 1)
    if part == "measure":
        return timed(lambda: measure(dataset, predictions, sces, metric), 1)
    measured = measure(dataset, predictions, sces, metric)
    return timed(lambda: score(measured, "points", Lattice.of(dataset)), 1)


def one_matrix(name, way):
    dataset = study(name)
    if way == "pairs":
        seconds, _ = timed(lambda: matrix_by_pairs(dataset, PAIRS), 1)
        return seconds * dataset.size**2 / PAIRS
    return timed(lambda: distance_matrix(dataset, way), 9)


def main():
    print("| one run, gower | N | scanning | scores | ratio | with intervals | ratio | peak |")
    print("|---|---|---|---|---|---|---|---|")
    for name in STUDY:
        if not alone(same_numbers, name):
            raise SystemExit(f"{name}: the two ways differ")
        slow, plain, full = (alone(one_run, name, way) for way in ("scanning", "scores", "intervals"))
        print(
            f"| {name} | {study(name).size} | {slow[0]:.2f} s | {1000 * plain[0]:.1f} ms |",
            f"{slow[0] / plain[0]:.0f} | {1000 * full[0]:.1f} ms | {slow[0] / full[0]:.0f} |",
            f"+{full[1]:.0f} MB |",
        )

    print("\n| grid | metric | nearest | measure | score with intervals |\n|---|---|---|---|---|")
    for label, shape in GRIDS.items():
        for metric in METRICS:
            parts = [alone(one_grid, shape, metric, part) for part in ("nearest", "measure", "score")]
            print(f"| {label} | {metric} |", " | ".join(f"{s:.2f} s, +{mb:.0f} MB" for s, mb in parts), "|")

    print("\n| matrix | gower, pair by pair | gower | l1 | l2 | ratio (gower) |\n|---|---|---|---|---|---|")
    for name in STUDY:
        slow = alone(one_matrix, name, "pairs")
        ours = [alone(one_matrix, name, metric) for metric in METRICS]
        cells = [f"{1000 * seconds:.0f} ms, +{mb:.0f} MB" for seconds, mb in ours]
        print(f"| {name} | {slow:.0f} s |", " | ".join(cells), f"| {slow / ours[0][0]:.0f} |")


if __name__ == "__main__":
    main()
