"""A cheap guess at the boundary, which chooses what to ask next and decides nothing.

A logistic regression with a ridge, fitted by Newton's method: of the place of each ordered level -1/2
and 1/2, one indicator per level of the others, and the products of any two of these. It takes numpy alone.
"""

import numpy as np

from sce.measuring.codes import NONE
from sce.searching.answers import Answers
from sce.searching.costs import Costs

RIDGE = 0.05  # small: it only keeps the weights of a boundary without noise finite
ROUNDS = 6  # of Newton's method
LATEST = 1500  # answers that are fitted, the latest: those lie around boundaries
MOST_INPUTS = 24  # beyond these no products, which would be too many to fit
FRONT = 256  # ways kept at each feature when the cheapest guess is composed


class Surrogate:
    """``fit`` to the answers; ``likely`` points to ask from a start."""

    def __init__(self, costs: Costs):
        self.costs = costs
        self._tables = []
        for size, ordered in zip(costs.shape, costs.ordered, strict=True):
            line = np.linspace(-0.5, 0.5, size)[:, None]
            self._tables.append(line if ordered or size == 2 else np.eye(size))
        self._weights = None
        self.fitted = 0  # answers there were when it was fitted

    def fit(self, answers: Answers) -> None:
        """Fit, unless few answers came since the last time, or only one option was ever given."""
        if len(answers) < 1.5 * self.fitted + 8:
            return
        ranks, labels = answers.since(max(0, len(answers) - LATEST))
        ranks, labels = ranks[labels != NONE], labels[labels != NONE].astype(float)
        self.fitted = len(answers)
        if not len(labels) or labels.min() == labels.max():
            return
        inputs = self._inputs(ranks)
        weights = np.zeros(inputs.shape[1])
        if self._weights is not None:
            weights = self._weights
        for _ in range(ROUNDS):
            chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
            slope = inputs.T @ (chance - labels) + RIDGE * weights
            bend = (inputs * (chance * (1 - chance) + 1e-6)[:, None]).T @ inputs
            step = np.linalg.solve(bend + RIDGE * np.eye(len(weights)), slope)
            weights = weights - step
            if abs(step).max() < 1e-3:
                break
        self._weights = weights

    def scores(self, ranks, label: int) -> np.ndarray | None:
        """(n,) how much the points (n, features) look like the option that is not ``label``: above 0 if
        more likely than not. None before anything was fitted."""
        if self._weights is None:
            return None
        return (1 - 2 * label) * (self._inputs(np.asarray(ranks)) @ self._weights)

    def slopes(self, ranks, label: int) -> np.ndarray | None:
        """(features,) what raising a feature by its whole range adds to the score, at the point ``ranks``."""
        if self._weights is None:
            return None
        ends = np.tile(ranks, (2 * len(ranks), 1))
        for i, size in enumerate(self.costs.shape):
            ends[2 * i, i], ends[2 * i + 1, i] = 0, size - 1
        scores = self.scores(ends, label)
        return scores[1::2] - scores[::2]

    def likely(self, start_ranks, label: int, limit: int | None) -> list[int]:
        """Points that look like the target, nearest first, all nearer than ``limit`` (a key; None: any).

        Composed feature by feature from the ways that no other way beats in both key and score, as in a
        knapsack; products between changed features count only in the last look at the finished ones.
        """
        if self._weights is None:
            return []
        here = np.asarray(start_ranks)
        base = self.scores(here[None, :], label)[0]
        inputs = self._inputs(self._one_moved(here))
        keys, gains = np.zeros(1, np.int64), np.zeros(1)
        chosen = np.empty((1, 0), np.int64)
        for i, size in enumerate(self.costs.shape):
            keys = (keys[:, None] + self.costs.tables[i][here[i]]).ravel()
            own, inputs = inputs[:size], inputs[size:]
            own = (1 - 2 * label) * (own @ self._weights) - base
            gains = (gains[:, None] + own).ravel()
            levels = np.tile(np.arange(size), len(chosen))
            chosen = np.column_stack([np.repeat(chosen, size, axis=0), levels])
            kept = self._unbeaten(keys, gains, limit)
            keys, gains, chosen = keys[kept], gains[kept], chosen[kept]
        good = self.scores(chosen, label) > 0
        return [self.costs.point(ranks) for ranks in chosen[good]]

    def _one_moved(self, ranks):
        """(levels of all features, features): ``ranks`` with one feature at each of its levels in turn."""
        places = np.repeat(np.arange(len(ranks)), self.costs.shape)
        moved = np.tile(ranks, (len(places), 1))
        moved[np.arange(len(places)), places] = np.concatenate([np.arange(n) for n in self.costs.shape])
        return moved

    def _unbeaten(self, keys, gains, limit):
        """The ways, by growing key, each with a larger gain than all cheaper ones; some FRONT at most."""
        order = np.lexsort((-gains, keys))
        best = np.maximum.accumulate(gains[order])
        rising = np.concatenate([[True], best[1:] > best[:-1]])
        if limit is not None:
            rising &= keys[order] < limit
        kept = order[rising]
        if len(kept) > FRONT:
            kept = kept[np.linspace(0, len(kept) - 1, FRONT).astype(int)]
        return kept

    def _inputs(self, ranks):
        """(n, inputs) of the regression at the ranks (n, features)."""
        plain = np.hstack([table[ranks[:, i]] for i, table in enumerate(self._tables)])
        parts = [np.ones((len(ranks), 1)), plain]
        if plain.shape[1] <= MOST_INPUTS:
            first, second = np.triu_indices(plain.shape[1])
            parts.append(plain[:, first] * plain[:, second])
        return np.hstack(parts)
