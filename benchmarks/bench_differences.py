"""How long do the differences of a large study take, beside a bootstrap for each?

Run by hand from the repository root: ``python benchmarks/bench_differences.py [MODELS CONDITIONS]`` (6 and
12; the last column is for 20 and 50). Tables of 1,920 rows on the grid of income, a twentieth not kept.
The bootstrap draws the points of each pair 1,000 times, without regard to what hangs together.
"""

import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft, special  # noqa: F401  their import is no part of a pair

sys.path.insert(0, str(Path(__file__).parents[1]))

from sce.measuring.comparisons import PAIRED, differences
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import ANSWERS, POINTS

GRID = Lattice((80, 24), (True, True))
POINTS_OF_GRID = 80 * 24
RESAMPLES = 1000


def measured(rng, conditions) -> pd.DataFrame:
    """A ``distances`` table of one model: the x' of half the rows are few."""
    n, parts = POINTS_OF_GRID, []
    for condition in range(conditions):
        kept, valid = rng.random(n) < 0.95, rng.random(n) < rng.uniform(0.2, 0.9)
        distance, found = rng.random(n), rng.choice(n, n, p=rng.dirichlet(np.full(n, 0.05)))
        columns = {
            "point_id": np.arange(n),
            "condition": f"condition {condition}",
            "metric": "gower",
            "status": np.where(kept, "kept", "off_grid"),
            "valid": pd.array(np.where(kept, valid, None), dtype="boolean"),
            "distance": np.where(kept, distance, np.nan),
            "excess": np.where(kept & valid, distance / 2, np.nan),
            "sce_point_id": pd.array(np.where(kept, found, None), dtype="Int64"),
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def bootstrap(rng, left, right) -> None:
    """The three differences of a pair with their intervals, as resampling gives them."""
    both = left.set_index("point_id").join(right.set_index("point_id"), suffixes=("_a", "_b"))
    for column in PAIRED.values():
        a, b = (both[f"{column}_{side}"].to_numpy(float, na_value=np.nan) for side in "ab")
        values = (a - b)[~np.isnan(a - b)]
        means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
        np.quantile(means, [0.025, 0.975])


def main(models: int = 6, conditions: int = 12) -> None:
    rng = np.random.default_rng(0)
    tables = {(f"model {i}", "income"): measured(rng, conditions) for i in range(models)}
    pairs = models * conditions * (conditions - 1) // 2 + conditions * models * (models - 1) // 2
    sides = list(dict(iter(tables["model 0", "income"].groupby("condition"))).values())
    some = list(combinations(sides, 2))[:30]
    begin = time.process_time()
    for left, right in some:
        bootstrap(rng, left, right)
    each = {"bootstrap": (time.process_time() - begin) / len(some)}
    for estimand in (ANSWERS, POINTS):
        begin = time.process_time()
        differences(tables, {}, estimand, {"income": GRID})
        each[f"over {estimand}"] = (time.process_time() - begin) / pairs
    begin = time.perf_counter()
    differences(tables, {}, POINTS, {"income": GRID}, processes=2)
    each["over points, two processes (wall clock)"] = (time.perf_counter() - begin) / pairs
    large = 20 * 50 * 49 // 2 + 50 * 20 * 19 // 2
    print("| | ms a pair | ratio | 20 models, 50 conditions |", "|---|---|---|---|", sep="\n")
    for name, seconds in each.items():
        ratio = each["bootstrap"] / seconds
        print(f"| {name} | {1000 * seconds:.2f} | {ratio:.1f} | {large * seconds:.0f} s |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
