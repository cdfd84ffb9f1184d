"""Exports are written whole or not at all, and the same content always as the same bytes."""

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sce.errors import InputError
from sce.files.writing import replacing

BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, for zip files
COMMAND = "the command line"


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to write, which becomes ``target`` at the end, or is gone after an exception. Raises
    InputError where something is there already, or it cannot be written."""
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise InputError(COMMAND, "FOLDER", str(target), "a new or an empty folder")
    _require_place(target, "FOLDER")
    with replacing(target) as partial:
        partial.mkdir()
        yield partial
        if target.exists():
            target.rmdir()


@contextmanager
def new_file(target: Path, suffix: str) -> Iterator[Path]:
    """The same for one file."""
    if os.path.lexists(target) or target.suffix != suffix:
        raise InputError(COMMAND, "FILE", str(target), f"a new file, with a name that ends in {suffix}")
    _require_place(target, "FILE")
    with replacing(target) as partial:
        yield partial


def _require_place(target, key):
    """Raises InputError where nothing with this name can be made."""
    probe = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        allowed = f"a place that can be written ({error.strerror})"
        raise InputError(COMMAND, key, str(target), allowed) from None


def put(folder: Path, name: str, content: str | Path) -> None:
    """Write a text, or copy a file, under a name that may hold folders."""
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copyfile(content, target)
    else:
        target.write_text(content, encoding="utf-8")


def zip_folder(folder: Path, target: Path) -> None:
    """All files of a folder as a zip file: in the order of their names, without times or owners."""
    files = sorted(
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
    )
    with zipfile.ZipFile(target, "w") as archive:
        for name, path in files:
            info = zipfile.ZipInfo(name, BEGINNING)
            info.compress_type = zipfile.ZIP_STORED if path.suffix == ".gz" else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with path.open("rb") as source, archive.open(info, "w") as copy:
                shutil.copyfileobj(source, copy)
