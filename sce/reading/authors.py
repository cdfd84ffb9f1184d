"""What a model said of a dataset, as another model is told of it: its question, its answers and its SCEs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from sce.grids.datasets import Dataset
from sce.reading.samples import first_samples
from sce.wordings import prompts
from sce.wordings.prompts import Prompt

FORESEEN = "foreseen_point_id"  # the column with the point whose answer another model is to foresee


class SCE(NamedTuple):
    """An author's SCE: the instance and, where it is known, the author's prediction there (an option)."""

    record: dict
    prediction: str | None


@dataclass(frozen=True)
class Author:
    """The model that another is asked about. ``main``: the wording of its question; ``conditions``: how its
    SCEs were asked for, by name; ``answers``: point -> prediction; ``sces``: (condition, point) -> SCE."""

    dataset: Dataset
    main: Prompt
    conditions: Mapping[str, Prompt]
    answers: Mapping[int, str]
    sces: Mapping[tuple[str, int], SCE] = field(default_factory=dict)

    def told(self, prompt: Prompt, condition: str, point: int, record: dict) -> str:
        """A wording filled with what it was asked at a point and answered, the text that asked for its SCE,
        this SCE where there is one, and the instance (``record``) that the question is about."""
        dataset, answer = self.dataset, self.answers[point]
        values = {
            "asked": self._asking(dataset.describe(dataset.record(point))),
            "request": self._requests[condition, answer],
            "description": dataset.describe(record),
        }
        if (condition, point) in self.sces:
            values["revised"] = dataset.describe(self.sces[condition, point].record)
        return prompts.follow_up(prompt, dataset, answer, **values)

    @cached_property
    def _asking(self) -> Callable[[str], str]:
        """A description -> the text of its question."""
        return prompts.asking(self.main, self.dataset)

    @cached_property
    def _requests(self) -> dict[tuple[str, str], str]:
        """(Condition, answer) -> the text that asked for an SCE after this answer."""
        dataset = self.dataset
        return {
            (name, answer): prompts.follow_up(prompt, dataset, answer)
            for name, prompt in self.conditions.items()
            for answer in dataset.options
        }


def read_author(
    dataset: Dataset,
    main: Prompt,
    conditions: Mapping[str, Prompt],
    boundary: pd.DataFrame,
    sce: pd.DataFrame,
) -> Author:
    """The author of the artifacts ``boundary`` and ``sce``; of several samples of an SCE the first."""
    said = boundary[(boundary["question"] == main.name) & boundary["prediction"].notna()]
    answers = dict(zip(said["point_id"].astype(int), said["prediction"], strict=True))
    sces = {}
    for row in first_samples(sce).to_dict("records"):
        if row["status"] not in ("ok", "off_grid"):
            continue
        there = row["sce_point_id"]
        if pd.isna(there):
            record = {name: _plain(row[f"sce_{name}"]) for name in dataset.features}
            predicted = row["prediction_at_sce"] if isinstance(row["prediction_at_sce"], str) else None
        else:
            record, predicted = dataset.record(int(there)), answers.get(int(there))
        sces[row["condition"], int(row["point_id"])] = SCE(record, predicted)
    return Author(dataset, main, conditions, answers, sces)


def _plain(code):
    return int(code) if float(code).is_integer() else float(code)
