"""Questions, certified widths, time and memory of the search around starts, on grids not asked in full.

Run by hand from the repository root: ``python benchmarks/bench_adaptive.py [full] [floors] [scale]``, minutes
each. It prints the tables that stand in docs/scale.md. Boundaries are exact functions, so every certificate
is checked: one that does not hold stops the script.
"""

import multiprocessing
import resource
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sce.engines.control import decide  # noqa: E402
from sce.grids.datasets import load_dataset  # noqa: E402
from sce.measuring.metrics import space  # noqa: E402
from sce.searching.answers import Answers  # noqa: E402
from sce.searching.costs import Costs, costs_of  # noqa: E402
from sce.searching.frontier import Frontier  # noqa: E402
from sce.searching.rounds import Limits, Rounds  # noqa: E402
from sce.searching.search import Shared  # noqa: E402

STUDY = ("house_prices", "income", "heart_disease")
METRICS = ("gower", "l1", "l2")
BUDGETS = (8, 32, 128, 512)


def control(name, metric):
    """A dataset's costs, and the boundary of a control respondent on it."""
    dataset = load_dataset(ROOT / "resources" / "datasets" / f"{name}.yaml")
    costs = costs_of(space(dataset, metric), [f.kind != "categorical" for f in dataset.features.values()])
    return costs, lambda points: decide(dataset, costs.ranks(points).T)


def smooth(levels, features, seed):
    """A grid of equal features, and a boundary that rises in each, with weights of its own and a product."""
    rng = np.random.default_rng(seed)
    ranks = np.arange(levels)
    costs = Costs((abs(ranks[:, None] - ranks),) * features, (True,) * features)
    weights = rng.uniform(0.3, 1, features)

    def label(points):
        places = costs.ranks(points) / (levels - 1)
        heights = places @ weights + places[..., 0] * places[..., -1] / 2
        return (heights > (weights.sum() + 0.25) / 2).astype(int)

    return costs, label


def draw(costs, count, seed):
    """So many different points."""
    drawn = np.random.default_rng(seed).integers(0, costs.size, 2 * count).tolist()
    return list(dict.fromkeys(drawn))[:count]


def search(costs, label, starts, limits):
    """The rounds when they have ended, how many there were, and the processor seconds of the search alone."""
    shared = Shared(costs)
    shared.answers.add(dict(zip(starts, label(starts).tolist(), strict=True)))
    rounds = Rounds(shared, starts, limits)
    began, elsewhere, count = time.process_time(), 0.0, 0
    for points in rounds.questions():
        asked = time.process_time()
        labels = label(points).tolist()
        elsewhere += time.process_time() - asked
        shared.answers.add(dict(zip(points, labels, strict=True)))
        count += 1
    return rounds, count, time.process_time() - began - elsewhere


def true_distances(costs, label, starts):
    """m of every start as a key, from the whole grid, and the points nearer than it."""
    everywhere = np.arange(costs.size)
    labels, ranks = label(everywhere), costs.ranks(everywhere)
    found = {}
    for start in starts:
        keys = costs.between(costs.ranks(start), ranks)
        there = labels != labels[start]
        m = int(keys[there].min()) if there.any() else None
        found[start] = m, np.flatnonzero(keys < m) if m is not None else everywhere
    return found


def widths(costs, rounds, truth=None):
    """(high - low) / high of every start with both; stops at a bound that does not hold."""
    found = []
    for start, bounds in rounds.bounds.items():
        keys = [key_of(costs, start, point) for point in (bounds.low, bounds.high)]
        if truth is not None and keys[0] is not None:
            m = truth[start][0]
            holds = m is None or (keys[0] <= m and (keys[1] is None or m <= keys[1]))
            exact = not bounds.status.startswith("exact") or keys[1] == m
            if not (holds and exact):
                raise SystemExit(f"start {start}: {bounds} does not hold, m is {m}")
        if bounds.high is not None:
            found.append((keys[1] - keys[0]) / keys[1])
    return np.array(found)


def exact(rounds):
    return sum(bounds.status.startswith("exact") for bounds in rounds.bounds.values())


def against_the_full_grid():
    print("| dataset | metric | points | questions, no assumption | if monotone | certified wrongly |")
    print("|---|---|---|---|---|---|")
    for name in STUDY:
        for metric in METRICS:
            costs, label = control(name, metric)
            starts = draw(costs, 100, 1)
            truth = true_distances(costs, label, starts)
            spent = []
            for monotone in (False, True):
                rounds, _, _ = search(costs, label, starts, Limits(None, monotone=monotone))
                widths(costs, rounds, truth)
                assert exact(rounds) == len(starts)
                spent.append(f"{rounds.spent} ({rounds.spent / costs.size:.0%})")
            print(f"| {name} | {metric} | {costs.size} |", " | ".join(spent), "| 0 of 200 |", flush=True)


def where_the_assumption_is_wrong():
    """A control's boundary with some answers turned round: how many certificates do not hold, and what the
    probes say of it."""
    print(
        "\n| answers turned | wrong, no assumption | wrong, if monotone | probes broken | exact if monotone |"
    )
    print("|---|---|---|---|---|")
    costs, straight = control("heart_disease", "gower")
    for turned in (0.001, 0.01, 0.05):
        flips = np.random.default_rng(7).random(costs.size) < turned
        starts = draw(costs, 200, 1)
        truth = true_distances(costs, lambda points, f=flips: straight(points) ^ f[points], starts)
        cells = []
        for monotone in (False, True):
            limits = Limits(None, monotone=monotone)
            rounds, _, _ = search(costs, lambda points, f=flips: straight(points) ^ f[points], starts, limits)
            wrong = [
                key_of(costs, bounds.start, bounds.high) != truth[bounds.start][0]
                for bounds in rounds.bounds.values()
            ]
            cells.append(f"{sum(wrong)} of {len(starts)}")
        assumed = sum(bounds.status == "exact_if_monotone" for bounds in rounds.bounds.values())
        probes = f"{rounds.violations} of {rounds.probes}"
        print(f"| {turned:.1%} | {cells[0]} | {cells[1]} | {probes} | {assumed} |", flush=True)


def key_of(costs, start, point):
    """The key between two points; None without a point."""
    return None if point is None else int(costs.between(costs.ranks(start), costs.ranks([point]))[0])


def floor(costs, label, starts, truth, together):
    """(n,) answers that certify m under the assumption to one who knows it beforehand, and one more for the
    counterfactual. ``together``: starts in this order share theirs."""
    shared, found = Answers(costs), []
    directions = range(len(costs.shape))
    for start in starts:
        m, answers = truth[start][0], shared if together else Answers(costs)
        own = int(label(start))
        frontier = Frontier(costs, answers, start, own, dict.fromkeys(directions, 1 - 2 * own))
        asked = 0
        while batch := frontier.batch(16, m)[0]:
            asked += len(batch)
            answers.add(dict.fromkeys(batch, own))
        found.append(asked + 1)
    return np.array(found)


def of(numbers):
    return f"{np.median(numbers):.0f} / {np.quantile(numbers, 0.9):.0f} / {sum(numbers)}"


def against_the_floors(seed):
    costs, label = smooth(10, 6, seed)
    starts = draw(costs, 100, seed)
    truth = true_distances(costs, label, starts)
    nearer = [truth[start][1] for start in starts]
    alone = [np.array([len(points) for points in nearer]), floor(costs, label, starts, truth, False)]
    shared = [len(np.unique(np.concatenate(nearer))), sum(floor(costs, label, starts, truth, True))]
    print(f"\nBoundary {seed}; questions of 100 starts: median / 90th percentile / sum.\n")
    print("| | asked | floor of each start alone | starts together, every m known | ratio |")
    print("|---|---|---|---|---|")
    for monotone in (False, True):
        rounds, _, _ = search(costs, label, starts, Limits(None, monotone=monotone))
        widths(costs, rounds, truth)
        own = [bounds.questions for bounds in rounds.bounds.values()]
        name = "if monotone" if monotone else "no assumption"
        print(f"| {name} | {of(own)} | {of(alone[monotone])} | {shared[monotone]} |", end="")
        print(f" {rounds.spent / shared[monotone]:.2f} |", flush=True)
    print("\n| questions a start | no assumption: exact | mean width | if monotone: exact | mean width |")
    print("|---|---|---|---|---|")
    for budget in BUDGETS:
        cells = []
        for monotone in (False, True):
            rounds, _, _ = search(costs, label, starts, Limits(budget, monotone=monotone))
            cells += [f"{exact(rounds)}%", f"{widths(costs, rounds, truth).mean():.2f}"]
        print(f"| {budget} |", " | ".join(cells), "|", flush=True)


def at_scale(levels, features, monotone, budget):
    """One row of the table, in a process of its own."""
    costs, label = smooth(levels, features, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    starts = draw(costs, 200, 0)
    rounds, count, seconds = search(costs, label, starts, Limits(budget, monotone=monotone))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    asked = [bounds.questions for bounds in rounds.bounds.values()]
    return (
        f"| 10^{features} | {'if monotone' if monotone else 'no assumption'} | {exact(rounds) / 2:.0f}% |"
        f" {widths(costs, rounds).mean():.2f} | {of(asked)} | {count} |"
        f" {1000 * seconds / len(starts):.0f} ms | +{grown:.0f} MB | {rounds.violations} of {rounds.probes} |"
    )


def scale():
    print(
        "\n| points | | exact | mean width | questions | rounds | own time a start | peak | probes broken |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for features in (6, 9, 12):
        for monotone in (False, True):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.apply(at_scale, (10, features, monotone, 512)), flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["full", "floors", "scale"]
    if "full" in wanted:
        against_the_full_grid()
        where_the_assumption_is_wrong()
    if "floors" in wanted:
        for seed in (0, 1):
            against_the_floors(seed)
    if "scale" in wanted:
        scale()
