"""What a row is worth by the answers so far."""

import json

import pytest

from sce.asking.protocol import Asked, Protocol
from sce.grids.datasets import dataset_file, load_dataset
from sce.study.pilot import worth
from sce.study.planner import unasked
from sce.wordings.prompts import load_prompt, prompt_file

WEATHER = load_dataset(dataset_file("weather"))  # 45 points
WORDINGS = [load_prompt(prompt_file(name)) for name in ("question", "question_01", "minimal")]


def answered(text):
    return unasked("", text)._replace(status="answered")


def asked(kind, point, reply, wording="question", sample=1):
    condition = "minimal" if kind == "condition" else None
    entry = unasked("") if reply is None else answered(json.dumps(reply))
    return Asked(kind, wording, condition, point, entry, sample)


def echo(known, off_grid=()):
    """Everywhere the same answer; at the first ``known`` points an SCE that is the point itself."""
    rows = [asked("question", point, {"answer": WEATHER.options[0]}) for point in range(WEATHER.size)]
    for point in range(WEATHER.size):
        record = dict(WEATHER.record(point))
        if point in off_grid:
            record[next(iter(record))] = 1234.5
        rows.append(asked("condition", point, record if point < known else None))
    return rows


def of(rows, samples=1):
    return worth(Protocol(WEATHER, WORDINGS[:2], WORDINGS[2:], samples=samples), rows)


def test_rows_that_share_nothing_and_are_all_alike_count_in_full():
    assert of(echo(45)) == pytest.approx(1)


def test_nothing_is_said_of_fewer_than_30_kept_rows():
    assert of(echo(30)) == pytest.approx(1)
    assert of(echo(29)) is None
    assert of(echo(30, off_grid={3})) is None
    assert of([row for row in echo(30) if row[:4] != ("question", "question", None, 3)]) is None
    assert of([]) is None


def test_the_main_wording_and_the_first_sample_alone_count():
    other = [
        asked("question", point, {"answer": WEATHER.options[point % 2]}, "question_01") for point in range(45)
    ]
    again = [asked("condition", point, WEATHER.record(0), sample=2) for point in range(45)]
    assert of([*echo(45), *other, *again], samples=2) == of(echo(45))


def test_of_several_answers_the_one_that_decides_counts():
    """One of three is the other option, at every second point: no SCE is valid all the same."""
    samples = [
        asked("question", point, {"answer": WEATHER.options[sample == 2 and point % 2]}, sample=sample)
        for point in range(45)
        for sample in (2, 3)
    ]
    rows = echo(45)
    to_the_next = [asked("condition", point, WEATHER.record((point + 1) % 45)) for point in range(45)]
    assert of([*rows[:45], *samples, *to_the_next], samples=3) == pytest.approx(1)
