"""How a request can end, and what can become of a row: the words that stand in ledgers, artifacts and tables.

``REQUEST_STATUSES``: how a request to a model ended, as the ledger says it. ``ROW_STATUSES``: what became of
a row of the results; scores average over the kept ones and count all the others. ``NOT_ANSWERED``: how a
request that was not answered shows among the rows.
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
