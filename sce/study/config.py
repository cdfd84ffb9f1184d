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

from sce.errors import InputError
from sce.experiments import rewordings as wordings
from sce.experiments.choices import label as choice_label
from sce.experiments.consistency import BOUNDARY
from sce.experiments.search import SEARCHES
from sce.files.contracts import Contract, check
from sce.files.secrets import refuse_keys
from sce.grids.datasets import DATASETS, Dataset, load_dataset
from sce.ledger.ledger import DEFAULT_FOLDER
from sce.measuring.metrics import METRICS
from sce.measuring.semantic import EMBEDDED
from sce.models.entries import Model, resolve
from sce.showing.reference import CHOICES, SENSITIVITY, TEMPERATURE_1, load_reference
from sce.showing.style import FigureStyle
from sce.study.naming import expand, suggest
from sce.wordings.prompts import PROMPTS, Prompt
from sce.wordings.published import find_prompt, is_published, load_published, slips

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$")]
# field of an experiment -> kind of its prompts
KINDS = {
    "questions": "question",
    "conditions": "condition",
    "choices": "choice",
    "several": "several",
    "self_predictions": "self_prediction",
    "feedback": "feedback",
}
ABOUT_SCES = ("self_predictions", "feedback")
Wordings = Annotated[list[Key], BeforeValidator(expand)]


class Experiment(Contract):
    """Models that are asked about datasets, under conditions, scored with metrics. The first of
    ``questions`` is the main wording, which the conditions continue. ``verify_off_grid``: ask the model, in
    a fresh conversation, about every SCE that is not on the grid. ``choices``: wordings of the task of
    choosing the nearest of a few instances. ``self_predictions``: wordings that ask, before and after each of
    these conditions, what a fresh copy would answer at the SCE. ``several``: wordings that ask for a few SCEs
    at once. ``feedback``: wordings that tell the model that its SCE failed, and ask for another. ``queries``:
    numbers of queries that searches without a language model are given. Names that count up can be given as
    a range, ``question_01..question_50``."""

    models: list[Key] = Field(min_length=1)
    datasets: list[Key] = Field(min_length=1)
    questions: Wordings = Field(["question"], min_length=1)
    conditions: Wordings = []
    choices: Wordings = []
    self_predictions: Wordings = []
    several: Wordings = []
    feedback: Wordings = []
    queries: list[Annotated[int, Field(ge=1)]] = []
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


class SelfModelling(Contract):
    """How many SCEs ``several`` asks for (``k``), and how often ``feedback`` is given (``tries``)."""

    k: int = Field(5, ge=2)
    tries: int = Field(3, ge=1)


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
    self_modelling: SelfModelling = SelfModelling()
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

    # Sorted, as their order in the configuration means nothing and must make no job stale.
    def conditions(self, model: str, dataset: str) -> list[str]:
        return sorted(self._of(model, dataset, "conditions"))

    def metrics(self, model: str, dataset: str) -> list[str]:
        return sorted(self._of(model, dataset, "metrics"))

    def verify_off_grid(self, model: str, dataset: str) -> bool:
        """Whether any experiment asks for off-grid SCEs of this pair to be verified."""
        return True in self._of(model, dataset, "verify_off_grid")

    def asked(self, model: str, dataset: str) -> dict:
        """What a model is asked about a dataset, by the names of the wordings; of what only some experiments
        ask, nothing where nothing is asked, so that it can be added without a job going stale."""
        numbers = self.config.self_modelling
        some = {
            "choices": self._of(model, dataset, "choices"),
            "several": self._of(model, dataset, "several"),
            **{field: self._by_condition(model, dataset, field) for field in ABOUT_SCES},
        }
        some |= {"k": some["several"] and numbers.k, "tries": some["feedback"] and numbers.tries}
        return {
            "questions": self.questions(model, dataset),
            "conditions": self.conditions(model, dataset),
            "verify_off_grid": self.verify_off_grid(model, dataset),
            **{field: value for field, value in some.items() if value},
        }

    def queries(self, model: str, dataset: str) -> list[int]:
        """The budgets of the searches that a model's SCEs are compared with."""
        return sorted(self._of(model, dataset, "queries"))

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
            "scores": sorted(content.conditions),
            "wordings": stems,
            "consistency": [BOUNDARY, *content.conditions] if len(content.questions) > 1 else [],
            "choices": [choice_label(name, self.config.choosing.candidates) for name in content.choices],
            "candidates": self._with_candidates(content.conditions, content.datasets[0]),
            "self_prediction": content.conditions if content.self_predictions else [],
            "several": content.several,
            "feedback": content.conditions if content.feedback else [],
            "search": [*SEARCHES, *content.conditions] if content.queries else [],
        }
        return {table: subjects for table, subjects in found.items() if subjects}

    def candidate_conditions(self, model: str, dataset: str) -> list[str]:
        """The conditions of a pair that have the model write candidates down before its SCE."""
        return self._with_candidates(self.conditions(model, dataset), dataset)

    def _with_candidates(self, conditions, dataset):
        return [name for name in conditions if self.prompt(name, dataset).asks == "candidates"]

    def respondents(self, experiment: str) -> dict[str, tuple[str, float | None]]:
        """Model -> the name its provider knows it by, and its temperature."""
        entries = {name: self.config.models[name] for name in self.config.experiments[experiment].models}
        return {name: (e.provider_model, getattr(e, "temperature", None)) for name, e in entries.items()}

    def reference_files(self) -> list[str]:
        """The files of published figures that there are."""
        folder = self.config.reference
        paths = [Path(folder) / name for name in (TEMPERATURE_1, SENSITIVITY, CHOICES)] if folder else []
        return [str(path) for path in paths if path.is_file()]

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
        names = [name for field in KINDS for name in _flat(asked.get(field, []))]
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

    def _by_condition(self, model, dataset, field):
        """Condition -> the wordings of a field that are asked about its SCEs."""
        found = {}
        for experiment in self._about(model, dataset):
            for condition in experiment.conditions if getattr(experiment, field) else []:
                found.setdefault(condition, []).extend(getattr(experiment, field))
        return {condition: list(dict.fromkeys(names)) for condition, names in found.items()}

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
        for field in ABOUT_SCES:
            if getattr(experiment, field) and not experiment.conditions:
                raise InputError(
                    self.where, f"{key}.{field}", "no condition", "conditions whose SCEs it is about"
                )
        for field in ("models", "datasets", *KINDS, "metrics", "queries"):
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
        names = [name for field in KINDS for name in _flat(asked.get(field, []))]
        if len(names) > 2 or len(asked) > 3:
            conditions = ", ".join(names)
            allowed = "one question and one condition, those of the result file"
            raise InputError(self.where, "experiments", f"{model} under {conditions}", allowed)


def _flat(names):
    """The names in a list, or in the lists of a mapping."""
    return names if isinstance(names, list) else [name for some in names.values() for name in some]


def load(config: dict, where: str) -> Study:
    """The study in the mapping read from the file ``where``. Raises InputError for the first wrong key."""
    refuse_keys(config, where)
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
