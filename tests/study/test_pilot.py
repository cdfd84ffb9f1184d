"""What a row is worth by the answers so far."""

import json

import numpy as np
import pytest

from sce.asking.protocol import Asked, Protocol
from sce.grids.datasets import dataset_file, load_dataset
from sce.measuring import estimands
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import POINTS, Rows
from sce.study.pilot import worth
from sce.study.planner import unasked
from sce.wordings.prompts import load_prompt, prompt_file

WEATHER = load_dataset(dataset_file("weather"))  # 45 points
QUESTIONS, CONDITIONS = ("question", "question_01"), ("minimal", "unconstrained")


def answered(text):
    return unasked("", text)._replace(status="answered")


def asked(kind, point, reply, wording="question", condition="minimal", sample=1):
    entry = unasked("") if reply is None else answered(json.dumps(reply))
    return Asked(kind, wording, condition if kind == "condition" else None, point, entry, sample)


def answers(option, points=range(45), **more):
    """Rows of questions; ``option``: point -> index of the option that is answered."""
    return [asked("question", point, {"answer": WEATHER.options[option(point)]}, **more) for point in points]


def sces(reached, points=range(45), **more):
    """Rows of a condition; ``reached``: point -> the grid point of its SCE."""
    return [asked("condition", point, dict(WEATHER.record(reached(point))), **more) for point in points]


def echo(known, off_grid=()):
    """Everywhere the same answer; at the first ``known`` points an SCE that is the point itself."""
    rows = [*answers(lambda point: 0), *sces(lambda point: point, range(known))]
    rows += [asked("condition", point, None) for point in range(known, 45)]
    for point in off_grid:
        record = WEATHER.record(point) | {next(iter(WEATHER.features)): 1234.5}
        rows[45 + point] = asked("condition", point, record)
    return rows


def of(rows, samples=1):
    questions, conditions = (
        [load_prompt(prompt_file(name)) for name in names] for names in (QUESTIONS, CONDITIONS)
    )
    return worth(Protocol(WEATHER, questions, conditions, samples=samples), rows)


def warm(point):
    """A boundary in the middle of the grid."""
    return int(point > 22)


def half(point):
    """SCEs that two points share; valid where the point is warm and the one of half its number is not."""
    return point // 2


def test_rows_that_share_nothing_and_are_all_alike_count_in_full():
    assert of(echo(45)) == pytest.approx(1)


def test_a_row_is_worth_what_the_intervals_of_scores_say():
    points = np.arange(45)
    rows = Rows.of(points, points // 2, lattice=Lattice.of(WEATHER))
    expected = estimands.share((points > 22) & (points // 2 <= 22), rows, POINTS).effective_n / 45
    assert expected < 0.2  # points that are neighbours are valid alike
    assert of([*answers(warm), *sces(half)]) == pytest.approx(expected)


def test_the_condition_where_a_row_is_worth_least_counts():
    least = of([*answers(warm), *sces(half)])
    for one, other in (CONDITIONS, CONDITIONS[::-1]):
        both = [*sces(half, condition=one), *sces(lambda point: point, condition=other)]
        assert of([*answers(warm), *both]) == least


def test_nothing_is_said_of_fewer_than_30_kept_rows():
    assert of(echo(30)) == pytest.approx(1)
    assert of(echo(29)) is None
    assert of(echo(30, off_grid={3})) is None
    assert of([row for row in echo(30) if row[:4] != ("question", "question", None, 3)]) is None
    assert of([]) is None


def test_a_row_without_a_prediction_at_either_end_is_not_kept():
    known = answers(warm, range(1, 44))
    assert of([*known, *sces(lambda point: point + 1, range(1, 31))]) is not None
    assert of([*known, *sces(lambda point: point + 1, range(30))]) is None  # nothing is known of point 0
    assert of([*known, *sces(lambda point: point + 1, range(14, 44))]) is None  # nor of point 44


def test_the_main_wording_and_the_first_sample_alone_count():
    main, other = [*answers(warm), *sces(half)], answers(lambda point: 0, wording="question_01")
    assert of([*other, *main, *sces(lambda point: 0, sample=2)], samples=2) == of(main)
    assert of([*answers(lambda point: 0), *sces(half)]) != of(main)


def test_of_several_answers_the_one_that_decides_counts():
    """Of the three answers at a point one is not like the others; which one changes from point to point."""
    first, second, third = (
        answers(lambda point, k=k: warm(point) ^ (point % 3 == k), sample=k + 1) for k in range(3)
    )
    assert of([*first, *second, *third, *sces(half)], samples=3) == of([*answers(warm), *sces(half)])
