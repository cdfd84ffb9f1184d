"""Engines and kinds of experiments from outside the package: modules in the working directory that the
configuration lists under ``extensions``."""

import importlib
import sys
from pathlib import Path

from sce import engines
from sce.errors import InputError
from sce.experiments.registry import add_kind
from sce.models.entries import add_entry, engine_of


def load_extensions(names: list[str], where: str) -> None:
    """Make what the modules hold known: ``ENTRY`` with ``open_engine`` (an engine), ``KIND`` (a kind of
    experiment). Raises InputError for a module that cannot be imported or holds neither."""
    if names and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    for name in names:
        try:
            module = importlib.import_module(name)
        except Exception as error:  # whatever the user's code raises
            found = f"{name}: {type(error).__name__}: {error}"
            allowed = f"modules in {Path.cwd()} that can be imported"
            raise InputError(where, "extensions", found, allowed) from error
        if not hasattr(module, "ENTRY") and not hasattr(module, "KIND"):
            allowed = "modules that hold ENTRY (an engine) or KIND (a kind of experiment): docs/extending.md"
            raise InputError(where, "extensions", name, allowed)
        if hasattr(module, "ENTRY"):
            add_entry(module.ENTRY)
            engines.add_engine(engine_of(module.ENTRY), name)
        if hasattr(module, "KIND"):
            add_kind(name)
