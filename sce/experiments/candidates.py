"""Did the model consider a valid SCE, and foresee its own answers? For conditions that let it think aloud: it
writes candidates down before its SCE."""

import json

import pandas as pd

from sce.experiments.kind import Kind
from sce.experiments.self_modelling import OwnAnswers
from sce.measuring import outcomes, possible
from sce.measuring.codes import NONE
from sce.reading import parsing
from sce.reading.replies import after_reasoning, objects


class Candidates(Kind):
    """By condition and metric, of replies that write candidates down as objects with ``candidate``,
    ``record`` and ``answer``: the mean number of ``candidates``; ``considered_valid``, the share of replies
    with a valid one among them; of those the share ``chose_valid`` whose SCE is valid, and ``chose_nearest``,
    whose SCE is as near as the nearest valid one considered; ``foreseen``, the share of candidates whose
    predicted answer is that of a fresh copy."""

    name = "candidates"
    draws_with = "sce.showing.candidates_figure"

    def subjects(self, experiment, config, find):
        return [name for name in experiment.conditions if find(name).asks == "candidates"]

    def settings(self, pair):
        conditions = sorted(pair.of("conditions"))
        return {"conditions": [name for name in conditions if pair.find(name).asks == "candidates"]}

    def measure(self, given):
        return outcomes.table(given.by_metric(lambda metric: _lines(given, metric)))


def _lines(given, metric):
    answers = OwnAnswers(given, metric)
    lines = []
    for condition in given.settings["conditions"]:
        for score, by_point in _found(answers, condition).items():
            points, values = zip(*by_point, strict=True) if by_point else ((), ())
            about = given.scoring | {"points": points}
            lines.append(outcomes.mean(condition, metric, score, values, **about, within=possible.FROM_ZERO))
    return lines


def _found(answers, condition):
    """Score -> (point, value) over the replies, or over all candidates."""
    rows = answers.replies("condition", condition)
    chosen = answers.sce[answers.sce["condition"] == condition].set_index("point_id")["sce_point_id"]
    number, considered, valid, nearest, foreseen = [], [], [], [], []
    for point, text in zip(rows["point_id"], rows["text"], strict=True):
        written = _candidates(text, answers.dataset)
        number.append((point, len(written)))
        good = [record for record, _ in written if answers.is_valid(point, record)]
        foreseen += [(point, _is_foreseen(answers, record, answer)) for record, answer in written]
        if written:
            considered.append((point, bool(good)))
        if good:
            final = chosen.get(point)
            record = None if pd.isna(final) else answers.dataset.record(int(final))
            chose_valid = bool(answers.is_valid(point, record))
            least = min(answers.excess(point, one) for one in good)
            valid.append((point, chose_valid))
            nearest.append((point, chose_valid and answers.excess(point, record) == least))
    return {
        "candidates": number,
        "considered_valid": considered,
        "chose_valid": valid,
        "chose_nearest": nearest,
        "foreseen": foreseen,
    }


def _candidates(text, dataset):
    """[(record or None, answer or None)] of the candidates that a reply writes down."""
    if not isinstance(text, str):
        return []
    nodes = [found.node for found in objects(after_reasoning(text))]
    return [
        (
            parsing.parse_sce(json.dumps(node["record"]), dataset).value,
            parsing.parse_answer(json.dumps({"answer": node.get("answer")}), dataset).value,
        )
        for node in nodes
        if "candidate" in node and isinstance(node.get("record"), dict)
    ]


def _is_foreseen(answers, record, answer):
    """Whether a candidate's predicted answer is that of a fresh copy; None where either is not known."""
    point = answers.dataset.locate(record) if record is not None and None not in record.values() else None
    if point is None or answer is None or answers.codes[point] == NONE:
        return None
    return answers.dataset.options[answers.codes[point]] == answer


KIND = Candidates()
