"""One run at a time in a folder."""

import fcntl
import os
from pathlib import Path

from sce.errors import InputError

_HELD = []


def hold_lock(path) -> None:
    """Keep other runs out of this folder for as long as this process lives, however it ends.

    Raises InputError where another run holds the lock.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise InputError(
            path, "lock", f"another run in this folder (process {owner})",
            "one run at a time: wait for it, or stop it; --dry-run, --summary and --report work beside it, "
            "and so do `python -m sce` status and plan",
        ) from None  # fmt: skip
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    _HELD.append(file)  # the lock goes with the file, so the file stays open
