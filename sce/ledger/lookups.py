"""Looking up many requests at once: in which portions, and which of the rows found is the answer to each."""

from collections.abc import Iterable, Iterator
from itertools import islice

from sce.ledger.entries import RANK, Entry
from sce.ledger.rows import Damaged, entry_of

PORTION = 500  # requests in one look-up


class DamagedRow(Damaged):
    """The row ``number`` is not what was stored, or was found under another digest than its own."""

    def __init__(self, number: int, reason):
        super().__init__(reason)
        self.number = number


def portions(digests: Iterable[str]) -> Iterator[list[bytes]]:
    """The digests as they stand in a file, in lists of at most PORTION."""
    rest = map(bytes.fromhex, digests)
    while some := list(islice(rest, PORTION)):
        yield some


def best(rows: Iterable[tuple], digests: set[str]) -> dict[str, Entry]:
    """Digest -> the entry that counts, of the rows found under ``digests``, each a number and what
    ``entry_of`` reads. Raises DamagedRow."""
    found: dict[str, tuple[int, Entry]] = {}
    met = set()
    for number, *row in rows:
        try:
            entry = entry_of(row)
        except Damaged as error:
            raise DamagedRow(number, error) from None
        if number in met or entry.digest not in digests:
            raise DamagedRow(number, "its index entry names another request")
        met.add(number)
        other = found.get(entry.digest)
        if other is None or _place(number, entry) > _place(*other):
            found[entry.digest] = number, entry
    return {digest: entry for digest, (_, entry) in found.items()}


def _place(number, entry):
    """How far in front a row counts among those of one request."""
    return RANK[entry.status], -number if entry.status == "answered" else number
