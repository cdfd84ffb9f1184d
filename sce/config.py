"""The configuration: one closed contract, checked whole before any model is called.

``load`` turns the mapping Snakemake read into a ``Study``: every name resolved to its file, every file read
and checked. The rules get their slices of it from here, so that a job's parameters hold what can change its
result and nothing else.
"""

import json
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from sce import wordings
from sce.choices import label as choice_label
from sce.consistency import BOUNDARY
from sce.datasets import DATASETS, Dataset, load_dataset
from sce.distances import METRICS
from sce.errors import InputError
from sce.files import Contract, check
from sce.ledger import DEFAULT_FOLDER
from sce.models import Model, resolve
from sce.naming import expand, suggest
from sce.prompts import PROMPTS, Prompt
from sce.published_prompts import find_prompt, is_published, load_published, slips
from sce.reference import load_reference
from sce.semantic import EMBEDDED
from sce.style import FigureStyle

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$")]
KINDS = {"questions": "question", "conditions": "condition", "choices": "choice"}  # field -> kind of prompt
Wordings = Annotated[list[Key], BeforeValidator(expand)]


class Experiment(Contract):
    """Models that are asked about datasets, under conditions, scored with metrics. The first of
    ``questions`` is the main wording, which the conditions continue. ``verify_off_grid``: ask the model, in
    a fresh conversation, about every SCE that is not on the grid. ``choices``: wordings of the task of
    choosing the nearest of a few instances. Names that count up can be given as a range,
    ``question_01..question_50``."""

    models: list[Key] = Field(min_length=1)
    datasets: list[Key] = Field(min_length=1)
    questions: Wordings = Field(["question"], min_length=1)
    conditions: Wordings = []
    choices: Wordings = []
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


class PromptFiles(Contract):
    """Wordings besides ours. ``published``: a copy of the study's ``datasets.json``; its wordings go by names
    that begin with ``published.``."""

    published: str | None = None


class Choosing(Contract):
    """The tasks of choosing the nearest: up to so many starts, each with so many ``candidates``, drawn with
    ``seed``; those with two nearest ones are left out."""

    tasks: int = Field(1000, ge=1)
    candidates: int = Field(4, ge=2, le=26)
    seed: int = 42


class Config(Contract):
    """config/config.yaml; config/README.md explains each key. ``reference``: a folder of published figures to
    stand beside ours in the tables."""

    ledger: str = DEFAULT_FOLDER
    prompts: PromptFiles = PromptFiles()
    reference: str | None = None
    models: dict[Key, Model] = Field(min_length=1)
    experiments: dict[Key, Experiment] = Field(min_length=1)
    scoring: Scoring = Scoring()
    choosing: Choosing = Choosing()
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
        for field in KINDS:
            self._named(field, PROMPTS)
        self.datasets = {name: load_dataset(dataset_file(name)) for name in datasets}
        path = config.prompts.published
        self.published = load_published(path) if path else None
        load_reference(config.reference)
        self._prompts = self._find_prompts()
        self._check_kinds()
        self.shapes = {name: self._shape(name, model) for name, model in config.models.items()}

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Every (model, dataset) of the study, each once, in the order of the configuration."""
        pairs = [(m, d) for e in self._experiments for m in e.models for d in e.datasets]
        return list(dict.fromkeys(pairs))

    @property
    def notes(self) -> list[str]:
        """What a user should know although nothing is wrong with the configuration."""
        if not self.published:
            return []
        return [f"{self.published.path}: {slip}; sent as it stands" for slip in slips(self.published)]

    def questions(self, model: str, dataset: str) -> list[str]:
        """The wordings a model is asked about a dataset, the main one first: that which conditions continue,
        whatever stands before it in an experiment without conditions."""
        return list(dict.fromkeys([*self._mains(model, dataset), *self._of(model, dataset, "questions")]))

    def conditions(self, model: str, dataset: str) -> list[str]:
        return self._of(model, dataset, "conditions")

    def metrics(self, model: str, dataset: str) -> list[str]:
        return self._of(model, dataset, "metrics")

    def verify_off_grid(self, model: str, dataset: str) -> bool:
        """Whether any experiment asks for off-grid SCEs of this pair to be verified."""
        return True in self._of(model, dataset, "verify_off_grid")

    def asked(self, model: str, dataset: str) -> dict:
        """What a model is asked about a dataset, by the names of the wordings; of what only some experiments
        ask, nothing where nothing is asked, so that it can be added without a job going stale."""
        choices = self._of(model, dataset, "choices")
        return {
            "questions": self.questions(model, dataset),
            "conditions": self.conditions(model, dataset),
            "verify_off_grid": self.verify_off_grid(model, dataset),
            **({"choices": choices} if choices else {}),
        }

    def pairs_of(self, experiment: str) -> list[tuple[str, str]]:
        """Every (model, dataset) of one experiment."""
        content = self.config.experiments[experiment]
        return [(model, dataset) for model in content.models for dataset in content.datasets]

    def tables(self, experiment: str) -> dict[str, list[str]]:
        """The tables of outcomes that an experiment ends in, by what it asks: name -> what its lines may be
        about, that is the values of their column ``condition``."""
        content = self.config.experiments[experiment]
        stems = list(dict.fromkeys(map(wordings.stem, wordings.reworded(content.conditions))))
        found = {
            "scores": content.conditions,
            "wordings": stems,
            "consistency": [BOUNDARY, *content.conditions] if len(content.questions) > 1 else [],
            "choices": [choice_label(name, self.config.choosing.candidates) for name in content.choices],
        }
        return {table: subjects for table, subjects in found.items() if subjects}

    def respondents(self, experiment: str) -> dict[str, tuple[str, float | None]]:
        """Model -> the name its provider knows it by, and its temperature."""
        entries = {name: self.config.models[name] for name in self.config.experiments[experiment].models}
        return {name: (e.provider_model, getattr(e, "temperature", None)) for name, e in entries.items()}

    def reference_files(self) -> list[str]:
        folder = self.config.reference
        return sorted(map(str, Path(folder).glob("published_*.json"))) if folder else []

    def all_metrics(self) -> list[str]:
        return list(dict.fromkeys(metric for e in self._experiments for metric in e.metrics))

    def matrix_datasets(self) -> list[str]:
        """The datasets small enough for a distance matrix."""
        return [n for n, d in self.datasets.items() if d.size <= self.config.matrices.max_points]

    def dataset(self, name: str) -> Dataset:
        return self.datasets[name]

    def prompt(self, name: str, dataset: str) -> Prompt:
        """The wording that goes by this name where it is about this dataset."""
        return self._prompts[name, dataset]

    def prompt_files(self, model: str, dataset: str) -> list[str]:
        """The files of all wordings a model is sent about a dataset, each once."""
        asked = self.asked(model, dataset)
        names = [name for field in KINDS for name in asked.get(field, [])]
        files = [self.published.path if is_published(name) else str(prompt_file(name)) for name in names]
        return list(dict.fromkeys(files))

    @property
    def _experiments(self):
        return self.config.experiments.values()

    def _about(self, model, dataset):
        """The experiments that hold the pair."""
        return [e for e in self._experiments if model in e.models and dataset in e.datasets]

    def _mains(self, model, dataset):
        """The question wordings that conditions of the pair continue; more than one is refused."""
        return list(dict.fromkeys(e.questions[0] for e in self._about(model, dataset) if e.conditions))

    def _of(self, model, dataset, field):
        """The values of a field over the experiments that hold the pair, each once."""
        found = []
        for experiment in self._about(model, dataset):
            value = getattr(experiment, field)
            found += value if isinstance(value, list) else [value]
        return list(dict.fromkeys(found))

    def _find_prompts(self):
        """(name, dataset) -> the wording, for all that the experiments name."""
        wanted = [
            (name, d)
            for e in self._experiments
            for d in e.datasets
            for field in KINDS
            for name in getattr(e, field)
        ]
        own = {name: find_prompt(name, "", None) for name, _ in wanted if not is_published(name)}
        return {
            (name, dataset): own[name] if name in own else find_prompt(name, dataset, self.published)
            for name, dataset in dict.fromkeys(wanted)
        }

    def _named(self, field, folder):
        """The names under ``field`` of all experiments. Raises InputError for one that has no file."""
        names = {}
        for experiment, content in self.config.experiments.items():
            for name in getattr(content, field):
                names.setdefault(name, f"experiments.{experiment}.{field}")
        for name, key in names.items():
            if not is_published(name) and not (folder / f"{name}.yaml").is_file():
                there = suggest(name, (path.stem for path in folder.glob("*.yaml")))
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
        for field in ("models", "datasets", *KINDS, "metrics"):
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
            for field, kind in KINDS.items():
                for wording in getattr(experiment, field):
                    found = self.prompt(wording, experiment.datasets[0]).kind
                    if found != kind:
                        raise InputError(
                            self.where, f"experiments.{name}.{field}", f"{wording}, a {found}",
                            f"prompts of kind {kind}",
                        )  # fmt: skip
        for model, dataset in self.pairs:
            self._check_published(model, dataset)
            mains = self._mains(model, dataset)
            if len(mains) > 1:
                raise InputError(
                    self.where, "experiments", f"{model} on {dataset} continues {' and '.join(mains)}",
                    "one main wording for each model and dataset, the first of questions; for another one, "
                    "another entry of the same model",
                )  # fmt: skip

    def _check_published(self, model, dataset):
        entry = self.config.models[model]
        if entry.engine != "published":
            return
        if dataset not in entry.files:
            have = ", ".join(entry.files)
            raise InputError(self.where, f"models.{model}.files", f"none for {dataset}", f"datasets: {have}")
        asked = self.asked(model, dataset)
        if sum(len(asked.get(field, [])) for field in KINDS) > 2 or "choices" in asked:
            conditions = ", ".join([*asked["conditions"], *asked.get("choices", [])])
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
