"""What replies say: those that are nothing but the JSON that was asked for, or the very text of a point, are
read here, all others by the package's parser (``sce.reading``), which has no second way."""

import json
from functools import cache
from itertools import product

from sce.auditing.findings import Findings
from sce.auditing.grids import level_codes, point_of, told
from sce.auditing.tables import Stored
from sce.grids.datasets import Dataset
from sce.reading import parsing
from sce.reading.probabilities import option_probabilities

MOST_TEXTS = 100_000  # points whose texts are looked up as they stand
LARGEST = 1e15  # numbers beyond it are left to the parser
LOST = {"failed": "request_failed", "truncated": "truncated", "refused": "refused"}


class Reader:
    """Reads the replies about a dataset; counts how many by which way."""

    def __init__(self, dataset: Dataset, findings: Findings):
        self.dataset, self.findings = dataset, findings
        small = dataset.text is not None and dataset.size <= MOST_TEXTS
        self._texts = {told(dataset, point): point for point in range(dataset.size)} if small else {}
        self._answer = cache(
            lambda text, finish: self._read(text, finish, self._plain_answer, parsing.parse_answer)
        )
        self._record = cache(
            lambda text, finish: self._read(text, finish, self._plain_record, parsing.parse_sce)
        )

    def answer(self, row: dict) -> tuple[str, str | None]:
        """(status, option) of a row of ``responses``."""
        if row["status"] != "answered":
            return LOST[row["status"]], None
        return self._answer(row["response"], row["finish_reason"])

    def record(self, row: dict) -> tuple[str, dict | None]:
        """(status, {feature: code}) of a row of ``responses``."""
        if row["status"] != "answered":
            return LOST[row["status"]], None
        return self._record(row["response"], row["finish_reason"])

    def _read(self, text, finish, plain, parse):
        value = plain(text)
        if value is not None:
            self.findings.checked["texts read here"] += 1
            return "ok", value
        self.findings.checked["texts read by the package's parser"] += 1
        return tuple(parse(text, self.dataset, finish))

    def _plain_answer(self, text):
        content = _json(text)
        option = content.get("answer") if len(content) == 1 else None
        return option if option in self.dataset.options else None

    def _plain_record(self, text):
        if self.dataset.text is not None:
            point = self._texts.get(text)
            return None if point is None else level_codes(self.dataset, point)
        content = _json(text)
        if set(content) != set(self.dataset.features):
            return None
        record = {}
        for name, feature in self.dataset.features.items():
            value = content[name]
            if feature.is_number:
                if type(value) not in (int, float) or not abs(value) < LARGEST:
                    return None
                record[name] = value
            elif value in feature.labels:
                record[name] = feature.codes[feature.labels.index(value)]
            else:
                return None
        return record


def boundary_of(responses: Stored, reader: Reader) -> list[dict]:
    """The rows that ``boundary.parquet`` ought to have; of several askings the one that decides."""
    rows = _answers_of(responses, reader)
    if not any("sample" in row for row in responses.rows):
        return rows
    askings = {}
    for row in rows:
        askings.setdefault((row["question"], row["point_id"]), []).append(row)
    first, second = reader.dataset.options
    found = []
    for given in askings.values():
        said = [row["prediction"] for row in given if row["prediction"] is not None]
        votes = said.count(first), said.count(second)
        option = (said or [None])[0] if votes[0] == votes[1] else first if votes[0] > votes[1] else second
        decided = next(row for row in given if row["prediction"] == option)
        share = votes[1] / len(said) if said else None
        found.append(decided | {"askings": len(said), "share_1": share})
    return found


def _answers_of(responses, reader):
    """A row for every question in a fresh conversation about a grid point."""
    rows = []
    for row in responses.rows:
        if row["kind"] in ("question", "survey"):
            status, option = reader.answer(row)
            first, second = option_probabilities(
                row["logprobs"], option, reader.dataset, row["finish_reason"]
            )
            rows.append(
                {
                    "question": row["wording"], "point_id": row["point_id"], "prediction": option,
                    "status": status, "probability_0": first, "probability_1": second,
                    **level_codes(reader.dataset, row["point_id"]),
                }
            )  # fmt: skip
    return rows


def sces_of(
    responses: Stored, predictions: dict[int, str | None], conditions, reader: Reader, samples: int = 1
) -> list[dict]:
    """The rows that ``sce.parquet`` ought to have. ``predictions``: point -> option of the main question, of
    the points whose SCEs were asked for; ``samples``: of every SCE."""
    dataset, asked, verified = reader.dataset, {}, {}
    for row in responses.rows:
        if row["kind"] == "condition":
            asked[row["condition"], row["point_id"], row.get("sample", 1)] = row
        if row["kind"] == "verification":
            verified[row["condition"], row["point_id"]] = reader.answer(row)[1]
    rows = []
    for condition, (point, option), sample in product(conditions, predictions.items(), range(1, samples + 1)):
        row = asked.get((condition, point, sample))
        status, record = reader.record(row) if row else ("no_prediction", None)
        found = point_of(dataset, record) if status == "ok" else None
        if status == "ok" and found is None:
            status = "off_grid"
        rows.append(
            {
                "condition": condition, "point_id": point, "sce_point_id": found,
                "target": next((o for o in dataset.options if o != option), None) if option else None,
                "status": "unparseable_sce" if status == "unparseable" else status,
                "prediction_at_sce": verified.get((condition, point)),
                **{f"sce_{name}": (record or {}).get(name) for name in dataset.features},
                **({"sample": sample} if samples > 1 else {}),
            }
        )  # fmt: skip
    return rows


def _json(text):
    """The object that a text is; an empty one where it is none, or holds a key twice."""
    try:
        content = json.loads(text or "", object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _once(pairs):
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("the same key twice")
    return dict(pairs)
