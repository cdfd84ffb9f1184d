"""What the answers that are there already say about how much a row of a study is worth."""

from sce.asking.conversations import responses_of
from sce.asking.protocol import Asked, Protocol
from sce.measuring import boundaries, distances, estimands
from sce.measuring.codes import NONE
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import POINTS, Rows
from sce.reading import responses
from sce.reading.samples import first_samples

FEWEST_ROWS = 30


def worth(protocol: Protocol, asked: list[Asked]) -> float | None:
    """Independent rows that a row of validity is worth, in the condition where that is least.

    asked: the rows of a walk of the protocol; those of status ``unasked`` are no answers yet. None where no
    condition has FEWEST_ROWS kept rows, or too few clusters.
    """
    main = protocol.questions[0].name if protocol.questions else None
    needed = [row for row in asked if row.entry.status != "unasked" and row.wording == main]
    if not {"question", "condition"} <= {row.kind for row in needed}:
        return None
    dataset = protocol.dataset
    known = responses_of(protocol, [row for row in needed if row.kind in ("question", "condition")])
    codes = boundaries.predictions(dataset, responses.boundary(known[known["kind"] == "question"], dataset))
    names = [prompt.name for prompt in protocol.conditions]
    sces = first_samples(responses.counterfactuals(known, dataset, names))
    measured = distances.measure(dataset, codes, sces, "gower")
    found = []
    for _, rows in measured[measured["status"] == "kept"].groupby("condition"):
        reached = rows["sce_point_id"].to_numpy(dtype=int, na_value=NONE)
        its = Rows.of(rows["point_id"].to_numpy(dtype=int), reached, lattice=Lattice.of(dataset))
        interval = estimands.share(rows["valid"].to_numpy(dtype=float), its, POINTS)
        if len(rows) >= FEWEST_ROWS and interval.reason is None:
            found.append(interval.effective_n / len(rows))
    return min(found, default=None)
