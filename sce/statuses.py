"""How a request can end, and what becomes of a row: every status, and where each is decided.

A request to a model ends with one of ``REQUEST_STATUSES``, which the ledger keeps. Its reply, once it is
read, gives the SCE of a row a status (``of_sce``); once the model's prediction at x and x' is looked up, the
row has its last one (``of_rows``). Scores average over the kept rows and count all others.
"""

import numpy as np

from sce.errors import InputError

REQUEST_STATUSES = ("answered", "refused", "truncated", "failed")
ROW_STATUSES = (
    "kept",
    "no_prediction",
    "unparseable_sce",
    "missing_feature",
    "off_grid",
    "no_prediction_at_sce",
    "request_failed",
    "truncated",
    "refused",
)
OK = "ok"  # of an SCE that is on the grid, and of an answer that can be read


def of_unanswered(request: str) -> str:
    """The status of the reply to a request that was not answered; of others, reading decides."""
    return {"failed": "request_failed", "truncated": "truncated", "refused": "refused"}[request]


def of_sce(reply: str, on_grid: bool) -> str:
    """The status of an SCE, from that of its reply and whether the record read from it is a grid point."""
    if reply == OK:
        return OK if on_grid else "off_grid"
    return "unparseable_sce" if reply == "unparseable" else reply


def of_rows(sce: np.ndarray, at_x: np.ndarray, on_grid: np.ndarray, at_sce: np.ndarray) -> np.ndarray:
    """The status of every row, one of ROW_STATUSES: arrays (n,) of the statuses of the SCEs, and of whether
    there is a prediction at x, a grid point x', and a prediction there. Raises InputError for a status that
    no SCE can have."""
    unknown = set(sce) - set(ROW_STATUSES) - {OK} | set(sce) & {"kept"}
    if unknown:
        allowed = "one of " + ", ".join((OK, *ROW_STATUSES[1:]))
        raise InputError("the SCEs", "status", sorted(map(str, unknown))[0], allowed)
    ok = sce == OK
    reasons = [ok & ~at_x, ok & ~on_grid, ok & ~at_sce, ok]
    return np.select(reasons, ["no_prediction", "off_grid", "no_prediction_at_sce", "kept"], sce)
