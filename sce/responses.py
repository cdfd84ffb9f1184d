"""From raw responses to the boundary and the SCEs: every question asked becomes one row with a status."""

import json
import math

import pandas as pd

from sce import parsing
from sce.artifacts import columns
from sce.datasets import Dataset
from sce.prompts import other_option

# How a question that was not answered shows in the artifacts (design 1).
NOT_ANSWERED = {"failed": "request_failed", "truncated": "truncated", "refused": "refused"}
UNREADABLE = {"unparseable": "unparseable_sce"}


def boundary(responses: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The ``boundary`` artifact: f(x) for every point and wording, from the ``responses`` artifact."""
    asked = responses[responses["kind"] == "question"]
    rows = [_prediction(row, dataset) for row in asked.itertuples(index=False)]
    return pd.DataFrame(rows, columns=list(columns("boundary", list(dataset.features))))


def counterfactuals(responses: pd.DataFrame, dataset: Dataset, conditions: list[str]) -> pd.DataFrame:
    """The ``sce`` artifact: x' for every condition and point; ``no_prediction`` where f(x) is missing and
    no SCE was asked."""
    main = responses.loc[responses["kind"] == "question", "wording"].iloc[0]
    predictions = {
        row.point_id: _prediction(row, dataset)["prediction"]
        for row in responses[responses["wording"] == main].itertuples(index=False)
        if row.kind == "question"
    }
    rows = []
    for condition in conditions:
        asked = responses[(responses["kind"] == "condition") & (responses["condition"] == condition)]
        replies = {row.point_id: row for row in asked.itertuples(index=False)}
        for point_id, prediction in sorted(predictions.items()):
            target = prediction and other_option(dataset, prediction)
            found = _counterfactual(replies.get(point_id), dataset)
            rows.append({"condition": condition, "point_id": point_id, "target": target, **found})
    return pd.DataFrame(rows, columns=list(columns("sce", list(dataset.features))))


def _prediction(row, dataset):
    status, answer = _read(parsing.parse_answer, row, dataset)
    first, second = option_probabilities(row.logprobs, dataset)
    return {
        "question": row.wording,
        "point_id": row.point_id,
        **dataset.record(row.point_id),
        "prediction": answer,
        "status": status,
        "probability_0": first,
        "probability_1": second,
    }


def _counterfactual(row, dataset):
    if row is None:
        return {"status": "no_prediction"}
    status, record = _read(parsing.parse_sce, row, dataset)
    found = {f"sce_{name}": value for name, value in (record or {}).items()}
    point_id = dataset.locate(record) if status == "ok" else None
    if status == "ok" and point_id is None:
        status = "off_grid"
    return {**found, "sce_point_id": point_id, "status": UNREADABLE.get(status, status)}


def _read(parse, row, dataset):
    """Status and value of a reply; the text is read only if the question was answered."""
    if row.status != "answered":
        return NOT_ANSWERED[row.status], None
    parsed = parse(row.response, dataset, row.finish_reason)
    return parsed.status, parsed.value


def option_probabilities(logprobs: str | None, dataset: Dataset) -> tuple[float | None, float | None]:
    """The probability of each option from the token log-probabilities of an answer, for any tokenizer.

    At the token where the two options' spellings part, the alternatives that continue one option and not
    the other are added up, and the two sums are scaled to 1. Null where the reply does not spell an option,
    or the provider's list of alternatives leaves both out.
    """
    if not isinstance(logprobs, str):
        return None, None
    tokens = json.loads(logprobs)
    text = "".join(token["token"] for token in tokens)
    found = [(text.rfind(option), option) for option in dataset.options if option in text]
    if not found:
        return None, None
    start = max(found)[0]
    position = 0
    for token in tokens:
        end = position + len(token["token"])
        if end > start:
            sums = _mass(
                token["top"], text[start:position], token["token"][: max(0, start - position)], dataset
            )
            if sums is not None:
                return sums
        position = end
    return None, None


def _mass(alternatives, spelled, lead, dataset):
    """The two options' shares among the alternatives of one token; None where it does not tell them apart.

    ``spelled``: how much of an option stands before this token; ``lead``: text of this token before it.
    """
    mass = [0.0, 0.0]
    for text, logprob in alternatives:
        if not text.startswith(lead):
            continue
        so_far = spelled + text[len(lead) :]
        fits = [_continues(so_far, option) for option in dataset.options]
        if fits[0] != fits[1]:
            mass[fits.index(True)] += math.exp(logprob)
    total = sum(mass)
    return (mass[0] / total, mass[1] / total) if total else None


def _continues(text, option):
    """Whether ``text`` is a beginning of ``option``, or the whole of it and what follows."""
    return bool(text) and (option.startswith(text) or text.startswith(option))
