"""Models as observers of another one: each is told what the other answers at a point x, and foresees what it
answers elsewhere; once without and once with the SCE of x."""

import json
from functools import cache

import numpy as np
from pydantic import Field

from sce.asking.messages import answer_schema
from sce.engines import About
from sce.experiments.about_another import Inquiry
from sce.experiments.self_prediction import foreseen_by_control
from sce.files.contracts import Contract
from sce.files.values import Seed
from sce.grids.datasets import Dataset
from sce.measuring.codes import NONE
from sce.reading.authors import FORESEEN
from sce.reading.responses import answer_of
from sce.wordings import prompts
from sce.wordings.prompts import Prompt

prompts.add_prompt_kind("observation", {"asked", "answer", "description"}, {"target", "revised"})


class Observing(Contract):
    """What a model is asked as an observer: it is told of ``explained`` points, drawn with ``seed``, and
    foresees the answers at ``asked`` other points for each of them."""

    explained: int = Field(20, ge=1, le=100_000)
    asked: int = Field(4, ge=1, le=1000)
    seed: Seed = 42


@cache
def drawn(size: int, explained: int, asked: int, seed: int) -> dict[int, list[int]]:
    """x -> the points whose answers are to be foreseen from it, of a grid of ``size`` points: the same for
    all models and conditions, whatever they answer."""
    rng = np.random.default_rng(seed)
    starts = rng.permutation(size)[:explained].tolist()
    others = {x: rng.choice(size - 1, min(asked, size - 1), replace=False) for x in starts}
    return {x: (some + (some >= x)).tolist() for x, some in others.items()}


def shows_sce(prompt: Prompt) -> bool:
    """Whether an observer that is asked in these words is shown the SCE."""
    return "{revised}" in prompt.text


class Observe(Inquiry):
    """What the author answers at points drawn for the explained ones, where it has an SCE on the grid. The
    point of the SCE itself is left out: its answer is what the SCE claims."""

    kind = "observation"
    tokens_out = 20
    schema = staticmethod(answer_schema)
    about_sces = True
    elsewhere = True

    def __init__(self, wordings_of, explained: int, asked: int, seed: int):
        super().__init__(wordings_of)
        self.most, self._options = asked, (explained, asked, seed)

    def _drawn(self, dataset: Dataset) -> dict[int, list[int]]:
        return drawn(dataset.size, *self._options)

    def starts(self, dataset):
        return self._drawn(dataset).keys()

    def needed(self, dataset, start):
        return {start, *self._drawn(dataset)[start]}

    def instances(self, author, condition, start):
        dataset, sce = author.dataset, author.sces.get((condition, start))
        there = None if sce is None else dataset.locate(sce.record)
        if there is None:
            return []
        asked = [z for z in self._drawn(dataset)[start] if z in author.answers and z != there]
        return [dataset.record(z) for z in asked]

    def about(self, author, condition, start, prompt, record):
        dataset, answer = author.dataset, author.answers[start]
        more = {"start": dataset.record(start)}
        if shows_sce(prompt):
            more["revised"] = author.sces[condition, start].record
            more["target"] = prompts.other_option(dataset, answer)
        return About(self.kind, prompt.name, record, answer, more=more, control=_by_control)


def _by_control(respondent, body) -> str:
    """Its own answer, where it is right this time; ``echo`` repeats the option that it was shown last."""
    if respondent.model.policy == "echo":
        return json.dumps({"answer": body["more"].get("target", body["answer"])})
    return foreseen_by_control(respondent, body)


def observed(dataset: Dataset, codes: np.ndarray, replies, condition: str, showing: list[str]) -> tuple:
    """(the scores of every explained point, as of ``simulatability.observe``; the number of unreadable
    replies; the number of all). codes: predictions (N,). replies: rows of ``responses`` of one model.
    showing: the wordings that show the SCE."""
    right = {False: {}, True: {}}
    rows = replies[(replies["kind"] == Observe.kind) & (replies["condition"] == condition)]
    unread = 0
    for row in rows.to_dict("records"):
        said = answer_of(row, dataset)
        z = int(row[FORESEEN])
        if said is None:
            unread += 1
        elif codes[z] != NONE:
            key = row["point_id"], z
            found = float(dataset.options[codes[z]] == said)
            right[row["wording"] in showing].setdefault(key, []).append(found)
    return _by_start(right), unread, len(rows)


def _by_start(right):
    """The scores of every explained point, means over the questions that have a readable reply both with and
    without the SCE; right: whether it was shown -> (x, z) -> whether the replies were right (0 or 1)."""
    by_start = {}
    for x, z in right[False]:
        if (x, z) in right[True]:
            by_start.setdefault(x, []).append([np.mean(right[shown][x, z]) for shown in (False, True)])
    scores = []
    for start in sorted(by_start):
        without, with_sce = np.array(by_start[start]).T
        scores.append(
            {
                "accuracy_without": without.mean(),
                "accuracy_with": with_sce.mean(),
                "misled": (without * (1 - with_sce)).mean(),
                "helped": ((1 - without) * with_sce).mean(),
            }
        )
    return scores
