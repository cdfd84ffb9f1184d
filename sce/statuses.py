"""The statuses of requests and of rows: the words that stand in ledgers, artifacts and tables
(docs/protocol.md, Statuses).

``REQUEST_STATUSES``: how a request to a model ended, as the ledger records it. ``ROW_STATUSES``: the status
of a row of the results; scores average over the kept rows and count all others. ``NOT_ANSWERED``: the status
of a row whose request was not answered.
"""

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
NOT_ANSWERED = {"failed": "request_failed", "truncated": "truncated", "refused": "refused"}
