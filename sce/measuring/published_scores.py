"""Result files of the published study's code: read, checked, scored under its field names (issue 3).

A result file is one JSON object, plain or gzipped, of rows under running numbers. A row's ``dataset_id`` is
the point_id; ``original_full_response`` and ``followup_full_response`` are the model's own words;
``original_answer`` and the ``*_CF`` fields are what the published parser made of them.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.files.json_files import read_json
from sce.measuring.codes import NONE
from sce.measuring.distances import measure
from sce.measuring.scores import counts, estimates
from sce.reading import parsing
from sce.statuses import ROW_STATUSES

# published field -> our score
FIELDS = {
    "validity_percent": "validity",
    "mean_distance": "mean_distance",
    "mean_RCF": "mean_relative_excess",
    "median_RCF": "median_relative_excess",
    "mean_RCF_A": "mean_excess",
    "median_RCF_A": "median_excess",
    "mean_ICF": "mean_relative_shortfall",
    "median_ICF": "median_relative_shortfall",
    "mean_ICF_A": "mean_shortfall",
    "median_ICF_A": "median_shortfall",
    "total_minimality": "total_minimality",
    "total_minimality_A": "total_minimality_abs",
    "exact_match": "exact_match",
}
IN_PERCENT = ("validity_percent", "exact_match")
NO_ANSWER = "NA"
FIRST_DIGITS = "income"  # the dataset whose published reader takes the first run of digits of a text


class Replies(NamedTuple):
    """What one row of a result file holds of the two turns of its conversation."""

    point_id: int
    question: str
    reply: str | None
    target: str | None
    follow_up: str
    follow_up_reply: str | None


def read_results(path, dataset) -> dict[str, dict]:
    """Running number -> row of a result file (.json or .json.gz), checked to be one of ``dataset``.

    Raises InputError naming the file and the field: missing, not or only partly JSON, a key or a dataset_id
    given twice, another dataset's fields, points or descriptions.
    """
    path = Path(path)
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InputError(path, "content", type(content).__name__, "an object of rows under running numbers")
    for number, row in content.items():
        if not isinstance(row, dict):
            raise InputError(path, number, type(row).__name__, "a row: an object of fields")
    _check_fields(path, content, dataset)
    _check_points(path, content, dataset)
    return content


def score_published(path, dataset, metric: str, as_published: bool = False, embeddings=None) -> dict:
    """The scores of a result file under their published names, with ``counts`` and ``reasons``.

    as_published: trust the file's own parsed fields, and read them as the published code does; otherwise the
    raw responses are parsed anew. ``embeddings`` (N, dimensions): for the metric "semantic".

    An undefined score is None, with its reason in ``reasons``. ``counts``: all rows, and rows by status.
    Raises InputError for what read_results refuses, a metric that the dataset cannot support, and a row
    without a field that is needed.
    """
    rows = read_results(path, dataset)
    predictions, sces = (_trusted if as_published else _parsed)(path, rows, dataset)
    measured = measure(dataset, predictions, sces, metric, embeddings, as_published)
    found = estimates(measured)
    result, reasons = {}, {}
    for field, score in FIELDS.items():
        value, n, reason = found[score]
        if field in IN_PERCENT and value is not None:
            value = 100 * round(value * n) / n  # the nearest float to it, as the published code has it
        result[field] = value
        if reason:
            reasons[field] = reason
    return {**result, "counts": {"rows": len(measured), **counts(measured)}, "reasons": reasons}


def responses(path, dataset) -> Iterator[Replies]:
    """The raw material of a result file, row by row: for use in place of a model's answers.

    ``follow_up`` is the follow-up message alone, without the conversation before it. ``target`` is the option
    it asks for. A reply that the file holds no text of is None.
    """
    for number, row in read_results(path, dataset).items():
        conversation = _text(path, number, row, "followup_full_prompt") or ""
        yield Replies(
            row["dataset_id"],
            _text(path, number, row, "standard_prompt") or "",
            _text(path, number, row, "original_full_response"),
            _text(path, number, row, "selected_complement"),
            conversation.rpartition("\nuser: ")[2],
            _text(path, number, row, "followup_full_response"),
        )


# --- reading and checking ---


def _cf_fields(dataset):
    """Feature -> the field of its published counterfactual value."""
    return {name: f"{feature.published_name or name}_CF" for name, feature in dataset.features.items()}


def _check_fields(path, rows, dataset):
    found = {field for row in rows.values() for field in row if field.endswith("_CF")}
    expected = set(_cf_fields(dataset).values())
    if found != expected:
        field = min(expected - found or found - expected)
        allowed = f"the counterfactual fields of dataset {dataset.name}: {', '.join(sorted(expected))}"
        raise InputError(path, field, "nothing" if field in expected else "such a field", allowed)


def _check_points(path, rows, dataset):
    grid = dataset.grid()
    descriptions = grid["description"].tolist()
    seen = {}
    for number, row in rows.items():
        point = row.get("dataset_id", "nothing")
        if isinstance(point, bool) or not isinstance(point, int) or not 0 <= point < dataset.size:
            allowed = f"a point of dataset {dataset.name}, 0 to {dataset.size - 1}"
            raise InputError(path, f"{number}.dataset_id", point, allowed)
        if point in seen:
            allowed = f"each point once; row {seen[point]} has it too"
            raise InputError(path, f"{number}.dataset_id", point, allowed)
        seen[point] = number
        told = row.get("original_input")
        if isinstance(told, str) and told.split() != descriptions[point].split():
            allowed = f"point {point} of dataset {dataset.name}: {descriptions[point]}"
            raise InputError(path, f"{number}.original_input", told, allowed)


def _field(path, number, row, field):
    if field not in row:
        raise InputError(path, f"{number}.{field}", "nothing", "this field in every row")
    return row[field]


def _text(path, number, row, field):
    """A field's text; None where it holds none."""
    value = _field(path, number, row, field)
    return value if isinstance(value, str) and value.strip() else None


# --- rows -> predictions and SCEs, as sce.measuring.distances.measure takes them ---


def _trusted(path, rows, dataset):
    """By the file's own parsed fields. Answers outside the options get codes from 2 on."""
    codes = {NO_ANSWER: NONE, dataset.options[0]: 0, dataset.options[1]: 1}
    predictions = np.full(dataset.size, NONE, dtype=np.int8)
    lines = []
    for number, row in rows.items():
        answer = _field(path, number, row, "original_answer")
        code = codes.get(answer, 2) if isinstance(answer, str) else 2
        predictions[row["dataset_id"]] = code
        target = _field(path, number, row, "selected_complement")
        status, sce_point = _published_sce(row, dataset)
        if code == NONE:
            status = "no_prediction"
        lines.append((row["dataset_id"], target if target in dataset.options else None, sce_point, status))
    return predictions, _sces(lines)


def _published_sce(row, dataset):
    """Status and point_id of the counterfactual in the ``*_CF`` fields, read as the published code does."""
    first_digits = dataset.name == FIRST_DIGITS
    fields = _cf_fields(dataset)
    record = {name: _published_number(row.get(field), first_digits) for name, field in fields.items()}
    missing = [name for name, value in record.items() if value is None]
    if missing:
        return ("unparseable_sce" if len(missing) == len(record) else "missing_feature"), None
    return _located(record, dataset)


def _published_number(value, first_digits):
    """A ``*_CF`` value as the published code's number; None where it has none."""
    if first_digits and isinstance(value, str):
        digits = re.search(r"\d+", value)
        value = digits and digits.group()
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def _parsed(path, rows, dataset):
    """By the raw responses, parsed anew."""
    predictions = np.full(dataset.size, NONE, dtype=np.int8)
    lines = []
    for number, row in rows.items():
        point = row["dataset_id"]
        answer = parsing.parse_answer(_text(path, number, row, "original_full_response") or "", dataset)
        if answer.status == "ok":
            predictions[point] = dataset.options.index(answer.value)
        target = _text(path, number, row, "selected_complement")
        if answer.status != "ok" or target not in dataset.options or target == answer.value:
            # The published code asks on with a random target where it read no answer: that follow-up does
            # not ask for the option which the model did not choose, and its reply is no SCE of ours.
            status, sce_point = "no_prediction", None
        else:
            sce = parsing.parse_sce(_text(path, number, row, "followup_full_response") or "", dataset)
            status, sce_point = sce.status if sce.status in ROW_STATUSES else "unparseable_sce", None
            if sce.status == "ok":
                status, sce_point = _located(sce.value, dataset)
        lines.append((point, target if target in dataset.options else None, sce_point, status))
    return predictions, _sces(lines)


def _located(record, dataset):
    point_id = dataset.locate(record)
    return ("off_grid", None) if point_id is None else ("ok", point_id)


def _sces(lines):
    table = pd.DataFrame(lines, columns=["point_id", "target", "sce_point_id", "status"])
    table["sce_point_id"] = table["sce_point_id"].astype("Int64")
    return table.assign(condition="published")
