"""Does the model know whether its SCE is valid? It is asked what a fresh copy of itself would answer at the
SCE: once in the conversation before the SCE was asked for, once in that after it."""

import json
from collections import Counter

import numpy as np
import pandas as pd

from sce.asking.conversations import sce_record
from sce.asking.messages import answer_schema, continued
from sce.asking.protocol import Asked, Step
from sce.engines import About
from sce.experiments.kind import Kind
from sce.experiments.self_modelling import OwnAnswers
from sce.measuring import outcomes, possible
from sce.measuring.codes import NONE
from sce.reading import parsing
from sce.reading.replies import after_reasoning, objects
from sce.wordings import prompts
from sce.wordings.names import Wordings

prompts.add_prompt_kind("self_prediction", {"description"}, asks={"confidence"})

CONFIDENCES = (50, 60, 70, 80, 90)  # percent: where the steps of a reliability curve begin


class Foresee(Step):
    """``wordings_of``: condition -> the prompts that ask about its SCEs."""

    wordings = ()
    tokens_out = {"self_prediction": 20}

    def __init__(self, wordings_of):
        self.wordings_of = wordings_of

    async def after_sce(self, interview, explained):
        dataset, answered = interview.dataset, explained.answered
        wordings = self.wordings_of.get(explained.condition, [])
        revised = sce_record(explained.entry, dataset) if wordings else None
        if revised is None:
            return
        for prompt in wordings:
            sure = prompt.asks == "confidence"
            schema = interview.schema(answer_schema, sure)
            text = prompts.ask(prompt, dataset, dataset.describe(revised))
            for when, stand in (("before", answered), ("after", explained)):
                more = {"when": when, "start": answered.record} | ({"confidence": True} if sure else {})
                about = About(
                    "self_prediction",
                    prompt.name,
                    revised,
                    answered.answer,
                    schema,
                    more,
                    foreseen_by_control,
                )
                entry = await interview.ask(continued(stand.messages, stand.entry, text), about)
                yield Asked(
                    f"self_prediction_{when}", prompt.name, explained.condition, answered.point_id, entry
                )

    def follow_an_sce(self, condition):
        return Counter(self_prediction=2 * len(self.wordings_of.get(condition, [])))


def foreseen_by_control(respondent, body) -> str:
    """Its own answer where it is right this time, else the other option; its confidence is its rate."""
    right = respondent.is_right(body["kind"], [body["record"], body["more"]])
    reply = {"answer": respondent.dataset.options[respondent.decide(body["record"]) ^ (not right)]}
    if body["more"].get("confidence"):
        reply["confidence"] = 100 * (1 if respondent.model.rate is None else respondent.model.rate)
    return json.dumps(reply)


class SelfPrediction(Kind):
    """By condition; the column metric holds the wording. Before and after the SCE was asked for, over SCEs
    whose own prediction is known: ``accuracy_WHEN``, the share of readable replies that foresee it;
    ``predicted_valid_WHEN``, the share that foresee the target, beside ``valid``, the share of SCEs that have
    it; the number ``unparseable_WHEN``. Where the model says how sure it is: ``confidence_WHEN``, its mean,
    and ``brier_WHEN``, its mean squared distance from 1 where it was right and from 0 where it was wrong;
    and over the replies whose confidence is from P percent to less than ten more (100 counts to 90)
    ``accuracy_WHEN_at_P`` and ``confidence_WHEN_at_P``."""

    name = "self_prediction"
    draws_with = "sce.showing.self_prediction_figure"
    fields = {"self_predictions": (Wordings, [])}
    wordings = {"self_predictions": "self_prediction"}
    about_sces = True

    def asks(self, pair):
        wordings = pair.by_condition("self_predictions")
        return {"wordings_of": wordings} if wordings else {}

    def sends(self, asks):
        return [name for names in asks["wordings_of"].values() for name in names]

    def step(self, asks, find, tasks):
        return Foresee({c: [find(name) for name in names] for c, names in asks["wordings_of"].items()})

    def subjects(self, experiment, config, find):
        return experiment.conditions if experiment.self_predictions else []

    def measure(self, given):
        answers = OwnAnswers(given, given.metrics[0])  # no distance is measured
        actual = actual_of(answers)
        lines = []
        for when in ("before", "after"):
            asked = answers.replies(f"self_prediction_{when}")
            for (condition, wording), rows in asked.groupby(["condition", "wording"], sort=False):
                rows = rows[[(condition, point) in actual for point in rows["point_id"]]]
                found, unread = _foreseen(answers, actual, condition, when, rows)
                reached = [actual[condition, point][2] for point in rows["point_id"]]
                about = given.scoring | {
                    "points": rows["point_id"],
                    "found": reached,
                    "within": possible.SHARE,
                }
                lines += [outcomes.mean(condition, wording, *item, **about) for item in found.items()]
                lines += [
                    outcomes.mean(condition, wording, f"{name}_{when}_at_{least}", values, **about)
                    for least, some in _by_confidence(found, when).items()
                    for name, values in some.items()
                ]
                number = len(found["valid"])
                lines.append(outcomes.number(condition, wording, f"unparseable_{when}", unread, number))
        return outcomes.table(lines).drop_duplicates(["condition", "metric", "score"], ignore_index=True)


def actual_of(answers: OwnAnswers) -> dict:
    """(condition, point) -> (its target, the prediction at its SCE, on the grid or verified off it, and the
    grid point that it is, or missing)."""
    options = answers.dataset.options
    found = {}
    for row in answers.sce.itertuples():
        there = row.prediction_at_sce
        if not pd.isna(row.sce_point_id) and answers.codes[row.sce_point_id] != NONE:
            there = options[answers.codes[row.sce_point_id]]
        if isinstance(there, str):
            found[row.condition, row.point_id] = row.target, there, row.sce_point_id
    return found


def _foreseen(answers, actual, condition, when, rows):
    """Score -> its values, one for each reply to a wording, NaN where there is none; and how many replies
    cannot be read."""
    found = {name: [] for name in ("valid", "accuracy", "predicted_valid", "confidence", "brier")}
    for point, text in zip(rows["point_id"], rows["text"], strict=True):
        target, there, _ = actual[condition, point]
        said = parsing.parse_answer(text if isinstance(text, str) else None, answers.dataset).value
        right = np.nan if said is None else float(said == there)
        sure = None if said is None else confidence(text)
        sure = np.nan if sure is None else sure
        found["valid"].append(there == target)
        found["accuracy"].append(right)
        found["predicted_valid"].append(np.nan if said is None else float(said == target))
        found["confidence"].append(sure)
        found["brier"].append((sure - right) ** 2)
    if np.isnan(found["confidence"]).all():
        del found["confidence"], found["brier"]
    unread = int(np.isnan(found["accuracy"]).sum())
    return {name if name == "valid" else f"{name}_{when}": some for name, some in found.items()}, unread


def _by_confidence(found, when):
    """Least percent of a step of confidence -> score -> its values, NaN for replies of other steps; steps
    without a reply are left out."""
    sure = np.array(found.get(f"confidence_{when}", []), dtype=float)
    right = np.array(found[f"accuracy_{when}"], dtype=float)
    steps = {}
    for least in CONFIDENCES:
        most = np.inf if least == CONFIDENCES[-1] else least + 10
        inside = (100 * sure >= least) & (100 * sure < most)
        if inside.any():
            values = {"accuracy": right, "confidence": sure}
            steps[least] = {name: np.where(inside, some, np.nan) for name, some in values.items()}
    return steps


def confidence(text: str) -> float | None:
    """The confidence, from 0.5 (a guess) to 1, that a reply gives in percent; None for anything else, such as
    0.9, which may be meant as a share."""
    for found in reversed(objects(after_reasoning(text))):
        value = str(found.node.get("confidence", "")).strip().rstrip("%").strip()
        try:
            return float(value) / 100 if 50 <= float(value) <= 100 else None
        except ValueError:
            continue
    return None


KIND = SelfPrediction()
