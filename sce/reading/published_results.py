"""Result files of the published study's code: read, and checked to be about a dataset.

A result file is one JSON object, plain or gzipped, of rows under running numbers. A row's ``dataset_id`` is
the point_id; ``original_full_response`` and ``followup_full_response`` are the model's own words;
``original_answer`` and the ``*_CF`` fields are what the published parser made of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sce.errors import InputError
from sce.files.json_files import read_json


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
    return checked_rows(Path(path), read_json(path), dataset)


def checked_rows(path, content, dataset) -> dict[str, dict]:
    """The rows of ``dataset`` that ``content`` holds, as read from ``path``; raises as read_results does."""
    if not isinstance(content, dict) or not content:
        raise InputError(path, "content", type(content).__name__, "an object of rows under running numbers")
    for number, row in content.items():
        if not isinstance(row, dict):
            raise InputError(path, number, type(row).__name__, "a row: an object of fields")
    _check_fields(path, content, dataset)
    _check_points(path, content, dataset)
    return content


def responses(path, dataset) -> Iterator[Replies]:
    """The prompts and raw replies of a result file, row by row; they can stand in for a model's answers.

    ``follow_up`` is the follow-up message alone, without the conversation before it. ``target`` is the option
    it asks for. A reply without text in the file is None.
    """
    for number, row in read_results(path, dataset).items():
        conversation = text_of(path, number, row, "followup_full_prompt") or ""
        yield Replies(
            row["dataset_id"],
            text_of(path, number, row, "standard_prompt") or "",
            text_of(path, number, row, "original_full_response"),
            text_of(path, number, row, "selected_complement"),
            conversation.rpartition("\nuser: ")[2],
            text_of(path, number, row, "followup_full_response"),
        )


def counterfactual_fields(dataset) -> dict[str, str]:
    """Feature -> the field of its published counterfactual value."""
    return {name: f"{feature.published_name or name}_CF" for name, feature in dataset.features.items()}


def field_of(path, number: str, row: dict, field: str):
    """A field of a row; InputError where it has none."""
    if field not in row:
        raise InputError(path, f"{number}.{field}", "nothing", "this field in every row")
    return row[field]


def text_of(path, number: str, row: dict, field: str) -> str | None:
    """A field's text; None where it holds none. InputError where the row has no such field."""
    value = field_of(path, number, row, field)
    return value if isinstance(value, str) and value.strip() else None


def _check_fields(path, rows, dataset):
    found = {field for row in rows.values() for field in row if field.endswith("_CF")}
    expected = set(counterfactual_fields(dataset).values())
    if found != expected:
        field = min(expected - found or found - expected)
        allowed = f"the counterfactual fields of dataset {dataset.name}: {', '.join(sorted(expected))}"
        raise InputError(
            path, field, "nothing" if field in expected else "a field of another dataset", allowed
        )


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
        given = row.get("original_input")
        if isinstance(given, str) and given.split() != descriptions[point].split():
            allowed = f"point {point} of dataset {dataset.name}: {descriptions[point]}"
            raise InputError(path, f"{number}.original_input", given, allowed)
