"""What a kind of experiment measures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sce.grids.datasets import Dataset
from sce.measuring.dependence import Lattice


@dataclass(frozen=True)
class Given:
    """What a kind measures. ``tables``: the artifacts that it needs, by name; ``metrics``: those of the pair;
    ``embeddings``: (N, dimensions), where one of them is semantic; ``settings``: see ``Kind.settings``;
    ``seed``: of what is drawn at random; ``estimand``: what the intervals are over; ``peers``: the
    ``boundary`` artifacts of other models on the dataset, by model, where the kind needs them;
    ``explainers``: what other models were asked about this one, ``responses`` by model, likewise."""

    dataset: Dataset
    tables: Mapping[str, pd.DataFrame]
    metrics: list[str]
    settings: dict
    seed: int
    estimand: str
    embeddings: np.ndarray | None = None
    peers: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    explainers: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def scoring(self) -> dict[str, Any]:
        """What ``outcomes.mean`` must know besides the values and what they are about."""
        return {"estimand": self.estimand, "lattice": Lattice.of(self.dataset)}

    def by_metric(self, measure: Callable[[str], list[dict]]) -> list[dict]:
        """The lines that ``measure`` gives for every metric, one after the other."""
        return [line for metric in self.metrics for line in measure(metric)]
