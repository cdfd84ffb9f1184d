"""The statuses of requests and of rows, and how each is decided (docs/protocol.md, Statuses).

A request to a model ends with one of ``REQUEST_STATUSES``, which the ledger keeps. Reading the reply gives
the SCE of a row a status (``of_sce``). Looking up the model's predictions at x and x' gives the row its final
status (``of_rows``). Scores average over the kept rows and count all others.
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
OK = "ok"  # of an SCE on the grid, and of an answer that can be read


def of_unanswered(request: str) -> str:
    """The status of a row whose request was not answered. (For an answered one, reading the reply
    decides.)"""
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
