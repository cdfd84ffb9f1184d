"""The study's tasks of choosing the nearest of a few grid points, measured anew.

``breakdown.json`` holds the tasks of its last run, without the model's name; ``results.json`` holds, by
dataset, model and number of candidates, how many tasks each run had and solved.
"""

from typing import NamedTuple

import numpy as np

from sce.errors import InputError
from sce.grids.datasets import dataset_file, load_dataset
from sce.measuring.metrics import space
from sce.wordings.published import STUDIED

NO_ANSWER = "NA"
TASK = ("start_id", "start_ids", "data", "distances", "answer", "model_answer")
COUNTS = ("accuracy", "correct", "total")


class Tasks(NamedTuple):
    """Tasks by their grid: ``total`` tasks with one nearest candidate and ``correct`` choices among them,
    ``accuracy`` in percent of the replies that were read, and the mean of all distances; of the file and of
    ours, with the largest difference of a distance."""

    dataset: str
    candidates: int
    published: dict[str, float]
    ours: dict[str, float]
    largest_difference: float


def is_tasks(content) -> bool:
    """Whether a JSON content is a file of tasks."""
    return isinstance(content, dict) and any(
        isinstance(task, dict) and "start_ids" in task for task in content.values()
    )


def is_counts(content) -> bool:
    """Whether a JSON content is a file of counts: dataset -> model -> candidates -> its counts."""
    return _values(content, lambda models: _values(models, lambda sizes: _values(sizes, _holds_counts)))


def measure_tasks(path, content) -> Tasks:
    """The tasks of a file, by its own fields and by our distances.

    Raises InputError for a task without a field, with candidates that differ in number, or of no dataset's
    grid.
    """
    for number, task in content.items():
        if not isinstance(task, dict):
            raise InputError(path, number, type(task).__name__, "a task: an object of fields")
        for field in TASK:
            if field not in task:
                raise InputError(path, f"{number}.{field}", "nothing", "this field in every task")
    tasks = list(content.values())
    dataset = _dataset_of(path, tasks)
    try:
        starts = np.array([task["start_id"] for task in tasks], dtype=np.int64)
        points = np.array([list(task["start_ids"].values()) for task in tasks], dtype=np.int64)
        theirs = np.array([task["distances"] for task in tasks], dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(path, "tasks", str(error), "as many candidates in each, and numbers") from None
    if theirs.shape != points.shape or not np.isfinite(theirs).all():
        raise InputError(path, "distances", theirs.shape, f"a number for each candidate: {points.shape}")
    ours = space(dataset, "gower").between(starts[:, None], points)
    letters = [list(task["start_ids"]) for task in tasks]
    alone = (ours == ours.min(axis=1, keepdims=True)).sum(axis=1) == 1
    nearest = [them[i] for them, i in zip(letters, ours.argmin(axis=1), strict=True)]
    chosen = [task["model_answer"] for task in tasks]
    return Tasks(
        dataset.name,
        points.shape[1],
        _solved(chosen, [task["answer"] for task in tasks], np.ones(len(tasks), bool), theirs),
        _solved(chosen, nearest, alone, ours),
        float(np.abs(ours - theirs).max()),
    )


def unread(counts) -> int | None:
    """How many replies a run's ``accuracy`` leaves out as unread; None where its counts do not give it."""
    accuracy, correct, total = (counts[score] for score in COUNTS)
    if not (accuracy and correct):
        return None
    read = round(100 * correct / accuracy)
    return total - read if correct <= read <= total else None


def run_of_tasks(tasks: Tasks, counts) -> str | None:
    """The model among the ``counts`` whose run the tasks are: the one with as many, where only one has."""
    models = {
        model
        for model, sizes in counts.get(tasks.dataset, {}).items()
        if sizes.get(str(tasks.candidates), {}).get("total") == tasks.published["total"]
    }
    return models.pop() if len(models) == 1 else None


def _solved(chosen, nearest, counted, distances):
    pairs = [pair for pair, counts in zip(zip(chosen, nearest, strict=True), counted, strict=True) if counts]
    correct = sum(one == other for one, other in pairs)
    read = sum(one != NO_ANSWER for one, _ in pairs)
    return {
        "accuracy": 100 * correct / read if read else None,
        "correct": correct,
        "total": len(pairs),
        "mean_distance": float(distances.mean()),
    }


def _dataset_of(path, tasks):
    """The dataset of whose grid the candidates are; their features are given in the grid's order."""
    for name in STUDIED:
        dataset = load_dataset(dataset_file(name))
        if all(_is_of(dataset, task) for task in tasks):
            return dataset
    raise InputError(path, "data", "candidates of no grid", f"points of {', '.join(STUDIED)}")


def _is_of(dataset, task):
    ids, data = task["start_ids"], task["data"]
    if not isinstance(ids, dict) or not isinstance(data, dict) or set(ids) != set(data):
        return False
    for letter, point in {**ids, "the start": task["start_id"]}.items():
        if isinstance(point, bool) or not isinstance(point, int) or not 0 <= point < dataset.size:
            return False
        if letter in data and data[letter] != list(dataset.record(point).values()):
            return False
    return True


def _holds_counts(at):
    return isinstance(at, dict) and all(
        isinstance(at.get(score), int | float) and not isinstance(at[score], bool) for score in COUNTS
    )


def _values(content, fits):
    return isinstance(content, dict) and bool(content) and all(map(fits, content.values()))
