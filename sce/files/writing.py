"""Files that are written whole or not at all, and what is said where they cannot be written."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sce.errors import InputError

COMMAND = "the command line"


@contextmanager
def replacing(path) -> Iterator[Path]:
    """A file, or a folder, to write, which takes the place of ``path`` at the end, or is gone after an
    exception. Raises InputError where the disk is full or nothing may be written there."""
    path = Path(path)
    partial = _partial(path)
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


def _partial(path):
    """Where what will be ``path`` is written: beside it, so that it can be renamed."""
    return path.with_name(f".{path.name}.{os.getpid()}")


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes the ``target`` that a command was given at the end, or is gone after an
    exception. Raises InputError where something is there already, or it cannot be written. An empty folder
    that is there stays the same one: a shell may stand in it."""
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise InputError(COMMAND, "FOLDER", str(target), "a new or an empty folder")
    whole = target / ".new" if os.path.isdir(target) else target
    _require_place(whole, "FOLDER", target)
    with replacing(whole) as partial:
        partial.mkdir()
        yield partial
    if whole != target:
        for part in whole.iterdir():
            part.rename(target / part.name)
        whole.rmdir()


@contextmanager
def new_file(target: Path, suffix: str) -> Iterator[Path]:
    """The same for one file."""
    if os.path.lexists(target) or target.suffix != suffix:
        raise InputError(COMMAND, "FILE", str(target), f"a new file, with a name that ends in {suffix}")
    _require_place(target, "FILE", target)
    with replacing(target) as partial:
        yield partial


def _require_place(path, key, target):
    """Raises InputError, about the ``target`` of a command, where nothing can be made at a path."""
    probe = _partial(path)
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        allowed = f"a place that can be written ({error.strerror})"
        raise InputError(COMMAND, key, str(target), allowed) from None


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
