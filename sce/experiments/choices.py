"""Operationalising distance: can a model tell which of a few instances is nearest to a start? The tasks, and
how well they were solved."""

import json
import re

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.grids.datasets import Dataset
from sce.measuring import metrics, outcomes
from sce.reading.replies import after_reasoning
from sce.wordings.prompts import LETTERS

METRIC = "gower"
STUDIED = 4  # candidates of the study
NAMED = re.compile(r'"?\banswer\b"?(?:\s+is)?\s*[:=]?\s*[\[("*`\s]*([A-Z])\b', re.IGNORECASE)
ALONE = re.compile(r'[\s\[({"*`]*([A-Za-z])[\s\])}"*`.:]*')


def label(name: str, candidates: int) -> str:
    """What the tasks of a wording are called in tables, where a condition stands."""
    return name if candidates == STUDIED else f"{name}_of_{candidates}"


def draw(dataset: Dataset, tasks: int, candidates: int, seed: int) -> pd.DataFrame:
    """The ``choices`` artifact: a start and its candidates (grid points), and which of them is nearest.

    Starts are different points, so that a point names its task; where two candidates are nearest, the task is
    left out. Raises InputError for a grid with too few points.
    """
    if dataset.size <= candidates:
        raise InputError(
            f"dataset {dataset.name}",
            "size",
            dataset.size,
            f"more than {candidates} points, because of choices",
        )
    rng = np.random.default_rng(seed)
    space = metrics.space(dataset, METRIC)
    rows = []
    for start in rng.permutation(dataset.size)[:tasks]:
        others = rng.choice(dataset.size - 1, candidates, replace=False)
        others += others >= start
        far = space.between(start, others)
        nearest = np.flatnonzero(far == far.min())
        if len(nearest) == 1:
            rows.append((int(start), json.dumps(others.tolist()), int(nearest[0])))
    return pd.DataFrame(rows, columns=["point_id", "candidates", "nearest"])


def read_letter(text: str | None, candidates: int) -> int | None:
    """Which candidate a reply names, as an index: the last it calls its answer, or the letter that it is."""
    said = after_reasoning(text or "")
    alone = ALONE.fullmatch(said)
    named = [alone.group(1)] if alone else NAMED.findall(said)
    letters = LETTERS[:candidates]
    return letters.index(named[-1].upper()) if named and named[-1].upper() in letters else None


def scores(responses: pd.DataFrame, tasks: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Outcomes by wording: ``accuracy`` over the replies that can be read, ``accuracy_of_all`` (the others
    count as wrong), the number of ``questions`` and of ``unparseable`` replies, those that failed or were cut
    off included, and ``chance``."""
    asked = responses[responses["kind"] == "choice"]
    right = tasks.set_index("point_id")["nearest"]
    candidates = len(json.loads(tasks["candidates"].iloc[0])) if len(tasks) else STUDIED
    lines = []
    for wording, rows in asked.groupby("wording", sort=False):
        name = label(wording, candidates)
        replies = rows["response"].where(rows["status"] == "answered")
        read = [read_letter(text if isinstance(text, str) else None, candidates) for text in replies]
        solved = zip(read, right[rows["point_id"]], strict=True)
        hit = np.array([np.nan if letter is None else letter == nearest for letter, nearest in solved])
        unread = int(np.isnan(hit).sum())
        lines += [
            outcomes.mean(name, METRIC, "accuracy", hit, seed, resamples),
            outcomes.mean(name, METRIC, "accuracy_of_all", np.nan_to_num(hit), seed, resamples),
            outcomes.number(name, METRIC, "questions", len(rows), len(rows)),
            outcomes.number(name, METRIC, "unparseable", unread, len(rows)),
            outcomes.number(name, METRIC, "chance", 1 / candidates, len(rows)),
        ]
    return outcomes.table(lines)
