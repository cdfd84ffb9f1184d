"""The configuration: one closed contract, checked whole before any model is called.

``load`` turns the mapping Snakemake read into a ``Study``: every name resolved to its file, every file read
and checked. The rules get their slices of it from here, so that a job's parameters hold what can change its
result and nothing else.
"""

import json
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from sce.datasets import DATASETS, Dataset, load_dataset
from sce.distances import METRICS
from sce.errors import InputError
from sce.files import Contract, check
from sce.ledger import DEFAULT_FOLDER
from sce.models import Model, resolve
from sce.prompts import PROMPTS, load_prompt
from sce.semantic import EMBEDDED
from sce.style import FigureStyle

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$")]


class Experiment(Contract):
    """Models that are asked about datasets, under conditions, scored with metrics. The first of
    ``questions`` is the main wording, which the conditions continue. ``verify_off_grid``: ask the model, in
    a fresh conversation, about every SCE that is not on the grid."""

    models: list[Key] = Field(min_length=1)
    datasets: list[Key] = Field(min_length=1)
    questions: list[Key] = Field(["question"], min_length=1)
    conditions: list[Key] = []
    metrics: list[str] = Field(["gower"], min_length=1)
    verify_off_grid: bool = False


class Scoring(Contract):
    """Bootstrap intervals: seed and number of resamples."""

    seed: int = 42
    resamples: int = Field(2000, ge=100)


class Embeddings(Contract):
    """The sentence-embedding model of the metric ``semantic``: the embedded one, or any other by its name."""

    model: str = EMBEDDED


class Matrices(Contract):
    """Distance matrices for people and notebooks, of datasets with at most ``max_points`` points."""

    max_points: int = Field(2500, ge=1)


class Config(Contract):
    """config/config.yaml; config/README.md explains each key."""

    ledger: str = DEFAULT_FOLDER
    models: dict[Key, Model] = Field(min_length=1)
    experiments: dict[Key, Experiment] = Field(min_length=1)
    scoring: Scoring = Scoring()
    embeddings: Embeddings = Embeddings()
    matrices: Matrices = Matrices()
    figures: FigureStyle = FigureStyle()


class Study:
    """A checked configuration with the datasets and prompts it names."""

    def __init__(self, config: Config, where: str):
        self.config, self.where = config, where
        for name, experiment in config.experiments.items():
            self._check_experiment(f"experiments.{name}", experiment)
        datasets = self._named("datasets", DATASETS)
        prompts = [*self._named("questions", PROMPTS), *self._named("conditions", PROMPTS)]
        self.datasets = {name: load_dataset(dataset_file(name)) for name in datasets}
        self.prompts = {name: load_prompt(prompt_file(name)) for name in prompts}
        self._check_kinds()
        self.shapes = {name: self._shape(name, model) for name, model in config.models.items()}

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Every (model, dataset) of the study, each once, in the order of the configuration."""
        pairs = [(m, d) for e in self._experiments for m in e.models for d in e.datasets]
        return list(dict.fromkeys(pairs))

    def questions(self, model: str, dataset: str) -> list[str]:
        """The wordings a model is asked about a dataset, the main one first."""
        return self._of(model, dataset, "questions")

    def conditions(self, model: str, dataset: str) -> list[str]:
        return self._of(model, dataset, "conditions")

    def metrics(self, model: str, dataset: str) -> list[str]:
        return self._of(model, dataset, "metrics")

    def verify_off_grid(self, model: str, dataset: str) -> bool:
        """Whether any experiment asks for off-grid SCEs of this pair to be verified."""
        return True in self._of(model, dataset, "verify_off_grid")

    def all_metrics(self) -> list[str]:
        return list(dict.fromkeys(metric for e in self._experiments for metric in e.metrics))

    def matrix_datasets(self) -> list[str]:
        """The datasets small enough for a distance matrix."""
        return [n for n, d in self.datasets.items() if d.size <= self.config.matrices.max_points]

    def dataset(self, name: str) -> Dataset:
        return self.datasets[name]

    def prompt_files(self, model: str, dataset: str) -> list[str]:
        names = [*self.questions(model, dataset), *self.conditions(model, dataset)]
        return [str(prompt_file(name)) for name in names]

    @property
    def _experiments(self):
        return self.config.experiments.values()

    def _of(self, model, dataset, field):
        """The values of a field over the experiments that hold the pair, each once."""
        found = []
        for experiment in self._experiments:
            if model in experiment.models and dataset in experiment.datasets:
                value = getattr(experiment, field)
                found += value if isinstance(value, list) else [value]
        return list(dict.fromkeys(found))

    def _named(self, field, folder):
        """The names under ``field`` of all experiments. Raises InputError for one that has no file."""
        names = {}
        for experiment, content in self.config.experiments.items():
            for name in getattr(content, field):
                names.setdefault(name, f"experiments.{experiment}.{field}")
        for name, key in names.items():
            if not (folder / f"{name}.yaml").is_file():
                there = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
                raise InputError(self.where, key, name, f"a file under {folder}: {there}")
        return list(names)

    def _check_experiment(self, key, experiment):
        for model in experiment.models:
            if model not in self.config.models:
                known = ", ".join(self.config.models)
                raise InputError(
                    self.where, f"{key}.models", model, f"a model of this configuration: {known}"
                )
        for metric in experiment.metrics:
            if metric not in METRICS:
                raise InputError(self.where, f"{key}.metrics", metric, ", ".join(METRICS))
        for field in ("models", "datasets", "questions", "conditions", "metrics"):
            names = getattr(experiment, field)
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise InputError(self.where, f"{key}.{field}", f"{twice[0]} twice", "each name once")

    def _shape(self, name, model):
        """What shapes a model's answers; weights that are missing are told here, before anything runs."""
        try:
            return model.shape()
        except InputError as error:
            raise InputError(self.where, f"models.{name}.{error.key}", error.found, error.allowed) from None

    def _check_kinds(self):
        for name, experiment in self.config.experiments.items():
            for field, kind in (("questions", "question"), ("conditions", "condition")):
                for prompt in getattr(experiment, field):
                    if self.prompts[prompt].kind != kind:
                        found = f"{prompt}, a {self.prompts[prompt].kind}"
                        raise InputError(
                            self.where, f"experiments.{name}.{field}", found, f"prompts of kind {kind}"
                        )
        for model, dataset in self.pairs:
            self._check_published(model, dataset)
            mains = {
                e.questions[0]
                for e in self._experiments
                if e.conditions and model in e.models and dataset in e.datasets
            }
            if mains - {self.questions(model, dataset)[0]}:
                raise InputError(
                    self.where, "experiments", f"{model} on {dataset} continues {', '.join(sorted(mains))}",
                    "one main wording for each model and dataset: the first of questions",
                )  # fmt: skip

    def _check_published(self, model, dataset):
        entry = self.config.models[model]
        if entry.engine != "published":
            return
        if dataset not in entry.files:
            have = ", ".join(entry.files)
            raise InputError(self.where, f"models.{model}.files", f"none for {dataset}", f"datasets: {have}")
        if len(self.conditions(model, dataset)) + len(self.questions(model, dataset)) > 2:
            conditions = ", ".join(self.conditions(model, dataset))
            allowed = "one question and one condition, those of the result file"
            raise InputError(self.where, "experiments", f"{model} under {conditions}", allowed)


def load(config: dict, where: str) -> Study:
    """The study in the mapping read from the file ``where``. Raises InputError for the first wrong key."""
    models = config.get("models")
    if isinstance(models, dict):
        resolved = {name: resolve(entry, f"{where}: models.{name}") for name, entry in models.items()}
        config = config | {"models": resolved}
    return Study(check(Config, config, where), where)


def dataset_file(name: str) -> Path:
    return DATASETS / f"{name}.yaml"


def prompt_file(name: str) -> Path:
    return PROMPTS / f"{name}.yaml"


def exact(value) -> str:
    """A job parameter as one string that changes when, and only when, its content does (design 8)."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
