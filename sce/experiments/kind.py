"""What a kind of experiment is: one module that holds all of it, behind this interface. docs/extending.md
shows how to write one."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from sce.asking.protocol import Step
from sce.files.contracts import Contract
from sce.grids.datasets import Dataset
from sce.wordings.prompts import Prompt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sce.experiments.about_another import Inquiry
    from sce.experiments.given import Given
    from sce.showing.style import FigureStyle

Find = Callable[[str], Prompt]


@dataclass(frozen=True)
class Pair:
    """One model on one dataset. ``experiments``: those that hold the pair; ``config``: the whole
    configuration; ``find``: from the name of a prompt to the prompt as it is for this dataset."""

    experiments: tuple[Any, ...]
    config: Any
    find: Find

    def of(self, field: str) -> list:
        """The values of a field over the experiments, each once."""
        found = []
        for experiment in self.experiments:
            value = getattr(experiment, field)
            found += value if isinstance(value, list) else [value]
        return list(dict.fromkeys(found))

    def by_condition(self, field: str) -> dict[str, list[str]]:
        """Condition -> the wordings of a field that are asked about its SCEs."""
        found = {}
        for experiment in self.experiments:
            for condition in experiment.conditions if getattr(experiment, field) else []:
                found.setdefault(condition, []).extend(getattr(experiment, field))
        return {condition: list(dict.fromkeys(names)) for condition, names in found.items()}


class Kind:
    """A kind of experiment. Attributes and methods that are not overridden add nothing.

    ``name``: of its table. ``fields``: what it adds to an experiment of the configuration, name -> (type,
    default); ``wordings``: those of them that name prompts, field -> kind of prompt; ``sections``: what it
    adds to the configuration as a whole, key -> contract. ``about_sces``: whether it makes no sense without
    conditions. ``needs``: the artifacts that ``measure`` reads, among responses, boundary, sce, distances,
    scores, and its own ``tasks`` and ``points``; where questions were asked several times, the first sample.
    ``needs_peers``: whether it also reads the boundaries of the other models that an experiment with its
    table asks about the dataset. ``needs_explainers``: whether it asks other models about this one
    (``sce.experiments.about_another``), and reads their replies.
    """

    name: ClassVar[str]
    fields: ClassVar[dict[str, tuple[Any, Any]]] = {}
    wordings: ClassVar[dict[str, str]] = {}
    sections: ClassVar[dict[str, type[Contract]]] = {}
    about_sces: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("responses", "boundary", "sce")
    needs_peers: ClassVar[bool] = False
    needs_explainers: ClassVar[bool] = False

    def check(self, experiment, config, dataset: Dataset) -> None:
        """Raise InputError, before anything is asked, where an experiment needs more than a dataset has."""

    # --- what it asks

    def asks(self, pair: Pair) -> dict:
        """What a pair is asked, as JSON: it becomes a parameter of the job. Empty where nothing is asked."""
        return {}

    def sends(self, asks: dict) -> list[str]:
        """The names of the wordings in what ``asks`` returned."""
        return list(asks.get("wordings", []))

    def step(self, asks: dict, find: Find, tasks: pd.DataFrame | None) -> Step:
        """The step of the protocol. ``tasks``: what ``draw_tasks`` made, where the kind draws any."""
        raise NotImplementedError

    def asks_about(self, pair: Pair) -> dict[str, list[str]]:
        """What another model is asked about a pair, as JSON: condition -> wordings; empty where nothing is
        asked. The experiments of ``pair`` are those that name this other model."""
        return {}

    def options_about(self, config) -> dict:
        """What ``inquiry`` needs from the configuration besides, as JSON: its further arguments."""
        return {}

    def inquiry(self, wordings_of: dict[str, list[Prompt]], **options) -> "Inquiry":
        """What is asked, from what ``asks_about`` returned, with the prompts in the place of their names."""
        raise NotImplementedError

    tasks_columns: ClassVar[dict[str, Any]] = {}  # of the artifact that ``draw_tasks`` makes
    tasks_section: ClassVar[str] = ""  # of the configuration, which holds its options

    def draw_tasks(self, dataset: Dataset, options: dict) -> pd.DataFrame:
        """Tasks on a dataset that are the same for all models."""
        raise NotImplementedError

    # --- what it measures

    def subjects(self, experiment, config, find: Find) -> list[str]:
        """What the lines of an experiment's table may be about (their column ``condition``); empty where the
        experiment does not end in this table."""
        return []

    def settings(self, pair: Pair) -> dict:
        """What ``measure`` needs from the configuration, as JSON."""
        return self.asks(pair)

    def measure(self, given: "Given") -> pd.DataFrame:
        """The outcomes of a pair: a ``scores`` artifact."""
        raise NotImplementedError

    points_columns: ClassVar[dict[str, Any]] = {}  # of the artifact that ``points`` makes

    def points(self, dataset: Dataset, boundary: pd.DataFrame) -> pd.DataFrame:
        """An artifact with a row per grid point, from the predictions of all wordings."""
        raise NotImplementedError

    # --- what it shows

    figure_name: ClassVar[str] = ""  # of the experiment's figure; NAME_panels unless given
    drawn_from: ClassVar[str] = ""  # the table that it shows; its own unless given
    # Modules that draw, imported by name: what asks and measures then depends on no drawing. ``draws_with``
    # has the functions ``figure(table, options, style)`` and ``caption(table, options)``.
    draws_with: ClassVar[str] = "sce.showing.outcome_panels"
    maps_with: ClassVar[str] = ""

    def figure(self, table: pd.DataFrame, options: dict, style: "FigureStyle") -> "Figure":
        """The figure of an experiment. ``options``: see ``figure_options``; of a kind with ``points`` also
        these, of all pairs, with the columns model and dataset."""
        return importlib.import_module(self.draws_with).figure(table, options, style)

    def caption(self, table: pd.DataFrame, options: dict) -> str:
        """What the figure of an experiment finds: sentences made from its numbers."""
        return importlib.import_module(self.draws_with).caption(table, options)

    def figure_options(self, experiment, find: Find) -> dict:
        """What ``figure`` needs from the configuration, as JSON."""
        return {}

    def map(self, dataset: Dataset, points: pd.DataFrame, model: str, style: "FigureStyle") -> "Figure":
        """The figure of a pair, from the artifact ``points``."""
        raise NotImplementedError

    def map_caption(self, dataset: Dataset, points: pd.DataFrame, model: str) -> str:
        """What that figure finds: sentences made from its numbers."""
        raise NotImplementedError
