"""Do its explanations help to predict a model? A statistical observer learns a few of the model's answers,
with or without the SCEs that explain them, and predicts the others. It asks no new questions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sce.experiments.kind import Kind
from sce.grids.datasets import Dataset
from sce.measuring import outcomes
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE

SETS = 20  # of explained points for each size, at most: enough that the means are steady
VARIANTS = ("without", "with", "with_random")


class Simulatability(Kind):
    """``simulatability: [1, 5, 20]``, numbers k of explained points. Of every condition, by observer (in the
    column ``metric``), over disjoint sets of k points drawn with a seed among those with a prediction whose
    SCE is on the grid:

    ``accuracy_without_at_k``: of the observer that learns the k pairs (x, f(x)); ``accuracy_with_at_k``: that
    also learns the k pairs (x', target), whether or not the SCE is valid; ``accuracy_with_random_at_k``: that
    also learns the answers at k other points drawn at random instead. All three predict f at the same points,
    those that none of them has learnt. ``gain_at_k`` and ``gain_of_random_at_k``: (with - without) / (1 -
    without), each a mean over sets. ``misled_at_k`` and ``helped_at_k``: the shares of predictions that are
    right without and wrong with the explanations, and the reverse."""

    name = "simulatability"
    fields = {"simulatability": (list[Annotated[int, Field(ge=1, le=1000)]], [])}
    about_sces = True
    needs = ("boundary", "sce")
    draws_with = "sce.showing.gain_panels"
    figure_name = "simulatability"

    def subjects(self, experiment, config, find):
        return sorted(experiment.conditions) if experiment.simulatability else []

    def settings(self, pair):
        return {"explained": sorted(pair.of("simulatability"))}

    def measure(self, given):
        codes = predictions(given.dataset, given.tables["boundary"])
        seen = as_seen(given.dataset)
        lines = []
        for condition, rows in given.tables["sce"].groupby("condition", sort=False):
            rows = rows[rows["sce_point_id"].notna() & (rows["status"] == "ok")]
            x, there = (rows[name].to_numpy(dtype=np.int64) for name in ("point_id", "sce_point_id"))
            some = codes[x] != NONE
            for k in given.settings["explained"]:
                drawn = draw(codes, x[some], there[some], k, given.seed)
                for observer, learn in OBSERVERS.items():
                    scores = [observe(learn, seen, codes, shown) for shown in drawn]
                    lines += _lines(condition, observer, k, scores, given.estimand)
        return outcomes.table(lines)


@dataclass(frozen=True)
class Shown:
    """A set of explained points ``x`` (k,), the ``there`` of their SCEs, as many points at ``random``, and
    the points ``asked`` about."""

    x: np.ndarray
    there: np.ndarray
    random: np.ndarray
    asked: np.ndarray


def draw(codes: np.ndarray, x: np.ndarray, there: np.ndarray, k: int, seed: int) -> list[Shown]:
    """At most SETS disjoint sets of k of the SCEs from x to there (n,). codes: predictions (N,)."""
    rng = np.random.default_rng([seed, k])
    known = codes != NONE
    drawn = []
    for chosen in rng.permutation(len(x))[: len(x) // k * k].reshape(-1, k)[:SETS]:
        others = known.copy()
        others[x[chosen]] = False
        others = np.flatnonzero(others)
        random = rng.choice(others, min(k, len(others)), replace=False)
        asked = known.copy()
        asked[np.concatenate([x[chosen], there[chosen], random])] = False
        if asked.any():
            drawn.append(Shown(x[chosen], there[chosen], random, np.flatnonzero(asked)))
    return drawn


def as_seen(dataset: Dataset) -> np.ndarray:
    """All points as an observer sees them: float (N, columns), numbers and ordered levels as parts of their
    range, a column of 0 or 1/2 for each level of a categorical feature, so that L1 distances count another
    level as 1."""
    ranks = np.unravel_index(np.arange(dataset.size), dataset.shape)
    columns = []
    for feature, rank in zip(dataset.features.values(), ranks, strict=True):
        levels = np.array(feature.codes, dtype=float)
        if feature.kind == "categorical":
            columns.append(np.eye(len(levels))[rank] / 2)
        else:
            columns.append(((levels - levels[0]) / np.ptp(levels))[rank, None])
    return np.concatenate(columns, axis=1)


class NearestNeighbour:
    """Gives the answer of the nearest point that it has learnt, the first of equally near ones."""

    def fit(self, points: np.ndarray, labels: np.ndarray) -> "NearestNeighbour":
        self._points, self._labels = points, labels
        return self

    def predict(self, points: np.ndarray) -> np.ndarray:
        far = sum(np.abs(a[:, None] - b) for a, b in zip(points.T, self._points.T, strict=True))
        return self._labels[np.round(far, 9).argmin(axis=1)]


def _logistic_regression():
    from sklearn.linear_model import LogisticRegression  # takes a second, which no other job should pay

    return LogisticRegression(solver="newton-cholesky")  # of few columns, far quicker


def _small_tree():
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=3, random_state=0)


OBSERVERS: dict[str, Callable] = {
    "nearest neighbour": NearestNeighbour,
    "logistic regression": _logistic_regression,
    "small tree": _small_tree,
}


def observe(make: Callable, seen: np.ndarray, codes: np.ndarray, shown: Shown) -> dict[str, float]:
    """Score -> its value for one set of explained points. make: gives an untrained observer; seen: as_seen;
    codes: predictions (N,)."""
    answers = codes[shown.x]
    learnt = {
        "without": (shown.x, answers),
        "with": (np.concatenate([shown.x, shown.there]), np.concatenate([answers, 1 - answers])),
        "with_random": (
            np.concatenate([shown.x, shown.random]),
            np.concatenate([answers, codes[shown.random]]),
        ),
    }
    right = {
        variant: _predicted(make, seen, points, labels, shown.asked) == codes[shown.asked]
        for variant, (points, labels) in learnt.items()
    }
    accuracies = {f"accuracy_{variant}": right[variant].mean() for variant in VARIANTS}
    misled, helped = right["without"] & ~right["with"], ~right["without"] & right["with"]
    return accuracies | {"misled": misled.mean(), "helped": helped.mean()}


def _predicted(make, seen, points, labels, asked):
    """What an observer that has learnt labels at points (n,) predicts; one that knows a single answer gives
    it always."""
    if (labels == labels[0]).all():
        return np.full(len(asked), labels[0])
    return make().fit(seen[points], labels).predict(seen[asked])


def _lines(condition, observer, k, scores, estimand):
    """The lines of one observer from the scores of every set."""
    by_score = {name: np.array([one[name] for one in scores]) for name in scores[0]} if scores else {}
    lines = [
        outcomes.mean(condition, observer, f"{name}_at_{k}", by_score.get(name, []), estimand)
        for name in (*(f"accuracy_{variant}" for variant in VARIANTS), "misled", "helped")
    ]
    without = by_score.get("accuracy_without", np.array([]))
    for gain, variant in (("gain", "with"), ("gain_of_random", "with_random")):
        more = by_score.get(f"accuracy_{variant}", without) - without
        lines.append(outcomes.ratio(condition, observer, f"{gain}_at_{k}", more, 1 - without, estimand))
    return lines


KIND = Simulatability()
