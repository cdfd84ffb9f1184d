"""Claims on questions, so that two jobs at once on one ledger do not both pay for the same one.

A claim is a lock on one byte of a file beside the ledger (``NAME.sqlite.claims``, always empty), at a
place that the claim's name decides. The system gives it back when its process ends, however that ends, so a
job that was killed blocks nobody. On a file system without locks every claim succeeds, and protects nothing.
"""

import fcntl
import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path

PLACES = 2**62


class Claims:
    """The claims of one process on the questions of one ledger file."""

    def __init__(self, path: Path):
        self._path = path.with_name(path.name + ".claims")
        self._file: int | None = None
        self._works = True

    def take(self, name: str) -> bool:
        """Claim a question; False where another process has claimed it."""
        if not self._works:
            return True
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(name))
        except (BlockingIOError, PermissionError):  # the two errors of a lock that another has
            return self._file is None
        except OSError as error:
            logging.warning("%s: no claims here (%s)", self._path, error)
            self._works = False
        return True

    def give_back(self, name: str) -> None:
        """Others may have it."""
        if self._file is not None:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(name))

    def close(self) -> None:
        """Give back whatever is still claimed."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _place(name):
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % PLACES
