"""The kinds of experiments that there are. A module among them is imported only when it is needed, so that
the measures of one kind do not depend on the code of another."""

import importlib

from sce.experiments.kind import Kind

# name of the table -> module, with its KIND. In the order in which questions are asked and tables are made.
MODULES = {
    "wordings": "sce.experiments.rewordings",
    "consistency": "sce.experiments.consistency",
    "candidates": "sce.experiments.candidates",
    "self_prediction": "sce.experiments.self_prediction",
    "feedback": "sce.experiments.feedback",
    "several": "sce.experiments.several",
    "choices": "sce.experiments.choices",
    "repeats": "sce.experiments.repeats",
    "search": "sce.experiments.search",
    "cross_validity": "sce.experiments.cross_validity",
    "changed_features": "sce.experiments.changed_features",
    "explained": "sce.experiments.explained",
    "peer_prediction": "sce.experiments.peer_prediction",
    "simulatability": "sce.experiments.simulatability",
}


def add_kind(module: str) -> None:
    """Let a study hold a kind of experiment from outside the package."""
    MODULES[importlib.import_module(module).KIND.name] = module


def kind(name: str) -> Kind:
    """The kind of experiment whose table has this name."""
    return importlib.import_module(MODULES[name]).KIND


def kinds() -> list[Kind]:
    """All kinds of experiments."""
    return [kind(name) for name in MODULES]
