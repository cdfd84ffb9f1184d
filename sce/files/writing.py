"""Files that are written whole or not at all, and what is said where they cannot be written."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sce.errors import InputError


@contextmanager
def replacing(path) -> Iterator[Path]:
    """A file, or a folder, to write, which takes the place of ``path`` at the end, or is gone after an
    exception. Raises InputError where the disk is full or nothing may be written there."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise unwritable(path, error) or error from None
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)


def require_writable(folder) -> None:
    """Raises InputError where a folder is there and cannot be written."""
    if os.path.exists(folder) and not os.access(folder, os.W_OK):
        raise unwritable(folder, OSError(errno.EROFS, os.strerror(errno.EROFS)))


def unwritable(path, error: OSError) -> InputError | None:
    """The InputError that says why a file could not be written; None for errors of another kind."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        allowed = "room for the results: make space, then run again; every answer is kept in the ledger"
        return InputError(path, "disk", error.strerror, allowed)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(path, "file", error.strerror, "a folder that this user may write, then run again")
    return None
