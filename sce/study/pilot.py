"""What the answers that are there already say about how much a row of a study is worth."""

from collections import defaultdict

import numpy as np

from sce.asking.conversations import prediction, sce_record
from sce.asking.protocol import Asked, Protocol
from sce.measuring import estimands
from sce.measuring.codes import NONE
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import POINTS, Rows
from sce.reading.samples import deciding

FEWEST_ROWS = 30


def worth(protocol: Protocol, asked: list[Asked]) -> float | None:
    """Independent rows that a row of validity is worth, in the condition where that is least.

    asked: the rows of a walk of the protocol; those of status ``unasked`` are no answers yet. None where no
    condition has FEWEST_ROWS kept rows, or too few clusters.
    """
    if not protocol.questions:
        return None
    main, dataset = protocol.questions[0].name, protocol.dataset
    known = [row for row in asked if row.wording == main and row.entry.status != "unasked"]
    codes, lattice = _predictions(known, dataset), Lattice.of(dataset)
    found = []
    for points, reached in _sces(known, dataset).values():
        kept = (codes[points] != NONE) & (reached != NONE) & (codes[reached] != NONE)
        points, reached = points[kept], reached[kept]
        if len(points) < FEWEST_ROWS:
            continue
        valid = codes[points] != codes[reached]
        independent = estimands.worth(valid, Rows.of(points, reached, lattice=lattice), POINTS)
        if independent is not None:
            found.append(independent / len(points))
    return min(found, default=None)


def _predictions(rows, dataset) -> np.ndarray:
    """(N,) index of the option predicted at every grid point, NONE where none is known."""
    answers_at, codes = defaultdict(list), np.full(dataset.size, NONE)
    for row in rows:
        if row.kind == "question":
            answers_at[row.point_id].append(prediction(row.entry, dataset))
    for point, answers in answers_at.items():
        place = deciding(answers)
        if place is not None:
            codes[point] = dataset.options.index(answers[place])
    return codes


def _sces(rows, dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Condition -> the points (n,), in order, and the grid point of each one's SCE, NONE where there is none:
    of several samples the first."""
    found, places = defaultdict(dict), {}
    for row in rows:
        if row.kind == "condition" and row.sample == 1:
            reply = row.entry.status, row.entry.response, row.entry.finish_reason
            if reply not in places:  # many points lead to one SCE
                record = sce_record(row.entry, dataset)
                there = None if record is None else dataset.locate(record)
                places[reply] = NONE if there is None else there
            found[row.condition][row.point_id] = places[reply]
    return {condition: tuple(np.array(sorted(reached.items())).T) for condition, reached in found.items()}
