"""What was said, conversation by conversation: each SCE with the question and the reply that it continues."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from sce.exporting.finished import Finished
from sce.reading import parsing
from sce.reading.samples import SAMPLE, deciding
from sce.showing.page.conversations import SLOT, wordings


@dataclass(frozen=True)
class Conversation:
    """One conversation about a point. ``system``: the model's system prompt; ``question``, ``follow_up``: the texts sent; ``answered``, ``explained``:
    the rows of ``responses`` with the replies; the last two are None where no SCE was asked for.
    ``judged``: metric -> the row of ``distances``."""

    point_id: int
    condition: str | None
    sample: int
    system: str | None
    question: str
    answered: pd.Series
    prediction: str | None
    follow_up: str | None
    explained: pd.Series | None
    judged: dict[str, pd.Series]


def conversations(finished: Finished, model: str, name: str) -> Iterator[Conversation]:
    """The conversations of a model on a dataset, by point, condition and sample; a point that no SCE was
    asked for has one without."""
    dataset, system = finished.study.datasets[name], finished.study.config.models[model].system
    responses, distances = (finished.step(model, name, step) for step in ("responses", "distances"))
    question = responses["kind"] == "question"
    main = responses["wording"][question].iloc[0]
    conditions = finished.study.conditions(model, name)
    sent = wordings(dataset, main, conditions, finished.study.published)
    asked = {
        (row["point_id"], row["condition"], row.get(SAMPLE, 1)): row
        for _, row in responses[responses["kind"] == "condition"].iterrows()
    }
    judged: dict[tuple, dict] = {}
    for _, row in distances.iterrows():
        place = judged.setdefault((row["point_id"], row["condition"], row.get(SAMPLE, 1)), {})
        place[row["metric"]] = row
    for point, rows in responses[question & (responses["wording"] == main)].groupby("point_id"):
        text = sent["question"].replace(SLOT, dataset.describe(dataset.record(int(point))))
        answers = [_prediction(row, dataset) for _, row in rows.iterrows()]
        place = deciding(answers)
        answered, prediction = rows.iloc[place or 0], None if place is None else answers[place]
        explained = [key for name in conditions for key in _samples(asked, point, name)]
        for key in explained or [(point, None, 1)]:
            _, condition, sample = key
            follow_up = condition and sent["conditions"][condition][dataset.options.index(prediction)]
            yield Conversation(
                int(point), condition, int(sample), system, text, answered, prediction, follow_up,
                asked.get(key), judged.get(key, {}),
            )  # fmt: skip


def _prediction(row, dataset):
    text = row["response"] if row["status"] == "answered" else None
    return parsing.parse_answer(text, dataset, row["finish_reason"]).value


def _samples(asked, point, condition):
    """The keys of a condition's SCEs at a point, in the order of their samples."""
    number = 1
    while (point, condition, number) in asked:
        yield point, condition, number
        number += 1
