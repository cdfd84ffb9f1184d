"""What a job finds in the ledger: the answers of earlier runs, and which questions are asked again."""

import math
from collections.abc import Iterable

from sce.ledger.entries import Entry
from sce.ledger.ledger import Ledger
from sce.ledger.of_model import LedgerOfModel


class Found:
    """Looks questions up. ``retry``: statuses that are asked again; rejected questions are not, and no
    question is asked twice in one job."""

    def __init__(self, ledger: Ledger | LedgerOfModel, retry: frozenset[str]):
        self._ledger, self._retry = ledger, retry
        self._ended: set[str] = set()

    def entry(self, key: str, since: float = math.inf) -> Entry | None:
        """The entry that answers a question, or None where it is to be asked. How it ended at ``since`` or
        after, in another job, counts as it is."""
        return self._counts(key, self._ledger.get(key), since)

    def entries(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Key -> the entry that answers the question, of those that are not to be asked."""
        found = self._ledger.get_all(keys)
        return {key: entry for key, entry in found.items() if self._counts(key, entry) is not None}

    def _counts(self, key, entry, since=math.inf) -> Entry | None:
        """The entry that is in the ledger, None where it is asked again."""
        if entry is None or key in self._ended or entry.finish_reason == "rejected":
            return entry
        if entry.asked_at >= since:
            self.ended(key)
            return entry
        return None if entry.status in self._retry else entry

    def ended(self, key: str) -> None:
        """A question was asked while this job runs, and how it ended is in the ledger."""
        self._ended.add(key)
