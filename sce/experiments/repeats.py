"""How much is noise? The main question is asked again, word for word, at every grid point: providers and
batching are not repeatable even at temperature 0, and an SCE may be invalid for that alone."""

from collections import Counter
from typing import Annotated

import numpy as np
from pydantic import Field

from sce.asking.messages import answer_schema
from sce.asking.protocol import Asked, Step
from sce.engines import About
from sce.experiments.kind import Kind
from sce.measuring import outcomes, possible
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE
from sce.reading import responses

BOUNDARY, METRIC = "boundary", "repeats"  # what the lines of the table are about, where scores have both
REPEAT = "repeat_"  # how the rows of ``responses`` are called, with the number of the asking


class AskAgain(Step):
    """The main question, ``times`` more often at every point with a prediction, always in a fresh
    conversation."""

    wordings = ()

    def __init__(self, times):
        self.times = times

    async def after_answer(self, interview, answered):
        schema = interview.schema(answer_schema)
        for again in range(2, self.times + 2):
            about = About("question", interview.main.name, answered.record, schema=schema, again=again)
            entry = await interview.ask(answered.messages, about)
            yield Asked(f"{REPEAT}{again}", interview.main.name, None, answered.point_id, entry)

    def follow_an_answer(self):
        return Counter(question=self.times)


class Repeats(Kind):
    """Of the boundary, over points: ``agreement``, the share of askings whose prediction is the first one's,
    and ``unstable``, the share of points where any differs. Of every condition, over SCEs on the grid whose
    validity is known: ``validity_again``, had f(x') been asked another time, which is a probability at each;
    ``validity_majority``, had the majority of all askings decided (not where they are even); ``changed``, the
    share of verdicts that another asking changes; ``invalid_changed``, of the invalid SCEs the share that
    another asking makes valid: as much of the invalidity noise alone explains."""

    name = "repeats"
    draws_with = "sce.showing.repeats_figure"
    fields = {"repeats": (Annotated[int, Field(ge=0, le=100)], 0)}

    def asks(self, pair):
        times = max(pair.of("repeats"), default=0)
        return {"times": times} if times else {}

    def step(self, asks, find, tasks):
        return AskAgain(asks["times"])

    def subjects(self, experiment, config, find):
        return [BOUNDARY, *experiment.conditions] if experiment.repeats else []

    def measure(self, given):
        first = predictions(given.dataset, given.tables["boundary"])
        again = _predictions_again(given)
        lines = []
        for name, values in _of_boundary(first, again).items():
            about = given.scoring | {"points": np.arange(given.dataset.size)}
            lines.append(outcomes.mean(BOUNDARY, METRIC, name, values, **about, within=possible.SHARE))
        for condition, rows in given.tables["sce"].groupby("condition", sort=False):
            rows = rows[rows["sce_point_id"].notna() & (rows["status"] == "ok")]
            about = given.scoring | {"points": rows["point_id"], "found": rows["sce_point_id"]}
            for name, values in _of_sces(given.dataset, first, again, rows).items():
                lines.append(outcomes.mean(condition, METRIC, name, values, **about, within=possible.SHARE))
        return outcomes.table(lines)


def _predictions_again(given):
    """(askings, N): the prediction of each further asking, NONE where there is none."""
    asked = given.tables["responses"]
    found = []
    for kind in sorted(set(asked["kind"][asked["kind"].str.startswith(REPEAT)])):
        read = responses.boundary(asked[asked["kind"] == kind].assign(kind="question"), given.dataset)
        found.append(predictions(given.dataset, read))
    return np.array(found)


def _of_boundary(first, again):
    """Score -> its values at every point, NaN where undefined."""
    known = (again != NONE) & (first != NONE)
    alike = _mean(again == first, known)
    return {"agreement": alike, "unstable": np.where(np.isnan(alike), np.nan, alike < 1)}


def _of_sces(dataset, first, again, rows):
    """Score -> its values for each of the SCEs, NaN where undefined."""
    there = rows["sce_point_id"].to_numpy(dtype=np.int64)
    target = (rows["target"] == dataset.options[1]).to_numpy(dtype=np.int64)
    known = (again[:, there] != NONE) & (first[there] != NONE)
    valid = first[there] == target
    valid_again = _mean(again[:, there] == target, known)
    changed = np.where(valid, 1 - valid_again, valid_again)
    votes = np.concatenate([first[None, there], again[:, there]])
    majority = _mean(votes == target, votes != NONE)
    return {
        "validity_again": valid_again,
        "validity_majority": np.where(majority == 0.5, np.nan, np.round(majority)),
        "changed": changed,
        "invalid_changed": np.where(valid, np.nan, changed),
    }


def _mean(flags, known):
    """The mean over askings of ``flags`` (askings, n) where ``known``: (n,), NaN where none is."""
    number = known.sum(axis=0)
    total = (flags & known).sum(axis=0)
    return np.divide(total, number, out=np.full(number.shape, np.nan), where=number > 0)


KIND = Repeats()
