"""Do the intervals hold? Coverage and false rejections in draws whose truth is known.

Run by hand from the repository root: ``python benchmarks/bench_intervals.py [draws]``. It prints the table
that stands in docs/statistics.md, in a few minutes for 600 draws. Every draw is a full grid. What decides a
row's validity and distance is a normal number: that of its x' (drawn with shares of 1/rank, so that few x'
take most rows), or that of its point in a field whose correlation falls to 1/e over a known share of each
axis, or half of each. A row is valid with probability 0.6; the distance is lognormal. A second table is of
studies in which every SCE was asked for several times, a third of those in which every x' was too.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))

from sce.measuring import sampled, unsteady
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import ANSWERS, POINTS, Rows, difference_of_shares, mean, median, share
from sce.measuring.possible import SHARE, of_differences

GRIDS = {
    "weather": Lattice((9, 5), (True, True)),
    "house_prices": Lattice((20, 5, 4, 4), (True,) * 4),
    "income": Lattice((80, 24), (True, True)),
    "heart_disease": Lattice((11, 2, 8, 11), (True, False, True, True)),
    "cube": Lattice((50, 50, 40), (True,) * 3),
}
SCENARIOS = [  # grid, number of x' (0: none is shared), reach of the field (share of an axis; 0: none)
    ("weather", 0, 0.0),
    ("weather", 20, 0.0),
    ("weather", 8, 0.0),
    ("weather", 0, 0.1),
    ("house_prices", 0, 0.0),
    ("house_prices", 0, 0.1),
    ("house_prices", 100, 0.1),
    ("income", 400, 0.0),
    ("income", 100, 0.0),
    ("income", 30, 0.0),
    ("income", 0, 0.05),
    ("income", 0, 0.1),
    ("income", 0, 0.2),
    ("income", 0, 0.3),
    ("income", 100, 0.1),
    ("heart_disease", 100, 0.0),
    ("heart_disease", 0, 0.1),
    ("heart_disease", 100, 0.1),
    ("cube", 1000, 0.0),
    ("cube", 0, 0.02),
    ("cube", 0, 0.05),
    ("cube", 1000, 0.05),
]
SAMPLED = [  # grid, number of x', reach of the field, samples
    ("weather", 0, 0.0, 3),
    ("weather", 20, 0.0, 3),
    ("house_prices", 0, 0.1, 5),
    ("income", 100, 0.0, 3),
    ("income", 100, 0.1, 3),
    ("heart_disease", 100, 0.1, 5),
]
UNSTEADY = [  # points, number of x', samples, the a of the beta distribution of the answers' probabilities
    (45, 3, 3, 1),
    (100, 10, 3, 1),
    (100, 10, 5, 1),
    (200, 30, 3, 0.05),
    (200, 30, 3, 1),
    (200, 30, 5, 1),
    (400, 100, 2, 1),
    (400, 100, 3, 1),
    (400, 100, 3, 0.3),
    (400, 100, 5, 3),
]
VALID, OFTEN, SMALLER = 0.6, 0.9, 0.4  # probabilities of being valid
SPREAD = 2 / 3  # of the logarithm of a distance


@dataclass(frozen=True)
class Scenario:
    """One kind of draw. ``roots``: per axis a root of its correlation matrix."""

    lattice: Lattice
    shared: int
    reach: float
    roots: tuple

    @classmethod
    def of(cls, grid: str, shared: int, reach: float) -> "Scenario":
        lattice = GRIDS[grid]
        axes = zip(lattice.shape, lattice.ordered, strict=True)
        return cls(lattice, shared, reach, tuple(_root(size, order, reach) for size, order in axes))

    @property
    def size(self):
        return int(np.prod(self.lattice.shape))

    def draw(self, rng):
        """One model: x' (n,), or -1, and what decides validity and distance, normal (n,)."""
        weight = 0.0 if not self.shared else 0.5 if self.reach else 1.0
        latent, found = np.zeros(self.size), np.full(self.size, -1)
        if self.shared:
            shares = 1 / np.arange(1, self.shared + 1)
            found = rng.choice(self.shared, self.size, p=shares / shares.sum())
            latent += np.sqrt(weight) * rng.standard_normal(self.shared)[found]
        if weight < 1:
            latent += np.sqrt(1 - weight) * self._field(rng)
        return found, latent

    def _field(self, rng):
        field = rng.standard_normal(self.lattice.shape)
        for axis, root in enumerate(self.roots):
            field = np.moveaxis(np.tensordot(root, field, (1, axis)), 0, axis)
        return field.ravel()


def _root(size, order, reach):
    if not order:
        return np.linalg.cholesky(0.5 * np.eye(size) + 0.5) if reach else np.eye(size)
    lags = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    return np.linalg.cholesky(np.exp(-lags / (reach * size))) if reach else np.eye(size)


# --- what the intervals are compared with ---


def naive(values):
    """Rows as if they were independent: low and high."""
    half = stats.norm.ppf(0.975) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


def clustered(values, clusters):
    """Clusters of x' with the usual t quantile (CR1), without regard to how uneven they are."""
    many = len(clusters.sizes)
    sums = clusters.sizes / len(values) * (clusters.means(values) - values.mean())
    half = stats.t.ppf(0.975, many - 1) * np.sqrt(np.sum(sums**2) * many / (many - 1))
    return values.mean() - half, values.mean() + half


def bell_mccaffrey(values, clusters):
    """Clusters of x' corrected (CR2) with Satterthwaite's degrees, for rows of a cluster all alike."""
    weights = clusters.sizes / len(values)
    scale = 1 / (1 - 2 * weights + np.sum(weights**2))
    sums = weights * (clusters.means(values) - values.mean())
    # The quadratic form of the variance has the matrix sqrt(q_i q_j) ([i = j] - w_i - w_j + even).
    form, even = scale * weights**2, np.sum(weights**2)
    own = form * (1 - 2 * weights + even)
    sums_of = np.sum(form), np.sum(form * weights), np.sum(form * weights**2)
    squares = (even * sums_of[0]) ** 2 - 4 * even * sums_of[0] * sums_of[1]
    squares += 2 * sums_of[0] * sums_of[2] + 2 * sums_of[1] ** 2
    squares += np.sum(own**2) - np.sum((form * (even - 2 * weights)) ** 2)
    degrees = np.sum(own) ** 2 / squares
    half = stats.t.ppf(0.975, degrees) * np.sqrt(np.sum(scale * sums**2))
    return values.mean() - half, values.mean() + half


# --- the draws ---


def draw(scenario, rng, rivals=True) -> dict:
    """Per measure and method: whether the interval holds the truth, or (unequal) excludes 0."""
    points = np.arange(scenario.size)
    sides = [scenario.draw(rng) for _ in range(2)]
    (found, latent), (other, beside) = sides
    rows = Rows.of(points, found, lattice=scenario.lattice)
    both = Rows.of(points, found, other, lattice=scenario.lattice)
    hits = (latent < stats.norm.ppf(VALID)).astype(float)
    distances = np.exp(SPREAD * latent)
    equal = hits - (beside < stats.norm.ppf(VALID))
    often = (latent < stats.norm.ppf(OFTEN)).astype(float)
    unequal = hits - (beside < stats.norm.ppf(SMALLER))
    held = {
        ("validity", "ours"): _holds(share(hits, rows, POINTS), VALID),
        ("mean", "ours"): _holds(mean(distances, rows, POINTS, 0.0), np.exp(SPREAD**2 / 2)),
        ("median", "ours"): _holds(median(distances, rows, POINTS), 1.0),
        ("difference", "ours"): _holds(difference_of_shares(equal, both, POINTS), 0.0),
        ("unequal", "ours"): _holds(difference_of_shares(unequal, both, POINTS), VALID - SMALLER),
    }
    if not scenario.reach:  # docs/statistics.md says what becomes of such a validity in a field
        held["often", "ours"] = _holds(share(often, rows, POINTS), OFTEN)
    methods = {"naive": naive}
    if rivals and scenario.shared and len(rows.ways[0].sizes) <= 500:
        methods |= {
            "clustered": lambda values: clustered(values, rows.ways[0]),
            "CR2": lambda values: bell_mccaffrey(values, rows.ways[0]),
        }
    for name, method in methods.items():
        for measure, values, truth in (
            ("validity", hits, VALID),
            ("mean", distances, np.exp(SPREAD**2 / 2)),
            ("difference", equal, 0.0),
        ):
            low, high = method(values)
            held[measure, name] = float(low <= truth <= high)
    return held


def draw_samples(scenario, samples, rng) -> dict:
    """As ``draw``, of validity alone and with samples. A third of what decides is the point's (a field, where
    it reaches), a third that of x', of which each sample has its own, and a third comes anew with each
    sample; without shared x' that is two thirds."""
    points = np.repeat(np.arange(scenario.size), samples)
    of_point = scenario._field(rng) / np.sqrt(3)
    found, own, chances = np.full(len(points), -1), np.sqrt(2 / 3), np.ones(1)
    of_found = np.zeros(1)
    if scenario.shared:
        chances = 1 / np.arange(1, scenario.shared + 1)
        chances /= chances.sum()
        found, own = rng.choice(scenario.shared, len(points), p=chances), np.sqrt(1 / 3)
        of_found = rng.standard_normal(scenario.shared) / np.sqrt(3)
    latent = of_point[points] + (of_found[found] if scenario.shared else 0)
    limit = stats.norm.ppf(VALID)
    hits = (latent + own * rng.standard_normal(len(points)) < limit).astype(float)
    rows = Rows.of(points, found, lattice=scenario.lattice, samples=True)
    again = float((stats.norm.cdf((limit - of_point[:, None] - of_found) / own) @ chances).mean())
    low, high = naive(hits)
    return {
        ("points", "ours"): _holds(share(hits, rows, POINTS), VALID),
        ("points", "naive"): float(low <= VALID <= high),
        ("answers", "ours"): _holds(share(hits, rows, ANSWERS), again),
        ("answers", "naive"): float(low <= again <= high),
    }


@dataclass(frozen=True)
class Unsteady:
    """A model whose x' are answered with probabilities of their own. Every point has a favourite x', which 7
    of 10 samples reach; others are drawn with shares of 1/rank, as the favourites are."""

    samples: int
    favourites: np.ndarray
    shares: np.ndarray
    chances: np.ndarray

    @classmethod
    def of(cls, points, shared, samples, a, rng) -> "Unsteady":
        shares = 1 / np.arange(1, shared + 1)
        shares /= shares.sum()
        chances, favourites = rng.beta(a, a, shared), rng.choice(shared, points, p=shares)
        return cls(samples, favourites, shares, chances)

    @property
    def truths(self):
        """Expected validity, and expected probability of the target."""
        many = len(self.favourites)
        weights = 0.7 * np.bincount(self.favourites, minlength=len(self.shares)) / many + 0.3 * self.shares
        tie = stats.binom.pmf(self.samples / 2, self.samples, self.chances) / 2
        majority = stats.binom.sf(self.samples // 2, self.samples, self.chances) + tie
        return weights @ majority, weights @ self.chances

    def ask(self, rng) -> pd.DataFrame:
        """Measured SCEs with samples, each x' asked as often as there are samples."""
        size = (len(self.favourites), self.samples)
        others = rng.choice(len(self.shares), size, p=self.shares)
        found = np.where(rng.random(size) < 0.7, self.favourites[:, None], others).ravel()
        probability = rng.binomial(self.samples, self.chances) / self.samples
        even = (probability == 0.5) & (rng.random(len(self.shares)) < 0.5)
        return pd.DataFrame(
            {
                "point_id": np.repeat(np.arange(size[0]), self.samples), "sce_point_id": found,
                "valid": ((probability > 0.5) | even)[found], "probability": probability[found],
                "askings": self.samples, "sample": np.tile(np.arange(1, self.samples + 1), size[0]),
            }
        )  # fmt: skip


def draw_unsteady(points, shared, samples, a, rng) -> dict:
    """As ``draw``, over answers: both readings of validity, and differences of validity: of a model from
    itself, asked again, and from another one about the same points."""
    model, other = (Unsteady.of(points, shared, samples, a, rng) for _ in range(2))
    asked, again, besides = model.ask(rng), model.ask(rng), other.ask(rng)
    found, valid, probability = (asked[name].to_numpy() for name in ("sce_point_id", "valid", "probability"))
    of_valid, of_probability = unsteady.of_rows(found, valid, probability, asked["askings"].to_numpy())
    rows = Rows.of(asked["point_id"], found, samples=True)
    truths = model.truths
    return {
        ("validity", "ours"): _holds(share(valid, rows, ANSWERS, of_valid), truths[0]),
        ("probability", "ours"): _holds(
            mean(probability, rows, ANSWERS, 0.0, 1.0, of_probability), truths[1]
        ),
        ("difference", "ours"): _holds(_difference(asked, again), 0.0),
        ("unequal", "ours"): _holds(_difference(asked, besides), truths[0] - other.truths[0]),
    }


def _difference(left, right):
    """The interval of the difference of two models' validity over answers."""
    points, samples = left["point_id"].unique(), left["sample"].max()
    means = [side["valid"].to_numpy(float).reshape(-1, samples).mean(axis=1) for side in (left, right)]
    differences = means[0] - means[1]
    within = of_differences(SHARE)
    return sampled.interval([left, right], points, "valid", differences, one_model=False, within=within)


def _holds(interval, truth):
    return np.nan if interval.reason else float(interval.low <= truth <= interval.high)


def simulate(scenario, draws, seed) -> dict:
    """(measure, method) -> (share of the intervals that hold the truth, share of draws with a reason)."""
    rng = np.random.default_rng(seed)
    return _summed([draw(scenario, rng) for _ in range(draws)])


def simulate_samples(scenario, samples, draws, seed) -> dict:
    """As ``simulate``."""
    rng = np.random.default_rng(seed)
    return _summed([draw_samples(scenario, samples, rng) for _ in range(draws)])


def simulate_unsteady(scenario, draws, seed) -> dict:
    """As ``simulate``."""
    rng = np.random.default_rng(seed)
    return _summed([draw_unsteady(*scenario, rng) for _ in range(draws)])


def _summed(held):
    table = {key: np.array([one[key] for one in held]) for key in held[0]}
    return {
        key: (np.nanmean(v) if not np.isnan(v).all() else np.nan, np.isnan(v).mean())
        for key, v in table.items()
    }


def main():
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    print("| grid, rows | x' | reach | " + " | ".join(HEADS) + " |")
    print("|---" * (3 + len(HEADS)) + "|")
    started = time.perf_counter()
    for number, (grid, shared, reach) in enumerate(SCENARIOS):
        scenario = Scenario.of(grid, shared, reach)
        found = simulate(scenario, draws if scenario.size < 10_000 else draws // 2, number)
        print(
            f"| {grid}, {scenario.size:,} | {shared or '-'} | {reach or '-'} | {_line(found)} |", flush=True
        )
    print("\n| grid, points | x' | reach | samples | " + " | ".join(HEADS_OF_SAMPLES) + " |")
    print("|---" * (4 + len(HEADS_OF_SAMPLES)) + "|")
    for number, (grid, shared, reach, samples) in enumerate(SAMPLED):
        scenario = Scenario.of(grid, shared, reach)
        found = simulate_samples(scenario, samples, draws, number)
        keys = [(over, method) for over in ("points", "answers") for method in ("ours", "naive")]
        cells = [f"{100 * found[key][0]:.1f}" for key in keys]
        line = [f"{grid}, {scenario.size:,}", shared or "-", reach or "-", samples, *cells]
        print("| " + " | ".join(map(str, line)) + " |", flush=True)
    print("\n| points | x' | samples | a | " + " | ".join(HEADS_OF_UNSTEADY) + " |")
    print("|---" * (4 + len(HEADS_OF_UNSTEADY)) + "|")
    for number, scenario in enumerate(UNSTEADY):
        found = simulate_unsteady(scenario, draws, number)
        print("| " + " | ".join(map(str, (*scenario, *_unsteady_cells(found)))) + " |", flush=True)
    error = np.sqrt(0.95 * 0.05 / draws)
    print(f"\n{draws} draws (Monte-Carlo error {error:.1%}), for cube half of them ({error * 2**0.5:.1%})")
    print(f"{time.perf_counter() - started:.0f} s")


HEADS = (
    "validity: ours", "naive", "clustered", "CR2", "validity of 0.9: ours", "mean: ours", "naive", "CR2",
    "median: ours", "false rejections: ours", "naive", "difference of 0.2: ours", "no interval",
)  # fmt: skip

HEADS_OF_UNSTEADY = ("`validity`", "`validity_probability`", "difference", "false rejections", "no interval")
HEADS_OF_SAMPLES = ("over points: ours", "naive", "over answers: ours", "naive")


def _unsteady_cells(found):
    kept = [found[measure, "ours"][0] for measure in ("validity", "probability", "unequal")]
    kept += [1 - found["difference", "ours"][0]]
    cells = ["" if np.isnan(value) else f"{100 * value:.1f}" for value in kept]
    return [*cells, f"{100 * found['validity', 'ours'][1]:.0f}"]


def _line(found):
    def percent(measure, method, flip=False):
        if (measure, method) not in found:
            return ""
        value = found[measure, method][0]
        return f"{100 * (1 - value if flip else value):.1f}"

    cells = [percent("validity", name) for name in ("ours", "naive", "clustered", "CR2")]
    cells += [percent("often", "ours")]
    cells += [percent("mean", name) for name in ("ours", "naive", "CR2")]
    cells += [percent("median", "ours")]
    cells += [percent("difference", name, flip=True) for name in ("ours", "naive")]
    cells += [percent("unequal", "ours"), f"{100 * found['validity', 'ours'][1]:.0f}"]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
