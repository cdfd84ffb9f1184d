"""What was said, conversation by conversation: each SCE with the question and the reply that it continues."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from sce.exporting.finished import Finished
from sce.reading import parsing
from sce.reading.samples import SAMPLE, deciding
from sce.showing.page.conversations import SLOT, wordings
from sce.study.show_command import verdicts


@dataclass(frozen=True)
class Conversation:
    """One conversation about a point. ``system``: the model's system prompt; ``question``, ``follow_up``: the
    texts sent; ``answered``, ``explained``: the rows of ``responses`` with the replies; ``judged``: metric ->
    the row of ``distances``, with its verdict in words. ``follow_up`` and ``explained`` are None where no SCE
    was asked for, and so is what a row does not have."""

    point_id: int
    condition: str | None
    sample: int
    system: str | None
    question: str
    answered: dict
    prediction: str | None
    follow_up: str | None
    explained: dict | None
    judged: dict[str, dict]


def conversations(finished: Finished, model: str, name: str) -> Iterator[Conversation]:
    """The conversations of a model on a dataset, by point, condition and sample; a point that no SCE was
    asked for has one without."""
    dataset, system = finished.study.datasets[name], finished.study.config.models[model].system
    responses, distances = (finished.step(model, name, step) for step in ("responses", "distances"))
    question = responses["kind"] == "question"
    main = responses["wording"][question].iloc[0]
    conditions = finished.study.conditions(model, name)
    sent = wordings(dataset, main, conditions, finished.study.published)
    asked = {_key(row): row for row in _rows(responses[responses["kind"] == "condition"])}
    judged: dict[tuple, dict] = {}
    for row in _rows(distances.assign(verdict=verdicts(distances))):
        judged.setdefault(_key(row), {})[row["metric"]] = row
    answers: dict[int, list[dict]] = {}
    for row in _rows(responses[question & (responses["wording"] == main)]):
        answers.setdefault(row["point_id"], []).append(row)
    for point, rows in answers.items():
        text = sent["question"].replace(SLOT, dataset.describe(dataset.record(point)))
        options = [_prediction(row, dataset) for row in rows]
        place = deciding(options)
        answered, prediction = rows[place or 0], None if place is None else options[place]
        explained = [key for name in conditions for key in _samples(asked, point, name)]
        for key in explained or [(point, None, 1)]:
            _, condition, sample = key
            follow_up = condition and sent["conditions"][condition][dataset.options.index(prediction)]
            yield Conversation(
                point, condition, sample, system, text, answered, prediction, follow_up,
                asked.get(key), judged.get(key, {}),
            )  # fmt: skip


def _rows(table: pd.DataFrame) -> list[dict]:
    table = table.astype(object)
    return table.where(table.notna(), None).to_dict("records")


def _key(row):
    return row["point_id"], row["condition"], row.get(SAMPLE, 1)


def _prediction(row, dataset):
    text = row["response"] if row["status"] == "answered" else None
    return parsing.parse_answer(text, dataset, row["finish_reason"]).value


def _samples(asked, point, condition):
    """The keys of a condition's SCEs at a point, in the order of their samples."""
    number = 1
    while (point, condition, number) in asked:
        yield point, condition, number
        number += 1
