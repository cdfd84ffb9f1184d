"""Who made a study, under which licence, with which software."""

import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import sce
from sce.errors import InputError
from sce.files.places import WORKFLOW
from sce.files.yaml_files import read_yaml

CITATION = Path("CITATION.cff")
PACKAGES = ("snakemake", "pandas", "pyarrow", "numpy", "scipy", "scikit-learn", "openai", "anthropic")
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
    parts = [author.get("given-names"), author.get("name-particle"), author.get("family-names")]
    return author.get("name") or " ".join(filter(None, parts))


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
    authors = content.get("authors")
    named = isinstance(authors, list) and all(isinstance(a, dict) and name_of(a) for a in authors)
    if not authors or not named:
        raise InputError(path, "authors", authors, "a list of authors, each with family-names or name")
    title = str(content.get("title", "A study of self-generated counterfactual explanations"))
    return Origin(title, tuple(authors), str(content.get("license", DATA_LICENCE)), path)


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
