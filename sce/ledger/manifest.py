"""The number of the last row of a ledger file, written beside it (``NAME.sqlite.rows``) at every commit.

A ledger that was emptied, lost its WAL or was replaced by an older copy ends before that row. It would
otherwise count as new, and everything would be paid for again. The number never leads: a commit writes the
last row of the one before, and a job that ends its own, each in turn with all who write to the file. It lags
by one commit where a job was killed.
"""

import os
import re
import zlib
from contextlib import suppress
from pathlib import Path

from sce.errors import InputError
from sce.ledger.remedies import accept

_LINE = re.compile(rb"(\d{15}) is the last row here ([0-9a-f]{8})\n")


def manifest_of(path: Path) -> Path:
    """The manifest beside a ledger file."""
    return path.with_name(path.name + ".rows")


def rows_known(path: Path) -> int:
    """The number in the manifest of a ledger file; 0 where there is none. Raises InputError for a damaged
    one."""
    file = manifest_of(path)
    try:
        line = file.read_bytes()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise InputError(
            file, "file", error.strerror, "the number of the last row of the ledger beside it"
        ) from None
    if not line:  # made by a run that was stopped before the first commit
        return 0
    found = _LINE.fullmatch(line)
    if not found or _sum(found[1]) != found[2]:
        raise InputError(
            file, "content", line[:60].decode(errors="replace"),
            f"the number of the last row of the ledger beside it: restore both, or {accept(path)}",
        )  # fmt: skip
    return int(found[1])


class Manifest:
    """The manifest of a ledger file that is open to be written."""

    def __init__(self, path: Path):
        self._file = None
        with suppress(OSError):  # a full disk: the ledger says so where it matters
            self._file = os.open(manifest_of(path), os.O_RDWR | os.O_CREAT, 0o666)

    def write(self, rows: int) -> None:
        """The last row that is safe. One small write in place: it is there whole, or not at all."""
        number = b"%015d" % rows
        with suppress(OSError, TypeError):
            os.pwrite(self._file, b"%s is the last row here %s\n" % (number, _sum(number)), 0)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _sum(number: bytes) -> bytes:
    return b"%08x" % zlib.crc32(number)
