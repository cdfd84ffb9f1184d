"""How long do the differences of a large study take, beside a bootstrap for each, and beside another version?

    python benchmarks/bench_differences.py [MODELS CONDITIONS] [--beside CHECKOUT]

6 models and 12 conditions by default, half a minute; the column before the last is for 20 and 50. Tables of
1,920 rows on the grid of income, a twentieth not kept. The bootstrap draws the points of each pair 1,000
times, without regard to what hangs together. Each version runs in a process of its own (``--of``), processor
time but for two processes together.
"""

import argparse
import inspect
import json
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import fft, special  # noqa: F401  their import is no part of a pair

ROOT = Path(__file__).parents[1]
LEVELS = (80, 24)
RESAMPLES = 1000


def measured(rng, conditions) -> pd.DataFrame:
    """A ``distances`` table of one model: the x' of half the rows are few."""
    n, parts = int(np.prod(LEVELS)), []
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
    for column in ("valid", "distance", "excess"):
        a, b = (both[f"{column}_{side}"].to_numpy(float, na_value=np.nan) for side in "ab")
        values = (a - b)[~np.isnan(a - b)]
        means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
        np.quantile(means, [0.025, 0.975])


def study(models, conditions):
    """(Model, dataset) -> its table, and how many pairs are compared."""
    rng = np.random.default_rng(0)
    tables = {(f"model {i}", "income"): measured(rng, conditions) for i in range(models)}
    pairs = models * conditions * (conditions - 1) // 2 + conditions * models * (models - 1) // 2
    return tables, pairs


def seconds_of_bootstrap(tables) -> float:
    """Of a pair."""
    rng = np.random.default_rng(0)
    sides = list(dict(iter(tables["model 0", "income"].groupby("condition"))).values())
    some = list(combinations(sides, 2))[:30]
    begin = time.process_time()
    for left, right in some:
        bootstrap(rng, left, right)
    return (time.process_time() - begin) / len(some)


def seconds_of_this(checkout, models, conditions) -> dict[str, float]:
    """What is measured -> seconds of a pair, by the package of a checkout."""
    sys.path.insert(0, str(checkout))
    from sce.measuring.comparisons import differences
    from sce.measuring.dependence import Lattice

    tables, pairs = study(models, conditions)
    grids, found = {"income": Lattice(LEVELS, (True, True))}, {}
    for estimand in ("answers", "points"):
        begin = time.process_time()
        differences(tables, {}, estimand, grids)
        found[f"over {estimand}"] = (time.process_time() - begin) / pairs
    if "processes" in inspect.signature(differences).parameters:
        begin = time.perf_counter()
        differences(tables, {}, "points", grids, processes=2)
        found["over points, two processes (wall clock)"] = (time.perf_counter() - begin) / pairs
    return found


def seconds_of(checkout, models, conditions):
    command = [sys.executable, "-P", __file__, str(models), str(conditions), "--of", checkout]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", type=int, nargs="?", default=6)
    parser.add_argument("conditions", type=int, nargs="?", default=12)
    parser.add_argument("--beside", metavar="CHECKOUT", type=Path)
    parser.add_argument("--of", metavar="CHECKOUT", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = options.models, options.conditions
    if options.of:
        print(json.dumps(seconds_of_this(options.of, *size)))
        return
    before = seconds_of(options.beside, *size) if options.beside else {}
    each = {"bootstrap": seconds_of_bootstrap(study(*size)[0]), **seconds_of(ROOT, *size)}
    large = 20 * 50 * 49 // 2 + 50 * 20 * 19 // 2
    print(
        "| | ms a pair | before | 20 models, 50 conditions | bootstrap |", "|---|---|---|---|---|", sep="\n"
    )
    for name, seconds in each.items():
        then = before.get(name, before.get("over points") if "points" in name else None)
        told = f"{1000 * then:.1f}, {then / seconds:.1f} times" if then else ""
        times = f"{each['bootstrap'] / seconds:.1f} times"
        print(f"| {name} | {1000 * seconds:.1f} | {told} | {large * seconds:.0f} s | {times} |")


if __name__ == "__main__":
    main()
