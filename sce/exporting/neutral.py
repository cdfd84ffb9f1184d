"""What of a study may leave this machine: no keys, no absolute paths, no names of hosts."""

import os
import re
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from sce.errors import InputError
from sce.files.places import WORKFLOW
from sce.files.secrets import HIDDEN, hide, keys_in, read_key
from sce.models.entries import Model
from sce.models.published import ResultFiles
from sce.money.prices import PRICES, load_prices
from sce.study.study import Study

NOWHERE = "https://endpoint.invalid/v1"  # .invalid is no one's, and never will be (RFC 2606)
SOME_PROJECT = "your-project"  # at a cloud: whose it was says nothing about the answers
_HOST = re.compile(r"(?<=://)(?:[^/\s@'\"]+@)?[^/\s'\"<>)\]]+")
_PATH = re.compile(r"(?<![\w/:.])/(?:[^/\s:'\"<>()]+/)+[^/\s:'\"<>(),;]*")
_NUMBERS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b")
_KEPT = {"base_url", "api_key_env"}  # how a model is reached: needed to ask it again


@dataclass(frozen=True)
class Cleaner:
    """Takes out of texts what must not leave this machine. ``keys``: those of all models' entries."""

    keys: tuple[str, ...]

    @classmethod
    def of(cls, study: Study) -> "Cleaner":
        variables = [name for entry in study.config.models.values() for name in entry.key_variables]
        return cls(keys_in(*map(read_key, variables)))

    def text(self, text: str) -> str:
        """A reply, or any text of a model, without keys."""
        return hide(text, *self.keys)

    def error(self, text: str) -> str:
        """A message of an error, without keys, addresses and paths: those of this machine stand in many."""
        text = self.text(text).replace(socket.gethostname(), "[host]")
        for pattern, put in ((_HOST, "[host]"), (_PATH, "[path]"), (_NUMBERS, "[host]")):
            text = pattern.sub(put, text)
        return text

    def paths(self, text: str) -> str:
        """A text without absolute paths."""
        return _PATH.sub("[path]", text)

    def table(self, table: pd.DataFrame) -> pd.DataFrame:
        """An artifact whose every text is clean."""
        found = {}
        for name in table.columns:
            if table[name].dtype == object or pd.api.types.is_string_dtype(table[name]):
                clean = self.error if name in ("error", "cause") else self.text if self.keys else None
                if clean is not None:
                    found[name] = table[name].map(partial(_cleaned, clean))
        return table.assign(**found)

    def refuse(self, text: str, where) -> None:
        """Raise InputError for a text with a key, which may not be changed."""
        if self.text(text) != text:
            raise InputError(where, "content", HIDDEN, "no keys: nothing was written")


def configuration(study: Study, files: dict[str, Path]) -> dict:
    """The configuration of a study without what belongs to this machine: limits, budgets, addresses that are
    not those of a public provider, paths. Asked again nothing is, however it ended (``retry: []``). Every
    file that it names is added to ``files``: where it is to lie -> where it is. Raises InputError for a path
    that no field is known to hold."""
    found = study.config.model_dump(mode="json", exclude_unset=True, exclude={"ledger"})
    found["models"] = {name: _entry(name, entry, files) for name, entry in study.config.models.items()}
    if study.config.prompts.published:
        found["prompts"]["published"] = _add(files, "resources/published", study.config.prompts.published)
    if study.config.reference:
        for path in map(Path, study.reference_files()):
            _add(files, "resources/reference", path)
        found["reference"] = "resources/reference"
    for name, content in found["experiments"].items():
        starts = content.get("adaptive", {}).get("starts")
        if isinstance(starts, str) and starts != "all":
            content["adaptive"]["starts"] = _add(files, "resources/starts", starts, f"{name}-")
    _refuse_paths(found, study.where)
    return found


def public_hosts() -> set[str]:
    """The hosts of the providers that the workflow's own table of prices names."""
    providers = load_prices(WORKFLOW / PRICES).providers.values()
    return {host for provider in providers for host in provider.hosts}


def _cleaned(clean, value):
    """A value of a column of objects, which may hold truth values and gaps too."""
    return clean(value) if isinstance(value, str) else value


def _entry(name, entry: Model, files) -> dict:
    required = {name for name, field in type(entry).model_fields.items() if field.is_required()}
    unsaid = set(entry.TRANSPORT) - _KEPT - required
    found = entry.model_dump(mode="json", exclude_unset=True, exclude=unsaid)
    address = getattr(entry, "base_url", None)
    if address and urlsplit(address).hostname not in public_hosts():
        found["base_url"] = NOWHERE
    if "project" in found:
        found["project"] = SOME_PROJECT
    if weights := getattr(entry, "known_weights", None):
        found["weights"] = weights
    if isinstance(entry, ResultFiles):
        folder = f"resources/published_results/{name}"
        found["files"] = {
            dataset: _add(files, folder, path, f"{dataset}-") for dataset, path in entry.files.items()
        }
    return found | {"retry": []}


def _add(files, folder, path, before=""):
    target = f"{folder}/{before}{Path(path).name}"
    files[target] = Path(path)
    return target


def _refuse_paths(content, where, path=()):
    if isinstance(content, dict):
        for name, value in content.items():
            _refuse_paths(value, where, (*path, str(name)))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            _refuse_paths(value, where, (*path, str(number)))
    elif isinstance(content, str) and os.path.isabs(content) and os.path.exists(content):
        allowed = "no absolute path, which means nothing to others: nothing was written"
        raise InputError(where, ".".join(path), content, allowed)
