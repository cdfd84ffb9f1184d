"""Who made a study, under which licence, with which software."""

import re
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import sce
from sce.errors import InputError
from sce.files.places import WORKFLOW
from sce.files.secrets import refuse_keys
from sce.files.yaml_files import read_yaml

CITATION = Path("CITATION.cff")
PACKAGES = ("snakemake", "pandas", "pyarrow", "numpy", "scipy", "scikit-learn", "openai", "anthropic")
NAMES = ("name", "given-names", "name-particle", "family-names")  # of an author
TITLE = "A study of self-generated counterfactual explanations"  # where there is none
SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
DATA_LICENCE = "CC-BY-4.0"  # of the workflow's wordings and datasets (resources/LICENSE.md)


@dataclass(frozen=True)
class Origin:
    """What a CITATION.cff says. ``licence``: an SPDX identifier, of what a study made."""

    title: str
    authors: tuple[dict, ...]
    licence: str
    file: Path

    @property
    def names(self) -> list[str]:
        """The authors' names as they are read."""
        return [name_of(author) for author in self.authors]


def name_of(author: dict) -> str:
    """The name of a person or a group, as a CITATION.cff has it."""
    name, *parts = map(author.get, NAMES)
    return name or " ".join(filter(None, parts))


def kind_of(author: dict) -> str:
    """What schema.org calls such an author."""
    return "Person" if author.get("family-names") else "Organization"


def licence_url(licence: str) -> str:
    """The address of a licence by its SPDX identifier."""
    return f"https://spdx.org/licenses/{licence}"


def origin_of_study() -> Origin:
    """That of the study: CITATION.cff in the working directory, which is the user's; the workflow's where
    there is none. Raises InputError for one that names no authors."""
    path = CITATION if CITATION.is_file() else WORKFLOW / CITATION
    made = _read(path)
    own = path.read_bytes() != (WORKFLOW / CITATION).read_bytes()
    return made if own else replace(made, licence=DATA_LICENCE)


def origin_of_workflow() -> Origin:
    """That of the workflow's code."""
    return _read(WORKFLOW / CITATION)


def _read(path):
    content = read_yaml(path)
    refuse_keys(content, path)
    authors = content.get("authors")
    if not authors or not isinstance(authors, list) or not all(map(_is_named, authors)):
        raise InputError(path, "authors", authors, "a list of authors, each with family-names or name")
    title = content.get("title", TITLE)
    if not isinstance(title, str) or not title.strip():
        raise InputError(path, "title", title, "a text")
    licence = content.get("license", DATA_LICENCE)
    if not isinstance(licence, str) or not SPDX.fullmatch(licence):
        raise InputError(path, "license", licence, f"one SPDX identifier, such as {DATA_LICENCE}")
    return Origin(" ".join(title.split()), tuple(authors), licence, path)


def _is_named(author):
    if not isinstance(author, dict):
        return False
    names = [author[key] for key in NAMES if author.get(key) is not None]
    return all(isinstance(name, str) for name in names) and bool(name_of(author))


def versions() -> dict:
    """The version of the workflow, its commit where it is a clone, that of Python and of the libraries."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "workflow": sce.__version__,
        "commit": _commit(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "packages": installed,
    }


def _commit():
    if not (WORKFLOW / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(WORKFLOW), "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
