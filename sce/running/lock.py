"""One run at a time in a folder."""

import fcntl
from pathlib import Path

from sce.errors import InputError

_HELD = []


def hold_lock(path) -> None:
    """Keep other runs out of this folder for as long as this process lives, however it ends.

    Raises InputError where another run holds the lock.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InputError(path, "lock", "another run is working here", "one run at a time") from None
    _HELD.append(file)  # the lock goes with the file, so the file stays open
