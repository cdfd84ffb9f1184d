"""What a model knows about its own answers: the outcomes of asking it what a fresh copy of itself would say,
for several SCEs at once, to try again, and to write its candidates down."""

import json

import numpy as np
import pandas as pd

from sce.grids.datasets import Dataset
from sce.measuring import metrics, outcomes
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE
from sce.reading import parsing
from sce.reading.replies import after_reasoning, objects

METRIC = "gower"


class Answers:
    """A model's answers about a dataset: its artifacts ``responses``, ``boundary`` and ``sce``, and how far
    points lie from one another and from their nearest counterfactual."""

    def __init__(self, dataset: Dataset, responses: pd.DataFrame, boundary: pd.DataFrame, sce: pd.DataFrame):
        self.dataset, self.responses, self.sce = dataset, responses, sce
        self.codes = predictions(dataset, boundary)
        self._space = metrics.space(dataset, METRIC)
        self._nearest = metrics.nearest(dataset, self.codes, METRIC)[1]

    def target(self, start: int) -> int:
        """The option, by its number, that was not predicted at a point."""
        return 1 - int(self.codes[start])

    def is_valid(self, start: int, record: dict | None) -> bool | None:
        """Whether a record is a valid SCE of a point; None where it is no grid point with a prediction."""
        point = None if record is None else self.dataset.locate(record)
        if point is None or self.codes[point] == NONE:
            return None
        return bool(self.codes[point] == self.target(start))

    def excess(self, start: int, record: dict) -> float:
        """How much farther than the nearest counterfactual a record on the grid lies from a point."""
        there = np.array(self.dataset.locate(record))
        return float(self._space.between(np.array(start), there) - self._nearest[start, self.target(start)])

    def replies(self, kind: str, condition: str | None = None) -> pd.DataFrame:
        """The rows of one kind, with the column ``text``: the reply, null where there is none."""
        rows = self.responses[self.responses["kind"] == kind]
        rows = rows if condition is None else rows[rows["condition"] == condition]
        return rows.assign(text=rows["response"].where(rows["status"] == "answered"))


def self_prediction(answers: Answers, seed: int, resamples: int) -> pd.DataFrame:
    """Does the model know whether its SCE is valid? By condition; the column metric tells the wording.

    Before and after the SCE was asked for, over SCEs whose own prediction is known: ``accuracy_WHEN``, the
    share of readable replies that foresee it; ``predicted_valid_WHEN``, the share that foresee the target,
    beside ``valid``, the share of SCEs that have it; the number ``unparseable_WHEN``. Where the model says
    how sure it is: ``confidence_WHEN``, its mean, and ``brier_WHEN``, its mean squared distance from 1 where
    it was right and from 0 where it was wrong.
    """
    actual = _actual(answers)
    lines = []
    for when in ("before", "after"):
        asked = answers.replies(f"self_prediction_{when}")
        for (condition, wording), rows in asked.groupby(["condition", "wording"], sort=False):
            lines += _foreseen(answers, actual, condition, wording, when, rows, seed, resamples)
    return outcomes.table(lines).drop_duplicates(["condition", "metric", "score"], ignore_index=True)


def several(answers: Answers, k: int, seed: int, resamples: int) -> pd.DataFrame:
    """Would more tries help? By wording: ``validity_at_J``, the share of points with a valid SCE among the
    first J of the k, ``excess_at_J``, the mean excess of the nearest valid one, and the mean number of
    ``readable`` ones on the grid."""
    lines = []
    for name, rows in answers.replies("several").groupby("condition", sort=False):
        read = [_records(text, answers.dataset)[:k] for text in rows["text"]]
        valid = [[answers.is_valid(x, r) for r in rs] for x, rs in zip(rows["point_id"], read, strict=True)]
        excess = [
            [answers.excess(x, r) if good else np.inf for r, good in zip(rs, goods, strict=True)]
            for x, rs, goods in zip(rows["point_id"], read, valid, strict=True)
        ]
        on_grid = [sum(verdict is not None for verdict in verdicts) for verdicts in valid]
        lines.append(outcomes.mean(name, METRIC, "readable", on_grid, seed, resamples))
        for number in range(1, k + 1):
            best = np.array([min(some[:number], default=np.inf) for some in excess], dtype=float)
            found = np.isfinite(best)
            lines += [
                outcomes.mean(name, METRIC, f"validity_at_{number}", found, seed, resamples),
                outcomes.mean(name, METRIC, f"excess_at_{number}", best[found], seed, resamples),
            ]
    return outcomes.table(lines)


def feedback(
    answers: Answers, wordings: dict[str, list[str]], tries: int, seed: int, resamples: int
) -> pd.DataFrame:
    """Does being told help? By condition and wording of the feedback (the column metric), over points whose
    first SCE can be judged: ``valid_within_T``, the share with a valid SCE after at most T times feedback (0:
    the first SCE), ``excess_within_T``, the mean excess of that SCE under Gower's distance, and ``tries``,
    the mean number of times that it took where it helped in the end."""
    lines = []
    told = {turn: answers.replies(f"feedback_{turn}") for turn in range(1, tries + 1)}
    for condition, wording in [(name, each) for name, several in wordings.items() for each in several]:
        sequences = _sequences(answers, condition, wording, told)
        first = {
            point: next(((turn, record) for turn, record in tried if answers.is_valid(point, record)), None)
            for point, tried in sequences.items()
        }
        solved = {point: found for point, found in first.items() if found}
        taken = [turn for turn, _ in solved.values() if turn > 0]
        lines.append(outcomes.mean(condition, wording, "tries", taken, seed, resamples))
        for limit in range(tries + 1):
            within = {point: record for point, (turn, record) in solved.items() if turn <= limit}
            is_valid = [point in within for point in first]
            excess = [answers.excess(point, record) for point, record in within.items()]
            lines += [
                outcomes.mean(condition, wording, f"valid_within_{limit}", is_valid, seed, resamples),
                outcomes.mean(condition, wording, f"excess_within_{limit}", excess, seed, resamples),
            ]
    return outcomes.table(lines)


def candidates(answers: Answers, conditions: list[str], seed: int, resamples: int) -> pd.DataFrame:
    """Did the model consider a valid SCE, and foresee its own answers? By condition, of replies that write
    candidates down as objects with ``candidate``, ``record`` and ``answer``:

    the mean number of ``candidates``; ``considered_valid``, the share of replies with a valid one among them;
    of those the share ``chose_valid`` whose SCE is valid, and ``chose_nearest``, whose SCE is as near as the
    nearest valid one considered; ``foreseen``, the share of candidates whose answer is the fresh copy's.
    """
    lines = []
    for condition in conditions:
        rows = answers.replies("condition", condition)
        chosen = answers.sce[answers.sce["condition"] == condition].set_index("point_id")["sce_point_id"]
        number, considered, valid, nearest, foreseen = [], [], [], [], []
        for point, text in zip(rows["point_id"], rows["text"], strict=True):
            written = _candidates(text, answers.dataset)
            number.append(len(written))
            good = [record for record, _ in written if answers.is_valid(point, record)]
            foreseen += [_is_foreseen(answers, record, answer) for record, answer in written]
            if written:
                considered.append(bool(good))
            if good:
                final = chosen.get(point)
                record = None if pd.isna(final) else answers.dataset.record(int(final))
                valid.append(bool(answers.is_valid(point, record)))
                least = min(answers.excess(point, one) for one in good)
                nearest.append(valid[-1] and answers.excess(point, record) == least)
        found = {"candidates": number, "considered_valid": considered, "chose_valid": valid}
        found |= {"chose_nearest": nearest, "foreseen": foreseen}
        lines += [outcomes.mean(condition, METRIC, *item, seed, resamples) for item in found.items()]
    return outcomes.table(lines)


def _actual(answers):
    """(condition, point) -> (its target, the prediction at its SCE), on the grid or verified off it."""
    options = answers.dataset.options
    found = {}
    for row in answers.sce.itertuples():
        there = row.prediction_at_sce
        if not pd.isna(row.sce_point_id) and answers.codes[row.sce_point_id] != NONE:
            there = options[answers.codes[row.sce_point_id]]
        if isinstance(there, str):
            found[row.condition, row.point_id] = row.target, there
    return found


def _foreseen(answers, actual, condition, wording, when, rows, seed, resamples):
    valid, right, target_foreseen, confidences, lacking, unread = [], [], [], [], [], 0
    for point, text in zip(rows["point_id"], rows["text"], strict=True):
        if (condition, point) not in actual:
            continue
        target, there = actual[condition, point]
        said = parsing.parse_answer(text if isinstance(text, str) else None, answers.dataset).value
        valid.append(there == target)
        unread += said is None
        if said is not None:
            right.append(said == there)
            target_foreseen.append(said == target)
            sure = _confidence(text)
            if sure is not None:
                confidences.append(sure)
                lacking.append((sure - right[-1]) ** 2)
    means = {
        "valid": valid,
        f"accuracy_{when}": right,
        f"predicted_valid_{when}": target_foreseen,
        **({f"confidence_{when}": confidences, f"brier_{when}": lacking} if confidences else {}),
    }
    lines = [outcomes.mean(condition, wording, *item, seed, resamples) for item in means.items()]
    return [*lines, outcomes.number(condition, wording, f"unparseable_{when}", unread, len(valid))]


def _confidence(text):
    """The confidence, from 0.5 (a guess) to 1, that a reply gives in percent; None for anything else, such as
    0.9, which may be meant as a share."""
    for found in reversed(objects(after_reasoning(text))):
        value = str(found.node.get("confidence", "")).strip().rstrip("%").strip()
        try:
            return float(value) / 100 if 50 <= float(value) <= 100 else None
        except ValueError:
            continue
    return None


def _records(text, dataset):
    """The complete records that a reply lists."""
    if not isinstance(text, str):
        return []
    read = [
        parsing.parse_sce(json.dumps(f.node), dataset)
        for f in objects(after_reasoning(text))
        if None not in f.node
    ]
    return [parsed.value for parsed in read if parsed.status == "ok"]


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
    """Whether a candidate's predicted answer is the fresh copy's; None where either is not known."""
    point = answers.dataset.locate(record) if record is not None and None not in record.values() else None
    if point is None or answer is None or answers.codes[point] == NONE:
        return None
    return answers.dataset.options[answers.codes[point]] == answer


def _sequences(answers, condition, wording, told):
    """Point -> [(times told, record)] of its SCEs in turn, for points whose first can be judged."""
    first = answers.sce[(answers.sce["condition"] == condition) & answers.sce["sce_point_id"].notna()]
    found = {
        int(row.point_id): [(0, answers.dataset.record(int(row.sce_point_id)))]
        for row in first.itertuples()
        if answers.codes[row.sce_point_id] != NONE
    }
    for turn, rows in told.items():
        rows = rows[(rows["condition"] == condition) & (rows["wording"] == wording)]
        for point, text in zip(rows["point_id"], rows["text"], strict=True):
            parsed = parsing.parse_sce(text if isinstance(text, str) else None, answers.dataset)
            if parsed.status == "ok" and point in found:
                found[point].append((turn, parsed.value))
    return found
