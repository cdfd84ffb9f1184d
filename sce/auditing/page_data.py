"""What ``results/report.html`` ought to hold of one model on one dataset: arrays over its points, and what
was said, from the rows of the artifacts, one by one."""

import math

from sce.grids.datasets import Dataset
from sce.statuses import ROW_STATUSES

NONE, NO_CODE = -1, 255
FATES = (
    "minimal", "too_far", "too_near", "astray", "no_boundary", "unjudged", "off_grid", "unreadable",
    "unanswered", "not_asked", "perhaps_minimal", "not_valid",
)  # fmt: skip
NOT_KEPT = {
    "no_prediction_at_sce": "unjudged", "off_grid": "off_grid", "unparseable_sce": "unreadable",
    "missing_feature": "unreadable", "request_failed": "unanswered", "truncated": "unanswered",
    "refused": "unanswered", "no_prediction": "not_asked",
}  # fmt: skip


def fate(row: dict) -> str:
    """What became of an SCE, from its row of ``distances``."""
    if row["status"] != "kept":
        return NOT_KEPT[row["status"]]
    in_part = "certainty" in row
    least, most = (row[name] for name in (("excess_low", "excess_high") if in_part else ("excess", "excess")))
    low, high = (row[f"nearest_{end}"] for end in (("low", "high") if in_part else ("distance", "distance")))
    if row["valid"]:
        if least is not None and least > 0:
            return "too_far"
        return "perhaps_minimal" if most is not None and most > 0 else "minimal"
    if low is None and high is None:
        return "no_boundary"
    if high is not None and row["distance"] >= high:
        return "astray"
    return "too_near" if low is not None and row["distance"] < low else "not_valid"


def counts(distances: list[dict]) -> dict[tuple[str, str], list[int]]:
    """(condition, metric) -> how many rows came to each of FATES."""
    found = {}
    for row in distances:
        of = found.setdefault((row["condition"], row["metric"]), [0] * len(FATES))
        of[FATES.index(fate(row))] += 1
    return found


class Arrays:
    """The arrays of the page by name, each over all points, -1 or 255 or NaN where there is nothing. Of
    several samples the first counts."""

    def __init__(self, dataset: Dataset, boundary: list[dict], sces: list[dict], distances: list[dict]):
        self.dataset, self.found = dataset, {}
        self._of_boundary([row for row in boundary if row["question"] == boundary[0]["question"]])
        for row in sces:
            if row.get("sample", 1) == 1:
                self._of_sce(row)
        self._of_verifications()
        for row in distances:
            if row.get("sample", 1) == 1:
                self._of_distances(row)

    def _put(self, name, row, value, missing):
        array = self.found.setdefault(name, [missing] * self.dataset.size)
        if value is not None:
            array[row["point_id"]] = value

    def _of_boundary(self, rows):
        options = self.dataset.options
        for row in rows:
            known = row["prediction"] is not None
            self._put("prediction", row, options.index(row["prediction"]) if known else None, NO_CODE)
        sources = ("probability_1", "share_1")  # log-probabilities before the share of askings
        known = [name for name in sources if any(row.get(name) is not None for row in rows)]
        for row in rows if known else ():
            self._put("probability", row, row[known[0]], math.nan)

    def _of_sce(self, row):
        condition, features = row["condition"], list(self.dataset.features)
        self._put(f"target/{condition}", row, row["sce_point_id"], NONE)
        if row["status"] == "off_grid":
            name, width = f"records/{condition}", len(features)
            records = self.found.setdefault(name, [math.nan] * (self.dataset.size * width))
            record = [math.nan if row[f"sce_{each}"] is None else row[f"sce_{each}"] for each in features]
            records[row["point_id"] * width : (row["point_id"] + 1) * width] = record
            said = row["prediction_at_sce"]
            at = None if said is None else self.dataset.options.index(said)
            self._put(f"at_sce/{condition}", row, at, NO_CODE)

    def _of_verifications(self):
        """There is no array of answers to SCEs off the grid where none was asked for."""
        for name in [name for name in self.found if name.startswith("at_sce/")]:
            if set(self.found[name]) == {NO_CODE}:
                del self.found[name]

    def _of_distances(self, row):
        condition, metric = row["condition"], row["metric"]
        known = row["nearest_point_id"] is not None
        self._put(f"nearest/{metric}", row, row["nearest_point_id"], NONE)
        self._put(f"needed/{metric}", row, row["nearest_distance"] if known else None, math.nan)
        self._put(f"status/{condition}", row, ROW_STATUSES.index(row["status"]), NO_CODE)
        self._put(f"fate/{condition}/{metric}", row, FATES.index(fate(row)), NO_CODE)
        for name in ("distance", "shortfall"):
            self._put(f"{name}/{condition}/{metric}", row, row[name], math.nan)


def said(responses: list[dict], size: int) -> dict:
    """The replies of a model about one dataset, as the page opens them."""
    main = next(row["wording"] for row in responses if row["kind"] == "question")
    turns, others = {None: []}, []
    for row in responses:
        first = row.get("sample", 1) == 1
        if first and row["kind"] == "question" and row["wording"] == main:
            turns[None].append(row)
        elif first and row["kind"] == "condition":
            turns.setdefault(row["condition"], []).append(row)
        else:
            kind = row["kind"] if first else f"{row['kind']}, sample {row['sample']}"
            told = [row[name] for name in ("wording", "condition", "point_id", "response", "reasoning")]
            others.append([kind, *told, _problem(row)])
    return {"turns": [_turn(name, rows, size) for name, rows in turns.items()], "others": others}


def _turn(condition, rows, size):
    reply, reasoning, problems = [None] * size, [None] * size, {}
    for row in rows:
        reply[row["point_id"]], reasoning[row["point_id"]] = row["response"], row["reasoning"]
        if _problem(row):
            problems[str(row["point_id"])] = _problem(row)
    thought = reasoning if any(text is not None for text in reasoning) else None
    return {"condition": condition, "reply": reply, "reasoning": thought, "problems": problems}


def _problem(row):
    if row["status"] == "answered":
        return None
    return row["status"] if row["error"] is None else f"{row['status']}: {row['error']}"


def described(dataset: Dataset) -> dict:
    """What the page says of a dataset."""
    features = [
        {name: getattr(feature, name) for name in ("kind", "unit", "wording", "codes", "labels")}
        for feature in dataset.features.values()
    ]
    named = [{"name": name} | feature for name, feature in zip(dataset.features, features, strict=True)]
    told = {name: getattr(dataset, name) for name in ("title", "subject", "question", "size")}
    text = {} if dataset.text is None else {"text": dataset.text}
    return told | {"options": list(dataset.options), "features": named} | text
