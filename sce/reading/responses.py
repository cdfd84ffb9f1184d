"""From raw responses to the boundary and the SCEs: every question asked becomes one row with a status."""

from collections import defaultdict
from functools import cache

import numpy as np
import pandas as pd

from sce.files.artifacts import columns
from sce.grids.datasets import Dataset
from sce.reading import parsing
from sce.reading.probabilities import option_probabilities
from sce.reading.samples import SAMPLE, deciding
from sce.statuses import of_sce, of_unanswered
from sce.wordings.prompts import other_option


def boundary(responses: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The ``boundary`` artifact: f(x) for every point and wording, from the ``responses`` artifact. Where
    questions were asked several times, the answer that decides, with the number of ``askings`` that have a
    prediction and the share of these that give the second option."""
    asked = responses[responses["kind"].isin(["question", "survey"])]
    ended = _as_they_ended(asked)
    statuses, answers = _transposed(map(_reader(parsing.parse_answer, dataset), *ended), 2)
    known = zip(asked["logprobs"].tolist(), answers, ended[2], strict=True)
    first, second = _transposed((option_probabilities(t, a, dataset, _text(f)) for t, a, f in known), 2)
    points = asked["point_id"].to_numpy(dtype=np.int64)
    table = pd.DataFrame(
        {
            "question": asked["wording"].to_numpy(),
            "point_id": points,
            **features_at(dataset, points),
            "prediction": list(answers),
            "status": statuses,
            "probability_0": pd.array(first, dtype="Float64"),
            "probability_1": pd.array(second, dtype="Float64"),
        }
    )
    return _decided(table, answers, dataset) if SAMPLE in responses else table


def _decided(table, answers, dataset):
    """One row for all askings of a wording at a point, of those in the ``table`` with their ``answers``."""
    askings_at = defaultdict(list)
    for place, key in enumerate(zip(table["question"], table["point_id"], strict=True)):
        askings_at[key].append(place)
    rows, askings, shares = [], [], []
    for places in askings_at.values():
        given = [answers[place] for place in places]
        known = [answer for answer in given if answer is not None]
        rows.append(places[deciding(given) or 0])
        askings.append(len(known))
        shares.append(known.count(dataset.options[1]) / len(known) if known else None)
    decided = table.iloc[rows].reset_index(drop=True)
    return decided.assign(askings=askings, share_1=pd.array(shares, dtype="Float64"))


def counterfactuals(responses: pd.DataFrame, dataset: Dataset, conditions: list[str]) -> pd.DataFrame:
    """The ``sce`` artifact: x' for every condition, point and sample; ``no_prediction`` where f(x) is missing
    and no SCE was asked."""
    questions = responses[responses["kind"] == "question"]
    main = questions[questions["wording"] == questions["wording"].iloc[0]]
    predicted = boundary(main, dataset).sort_values("point_id")
    targets = predicted["prediction"].map({o: other_option(dataset, o) for o in dataset.options})
    about = dataset, predicted["point_id"], targets
    if SAMPLE in responses:
        parts = [_samples(responses, condition, *about) for condition in conditions]
    else:
        parts = [read_sces(responses, condition, *about) for condition in conditions]
    artifact = "sce_sampled" if SAMPLE in responses else "sce"
    empty = pd.DataFrame(columns=list(columns(artifact, list(dataset.features))))
    return pd.concat(parts, ignore_index=True) if parts else empty


def features_at(dataset: Dataset, points: np.ndarray) -> dict[str, np.ndarray]:
    """Feature name -> its code at each of the points (n,)."""
    ranks = np.unravel_index(points, dataset.shape)
    features = dataset.features.items()
    return {name: np.array(f.codes)[rank] for (name, f), rank in zip(features, ranks, strict=True)}


def _samples(responses, condition, dataset, points, targets):
    parts = [
        read_sces(rows, condition, dataset, points, targets).assign(**{SAMPLE: sample})
        for sample, rows in responses.groupby(SAMPLE)
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["point_id", SAMPLE], ignore_index=True)


def answer_of(row, dataset: Dataset) -> str | None:
    """The option that a row of ``responses`` gives; None where it was not answered or cannot be read."""
    text = row["response"] if row["status"] == "answered" else None
    return parsing.parse_answer(text, dataset).value


def read_sces(responses, condition, dataset, points, targets) -> pd.DataFrame:
    """The rows of the ``sce`` artifact that are about one condition, from its rows in ``responses``: one for
    each of the ``points`` (a column of ids), whose ``targets`` (options) they have."""
    asked = responses[(responses["kind"] == "condition") & (responses["condition"] == condition)]
    read = _reader(parsing.parse_sce, dataset)
    replies = dict(zip(asked["point_id"].tolist(), map(read, *_as_they_ended(asked)), strict=True))
    statuses, records = _transposed((replies.get(p, ("no_prediction", None)) for p in points.tolist()), 2)
    located = [dataset.locate(r) if s == "ok" else None for s, r in zip(statuses, records, strict=True)]
    names = list(dataset.features)
    codes = {f"sce_{name}": [r[name] if r else None for r in records] for name in names}
    return pd.DataFrame(
        {
            "condition": condition,
            "point_id": points.to_numpy(),
            "target": targets.to_numpy(),
            **{name: pd.array(values, dtype="Float64") for name, values in codes.items()},
            "sce_point_id": pd.array(located, dtype="Int64"),
            "status": [
                of_sce(status, point is not None) for status, point in zip(statuses, located, strict=True)
            ],
            "prediction_at_sce": _verified(responses, dataset, condition, points),
        }
    )


def sces_in_place_of(dataset: Dataset, sce: pd.DataFrame, replies: pd.DataFrame) -> pd.DataFrame:
    """The ``sce`` artifact of SCEs that another model gave in the place of the author of ``sce``, a first
    sample. replies: its rows in ``responses``, at least one, in one wording."""
    asked = replies.assign(kind="condition")
    parts = [
        read_sces(asked, condition, dataset, rows["point_id"], rows["target"])
        for condition, rows in sce.groupby("condition", sort=False)
        if condition in set(asked["condition"])
    ]
    return pd.concat(parts, ignore_index=True)


def _verified(responses, dataset, condition, points):
    """The answer to each point's SCE where it is off the grid and was asked about in a fresh conversation."""
    asked = responses[(responses["kind"] == "verification") & (responses["condition"] == condition)]
    read = _reader(parsing.parse_answer, dataset)
    answers = map(read, *_as_they_ended(asked))
    found = {point: answer for point, (_, answer) in zip(asked["point_id"].tolist(), answers, strict=True)}
    return [found.get(point) for point in points.tolist()]


def _as_they_ended(asked):
    """The three columns of ``responses`` that a reply is read from, as lists: to run through a column of
    texts itself takes longer than reading them."""
    return [asked[name].tolist() for name in ("status", "response", "finish_reason")]


def _reader(parse, dataset):
    """A function (status, text, finish reason) -> (status, value) that parses each different text once."""

    @cache
    def read(status, text, finish_reason):
        if status != "answered":
            return of_unanswered(status), None
        parsed = parse(text, dataset, finish_reason)
        return parsed.status, parsed.value

    return lambda status, text, finish: read(status, text, _text(finish))


def _text(value):
    """A text of a table, None where it is missing."""
    return value if isinstance(value, str) else None


def _transposed(rows, width):
    """The columns of an iterable of tuples, also of an empty one."""
    return list(zip(*rows, strict=True)) or [()] * width
