"""A model's answers about a dataset, and what can be computed from them; shared by the kinds of experiments
that ask what a model knows about its own answers."""

import numpy as np
from pydantic import Field

from sce.experiments.given import Given
from sce.files.contracts import Contract
from sce.grids.datasets import Dataset
from sce.measuring import metrics
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE


class SelfModelling(Contract):
    """How many SCEs ``several`` asks for (``k``), and how often ``feedback`` is given (``tries``)."""

    k: int = Field(5, ge=2, le=100)
    tries: int = Field(3, ge=1, le=100)


class OwnAnswers:
    """The answers of one pair under one metric: its artifacts ``responses``, ``boundary`` and ``sce``, and
    the distances of points from one another and from their nearest counterfactuals."""

    def __init__(self, given: Given, metric: str):
        self.dataset: Dataset = given.dataset
        self.responses, self.sce = given.tables["responses"], given.tables["sce"]
        self.codes = predictions(self.dataset, given.tables["boundary"])
        self._space = metrics.space(self.dataset, metric, given.embeddings)
        self._nearest = metrics.nearest(self.dataset, self.codes, metric, given.embeddings)[1]

    def target(self, start: int) -> int:
        """The index of the option that was not predicted at a point."""
        return 1 - int(self.codes[start])

    def is_valid(self, start: int, record: dict | None) -> bool | None:
        """Whether a record is a valid SCE of a point; None where it is no grid point with a prediction."""
        point = None if record is None else self.dataset.locate(record)
        if point is None or self.codes[point] == NONE:
            return None
        return bool(self.codes[point] == self.target(start))

    def excess(self, start: int, record: dict) -> float:
        """How much farther than the nearest counterfactual a record on the grid lies from a point."""
        there = np.array(self.dataset.locate(record))
        return float(self._space.between(np.array(start), there) - self._nearest[start, self.target(start)])

    def replies(self, kind: str, condition: str | None = None):
        """The rows of one kind of request, with the column ``text``: the reply, null where there is none."""
        rows = self.responses[self.responses["kind"] == kind]
        rows = rows if condition is None else rows[rows["condition"] == condition]
        return rows.assign(text=rows["response"].where(rows["status"] == "answered"))
