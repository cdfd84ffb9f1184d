"""The files of an export: the same content is always the same bytes."""

import shutil
import zipfile
from pathlib import Path

BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, for zip files


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
