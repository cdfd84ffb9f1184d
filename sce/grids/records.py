"""A user's own records as points of a grid."""

import csv
from pathlib import Path

from sce.errors import InputError
from sce.grids.datasets import Dataset


def read_points(path, dataset: Dataset) -> list[int]:
    """The point ids of the records in a CSV file, each point once, in the file's order.

    The first line names the features, in any order; other columns are left aside. A value is a level's code
    or its label. Raises InputError naming the line and the column of a value that is no level.
    """
    levels = {name: _levels(feature) for name, feature in dataset.features.items()}
    try:
        with open(Path(path), newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, "content", str(error), "a CSV file of records") from None
    points = {}
    for line, row in enumerate(rows, start=2):
        record = {}
        for name, codes in levels.items():
            written = (row.get(name) or "").strip()
            if written not in codes:
                allowed = f"a column {name} with levels of {dataset.name}: {', '.join(list(codes)[:8])}, ..."
                raise InputError(path, f"line {line}, {name}", written, allowed)
            record[name] = codes[written]
        points[dataset.locate(record)] = None
    if not points:
        raise InputError(path, "content", "no record", "a line for every record, after the names of features")
    return list(points)


def _levels(feature) -> dict:
    """What a level may be written as -> its code."""
    codes = {str(code): code for code in feature.codes} | {str(float(code)): code for code in feature.codes}
    return codes | dict(zip(feature.labels, feature.codes, strict=True))
