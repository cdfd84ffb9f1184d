"""Do its explanations help to predict a model? A statistical observer learns a few of the model's answers,
with or without the SCEs that explain them, and predicts the others, which asks nothing new. Other models may
be asked to foresee them, too (``observers``)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sce.errors import InputError
from sce.experiments.kind import Kind
from sce.experiments.observers import Observe, Observing, observed, shows_sce
from sce.grids.datasets import Dataset
from sce.measuring import outcomes, possible
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE
from sce.wordings.names import Wordings
from sce.wordings.published import find_prompt

SETS = 20  # of explained points for each size, at most: enough that the means are steady
GAINS = (("gain", "with"), ("gain_of_random", "with_random"))  # and the variant that each is over


class Simulatability(Kind):
    """``simulatability: [1, 5, 20]``, numbers k of explained points. Of every condition, by observer (in the
    column ``metric``), over disjoint sets of k points drawn with a seed among those with a prediction whose
    SCE is on the grid:

    ``accuracy_without_at_k``: of the observer that learns the k pairs (x, f(x)); ``accuracy_with_at_k``: that
    also learns the k pairs (x', target), whether or not the SCE is valid; ``accuracy_with_random_at_k``: that
    also learns the answers at k other points drawn at random instead. All three predict f at the same points,
    those that none of them has learnt. ``gain_at_k`` and ``gain_of_random_at_k``: (with - without) / (1 -
    without), each a mean over sets. ``misled_at_k`` and ``helped_at_k``: the shares of predictions that are
    right without and wrong with the explanations, and the reverse.

    ``observations``, wordings that ask explainers: the same at k = 1, but for what is random, in lines that
    bear the name of the model. A set is one explained point; of the questions about it those count that have
    a readable reply both with and without the SCE. ``unparseable_at_1``: the number of the other replies."""

    name = "simulatability"
    fields = {
        "simulatability": (list[Annotated[int, Field(ge=1, le=1000)]], []),
        "observations": (Wordings, []),
    }
    wordings = {"observations": "observation"}
    sections = {"observing": Observing}
    about_sces = True
    needs = ("boundary", "sce")
    needs_explainers = True
    draws_with = "sce.showing.gain_panels"
    figure_name = "simulatability"

    def check(self, experiment, config, dataset):
        shown = [shows_sce(find_prompt(name, dataset.name, None)) for name in experiment.observations]
        if shown and len(set(shown)) == 1:
            found = (
                f"{', '.join(experiment.observations)} ({'each' if shown[0] else 'none'} with {{revised}})"
            )
            allowed = "at least one wording that shows the SCE, as {revised}, and one that does not"
            raise InputError(f"dataset {dataset.name}", "observations", found, allowed)

    def asks_about(self, pair):
        return pair.by_condition("observations")

    def options_about(self, config):
        return config.observing.model_dump()

    def inquiry(self, wordings_of, **options):
        return Observe(wordings_of, **options)

    def subjects(self, experiment, config, find):
        wanted = experiment.simulatability or experiment.observations
        return sorted(experiment.conditions) if wanted else []

    def settings(self, pair):
        asked = pair.of("observations")
        showing = {"showing": sorted(n for n in asked if shows_sce(pair.find(n)))} if asked else {}
        return {"explained": sorted(pair.of("simulatability")), **showing}

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
            for model, replies in given.explainers.items():
                lines += _of_model(given, codes, condition, model, replies)
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
    accuracies = {f"accuracy_{variant}": hits.mean() for variant, hits in right.items()}
    misled, helped = right["without"] & ~right["with"], ~right["without"] & right["with"]
    return accuracies | {"misled": misled.mean(), "helped": helped.mean()}


def _predicted(make, seen, points, labels, asked):
    """What an observer that has learnt labels at points (n,) predicts; one that knows a single answer gives
    it always."""
    if (labels == labels[0]).all():
        return np.full(len(asked), labels[0])
    return make().fit(seen[points], labels).predict(seen[asked])


def _of_model(given, codes, condition, model, replies):
    """The lines of a model as the observer; replies: the rows of ``responses`` that it was asked for."""
    scores, unread, number = observed(given.dataset, codes, replies, condition, given.settings["showing"])
    lines = _lines(condition, model, 1, scores, given.estimand, GAINS[:1])
    return [*lines, outcomes.number(condition, model, "unparseable_at_1", unread, number)]


def _lines(condition, observer, k, scores, estimand, gains=GAINS):
    """The lines of one observer from the scores of every set."""
    by_score = {name: np.array([one[name] for one in scores]) for name in scores[0]} if scores else {}
    variants = ["without", *(variant for _, variant in gains)]
    lines = [
        outcomes.mean(
            condition, observer, f"{name}_at_{k}", by_score.get(name, []), estimand, within=possible.SHARE
        )
        for name in (*(f"accuracy_{variant}" for variant in variants), "misled", "helped")
    ]
    without = by_score.get("accuracy_without", np.array([]))
    for gain, variant in gains:
        more = by_score.get(f"accuracy_{variant}", without) - without
        lines.append(
            outcomes.ratio(
                condition, observer, f"{gain}_at_{k}", more, 1 - without, estimand, possible.UP_TO_ALL
            )
        )
    return lines


KIND = Simulatability()
