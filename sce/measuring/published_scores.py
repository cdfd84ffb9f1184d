"""Result files of the published study's code, scored under its field names.

Either the fields that the published parser filled are trusted, or the raw responses are parsed anew.
"""

import math
import re

import numpy as np
import pandas as pd

from sce.measuring.codes import NONE
from sce.measuring.distances import measure
from sce.measuring.scores import counts, estimates
from sce.reading import parsing
from sce.reading.published_results import counterfactual_fields, field_of, read_results, text_of
from sce.statuses import OK, of_sce

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


def score_published(path, dataset, metric: str, as_published: bool = False, embeddings=None) -> dict:
    """The scores of a result file under their published names, with ``counts`` and ``reasons``.

    as_published: trust the file's own parsed fields, and read them as the published code does; otherwise the
    raw responses are parsed anew. ``embeddings`` (N, dimensions): for the metric "semantic".

    An undefined score is None, with its reason in ``reasons``. ``counts``: all rows, and rows by status.
    Raises InputError for what read_results refuses, a metric that the dataset cannot support, and a row
    without a field that is needed.
    """
    return score_rows(path, read_results(path, dataset), dataset, [metric], as_published, embeddings)[metric]


def score_rows(path, rows, dataset, metrics, as_published: bool = False, embeddings=None) -> dict[str, dict]:
    """Metric -> what score_published gives, for ``rows`` of ``dataset`` that were read from ``path``."""
    predictions, sces = (_trusted if as_published else _parsed)(path, rows, dataset)
    measured = {
        metric: measure(dataset, predictions, sces, metric, embeddings, as_published) for metric in metrics
    }
    return {metric: _named(table) for metric, table in measured.items()}


def _named(measured):
    """The scores of measured SCEs under their published names."""
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


# --- rows -> predictions and SCEs, as sce.measuring.distances.measure takes them ---


def _trusted(path, rows, dataset):
    """By the file's own parsed fields. Answers outside the options get codes from 2 on."""
    codes = {NO_ANSWER: NONE, dataset.options[0]: 0, dataset.options[1]: 1}
    predictions = np.full(dataset.size, NONE, dtype=np.int8)
    lines = []
    for number, row in rows.items():
        answer = field_of(path, number, row, "original_answer")
        code = codes.get(answer, 2) if isinstance(answer, str) else 2
        predictions[row["dataset_id"]] = code
        target = field_of(path, number, row, "selected_complement")
        status, sce_point = _published_sce(row, dataset)
        if code == NONE:
            status = "no_prediction"
        lines.append((row["dataset_id"], target if target in dataset.options else None, sce_point, status))
    return predictions, _sces(lines)


def _published_sce(row, dataset):
    """Status and point_id of the counterfactual in the ``*_CF`` fields, read as the published code does."""
    first_digits = dataset.name == FIRST_DIGITS
    fields = counterfactual_fields(dataset)
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
        answer = parsing.parse_answer(text_of(path, number, row, "original_full_response") or "", dataset)
        if answer.status == "ok":
            predictions[point] = dataset.options.index(answer.value)
        target = text_of(path, number, row, "selected_complement")
        if answer.status != "ok" or target not in dataset.options or target == answer.value:
            # Where the published code read no answer, it goes on with a random target. That follow-up does
            # not ask for the option that the model did not choose, so its reply is not an SCE here.
            status, sce_point = "no_prediction", None
        else:
            sce = parsing.parse_sce(text_of(path, number, row, "followup_full_response") or "", dataset)
            sce_point = dataset.locate(sce.value) if sce.status == OK else None
            status = of_sce(sce.status, sce_point is not None)
        lines.append((point, target if target in dataset.options else None, sce_point, status))
    return predictions, _sces(lines)


def _located(record, dataset):
    point_id = dataset.locate(record)
    return of_sce(OK, point_id is not None), point_id


def _sces(lines):
    table = pd.DataFrame(lines, columns=["point_id", "target", "sce_point_id", "status"])
    table["sce_point_id"] = table["sce_point_id"].astype("Int64")
    return table.assign(condition="published")
