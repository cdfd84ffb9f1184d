"""Looking up many requests at once: in which portions, and which of the rows found is the answer to each."""

from collections.abc import Iterable, Iterator
from itertools import islice

from sce.ledger.entries import RANK, Entry

PORTION = 500  # requests in one look-up


class Misfiled(Exception):
    """The row ``number`` was found under another digest than its own."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def portions(digests: Iterable[str]) -> Iterator[list[bytes]]:
    """The digests as they stand in a file, in lists of at most PORTION."""
    rest = map(bytes.fromhex, digests)
    while some := list(islice(rest, PORTION)):
        yield some


def best(rows: Iterable[tuple[int, Entry]], digests: set[str]) -> dict[str, Entry]:
    """Digest -> the entry that counts, of the rows (number, entry) found under ``digests``. Raises
    Misfiled where one was found under another digest than its own."""
    found: dict[str, tuple[int, Entry]] = {}
    met = set()
    for row in rows:
        number, entry = row
        if number in met or entry.digest not in digests:
            raise Misfiled(number)
        met.add(number)
        other = found.get(entry.digest)
        if other is None or _place(row) > _place(other):
            found[entry.digest] = row
    return {digest: entry for digest, (_, entry) in found.items()}


def _place(row):
    """How far in front a row counts among those of one request."""
    number, entry = row
    return RANK[entry.status], -number if entry.status == "answered" else number
