"""Questions, certified widths, time and memory of the search around starts, on grids not asked in full.

Run by hand from the repository root: ``python benchmarks/bench_adaptive.py [PART ...]``, minutes for each of
full, answered, floors and scale. It prints the tables that stand in docs/adaptive.md. Boundaries are known in
full, so every certificate is checked: one that does not hold without an assumption stops the script.

``answered`` takes its boundaries from answers that were given in full: those of the published runs, where
they lie in ../shared/reference/runs, and those of the boundary artifacts under ``--results``.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sce.engines.control import decide  # noqa: E402
from sce.files import artifacts  # noqa: E402
from sce.grids.datasets import Dataset, load_dataset  # noqa: E402
from sce.measuring.codes import NONE  # noqa: E402
from sce.measuring.metrics import space  # noqa: E402
from sce.reading import published_results  # noqa: E402
from sce.reading.parsing import parse_answer  # noqa: E402
from sce.searching.answers import Answers  # noqa: E402
from sce.searching.certainty import answers_in  # noqa: E402
from sce.searching.costs import Costs, costs_of  # noqa: E402
from sce.searching.frontier import Frontier  # noqa: E402
from sce.searching.rounds import Limits, Rounds  # noqa: E402
from sce.searching.search import Shared  # noqa: E402

PUBLISHED = ROOT.parent / "shared" / "reference" / "runs"
STUDY = ("house_prices", "income", "heart_disease")
METRICS = ("gower", "l1", "l2")
BUDGETS = (8, 32, 128, 512)
SMALL_BUDGETS = (1, 2, 4, 8, 16, 32, None)


def control(name, metric):
    """A dataset's costs, and the boundary of a control respondent on it."""
    dataset = dataset_named(name)
    costs = costs_under(dataset, metric)
    return costs, lambda points: decide(dataset, costs.ranks(points).T)


def dataset_named(name):
    return load_dataset(ROOT / "resources" / "datasets" / f"{name}.yaml")


def costs_under(dataset, metric):
    return costs_of(space(dataset, metric), [f.kind != "categorical" for f in dataset.features.values()])


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
    began, asked = time.process_time(), []
    for points in rounds.questions():
        shared.answers.add(dict(zip(points, label(points).tolist(), strict=True)))
        asked.append(points)
    ended = time.process_time()
    for points in asked:  # once more, for the time of it: a clock read twice a round costs more than a search
        label(points)
    return rounds, len(asked), 2 * ended - began - time.process_time()


def true_distances(costs, label, starts):
    """m of every start as a key, from the whole grid, and the points nearer than it."""
    everywhere = np.arange(costs.size)
    labels, ranks = label(everywhere), costs.ranks(everywhere)
    found = {}
    for start in starts:
        keys = costs.between(costs.ranks(start), ranks)
        there = labels == 1 - labels[start]
        m = int(keys[there].min()) if there.any() else None
        found[start] = m, np.flatnonzero(keys < m) if m is not None else everywhere
    return found


def widths(costs, rounds, truth=None):
    """(high - low) / high of every start with both; stops at a bound that does not hold."""
    found = []
    for start, bounds in rounds.bounds.items():
        keys = [key_of(costs, start, point) for point in (bounds.low, bounds.high)]
        if truth is not None and not holds(costs, bounds, truth[start][0]):
            raise SystemExit(f"start {start}: {bounds} does not hold, m is {truth[start][0]}")
        if bounds.high is not None:
            found.append((keys[1] - keys[0]) / keys[1])
    return np.array(found)


def holds(costs, bounds, m):
    """Whether bounds are true of m (None: there is no counterfactual), as values where they claim to be."""
    low, high, sure = (key_of(costs, bounds.start, p) for p in (bounds.low, bounds.high, bounds.sure_low))
    if m is None:
        return high is None
    below = all(key is not None and key <= m for key in (low, sure))
    if bounds.status.startswith("exact"):
        return below and high == m
    return below and (high is None or m <= high)


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


def answered_in_full(results: Path) -> list[tuple[str, Dataset, np.ndarray]]:
    """Name, dataset and (N,) answers (0, 1 or NONE) of boundaries that models or published runs gave."""
    found = []
    for path in sorted(PUBLISHED.glob("*/results.json.gz")):
        dataset = dataset_named(path.parent.name.partition("__")[0].removesuffix("_minimal"))
        labels = np.full(dataset.size, NONE)
        for row in published_results.responses(path, dataset):
            value = parse_answer(row.reply, dataset).value if row.reply else None
            if value is not None:
                labels[row.point_id] = dataset.options.index(value)
        found.append((f"published: {path.parent.name}", dataset, labels))
    for path in sorted(results.glob("*/*/boundary.parquet")):
        dataset = dataset_named(path.parent.name)
        answers = answers_in(dataset, artifacts.read(path))
        if len(answers) == dataset.size:
            labels = np.array([answers[point] for point in range(dataset.size)])
            found.append((f"{path.parents[1].name} on {path.parent.name}", dataset, labels))
    return found


def against_answers_in_full(results):
    boundaries = answered_in_full(results)
    if not boundaries:
        print(f"no answers given in full: neither in {PUBLISHED} nor in {results}")
        return
    print(
        "\nUp to 100 starts, until every start is exact; questions under gower, l1, l2 (starts included).\n"
    )
    print("| boundary | answered, of points | certified | hold | questions | if monotone: hold | questions |")
    print("|---|---|---|---|---|---|---|")
    for name, dataset, labels in boundaries:
        cells = []
        for monotone in (False, True):
            right, total, spent = closed(dataset, labels, monotone)
            cells += [f"{right} of {total}", ", ".join(map(str, spent))]
        print(
            f"| {name} | {(labels != NONE).sum()} of {dataset.size} | {total} | {' | '.join(cells)} |",
            flush=True,
        )
    for name, dataset, labels in boundaries:
        if dataset.size <= 100:
            by_small_budget(name, costs_under(dataset, "gower"), labels)


def closed(dataset, labels, monotone):
    """How many certificates hold and how many there are, under all metrics; and the questions of each."""
    right, total, spent = 0, 0, []
    for metric in METRICS:
        costs = costs_under(dataset, metric)
        starts = [start for start in draw(costs, 100, 1) if labels[start] != NONE]
        truth = true_distances(costs, lambda points: labels[points], starts)
        rounds, _, _ = search(costs, lambda points: labels[points], starts, Limits(None, monotone=monotone))
        if not monotone:
            widths(costs, rounds, truth)
            assert exact(rounds) == len(starts)
        right += sum(holds(costs, bounds, truth[start][0]) for start, bounds in rounds.bounds.items())
        total += len(starts)
        spent.append(rounds.spent + len(starts))
    return right, total, spent


def by_small_budget(name, costs, labels):
    """How the certified interval closes around every point of a small grid, each searched alone."""
    starts = [start for start in range(costs.size) if labels[start] != NONE]
    truth = true_distances(costs, lambda points: labels[points], starts)
    starts = [start for start in starts if truth[start][0] is not None]
    print(f"\n{name}, {len(starts)} starts, each searched alone, no assumption.\n")
    print("| questions a start | exact | mean width | mean of low / m | mean of high / m | high not known |")
    print("|---|---|---|---|---|---|")
    for budget in SMALL_BUDGETS:
        ended, ends = [], []
        for start in starts:
            rounds, _, _ = search(costs, lambda points: labels[points], [start], Limits(budget))
            widths(costs, rounds, truth)
            bounds, m = rounds.bounds[start], truth[start][0]
            ended.append(bounds)
            ends.append(
                (key_of(costs, start, bounds.low) / m, (key_of(costs, start, bounds.high) or np.nan) / m)
            )
        low, high = np.array(ends).T
        known = ~np.isnan(high)
        width = np.where(known, 1 - low / high, 1)  # nothing is known of a start without an upper bound
        sure = sum(bounds.status == "exact" for bounds in ended) / len(ended)
        spent = np.mean([bounds.questions for bounds in ended])
        shown = f"no limit ({spent:.1f})" if budget is None else budget
        print(
            f"| {shown} | {sure:.0%} | {width.mean():.2f} | {low.mean():.2f} |"
            f" {high[known].mean():.2f} | {(~known).sum()} |",
            flush=True,
        )


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
    parts = ("full", "answered", "floors", "scale")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=parts)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    options.parts = options.parts or parts
    if "full" in options.parts:
        against_the_full_grid()
        where_the_assumption_is_wrong()
    if "answered" in options.parts:
        against_answers_in_full(options.results)
    if "floors" in options.parts:
        for seed in (0, 1):
            against_the_floors(seed)
    if "scale" in options.parts:
        scale()
