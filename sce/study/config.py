"""The configuration as one closed contract. Kinds of experiments add their own fields to it."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from sce.experiments.kind import Kind
from sce.files.contracts import Contract
from sce.files.values import FilePath, Key, Line, Seed, at_most
from sce.ledger.ledger import DEFAULT_FOLDER
from sce.measuring.estimands import ESTIMANDS, POINTS
from sce.measuring.semantic import EMBEDDED
from sce.models.catalogue import entry_type
from sce.models.entries import ENTRIES
from sce.showing.style import FigureStyle
from sce.wordings.names import Wordings


class Adaptive(Contract):
    """Asking a grid in part (docs/adaptive.md). ``starts``: a number of points drawn with ``seed``, "all", or
    a CSV file of records of your own. ``per_start``, ``in_all``: questions under each metric, null for no
    limit. ``at_once``: questions of a round. ``monotone``: take features to have a direction, tested at
    ``probes`` points around every start."""

    starts: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["all"] | FilePath = 100
    seed: Seed = 42
    per_start: Annotated[int, Field(ge=0)] | None = 128
    in_all: Annotated[int, Field(ge=0)] | None = None
    at_once: int = Field(64, ge=1, le=100_000)
    monotone: bool = False
    probes: int = Field(1, ge=0, le=1000)


class BaseExperiment(Contract):
    """Models that are asked about datasets, under conditions, scored with metrics. The first of ``questions``
    is the main wording, which the conditions continue. ``verify_off_grid``: ask the model, in a fresh
    conversation, about every SCE that is not on the grid. Names that count up can be given as a range,
    ``question_01..question_50``. ``samples``: how often the main question is asked at every point, and every
    condition (docs/experiments.md). ``boundary``: whether the grid is asked in full or, as ``adaptive`` says,
    in part; a grid of more than 100,000 points is asked in part unless told otherwise. ``explainers``: models
    that are asked about each of ``models``, in what kinds of experiments ask so."""

    models: list[Key] = Field(min_length=1)
    datasets: list[Key] = Field(min_length=1)
    questions: Wordings = Field(["question"], min_length=1)
    conditions: Wordings = []
    metrics: list[Key] = Field(["gower"], min_length=1)
    verify_off_grid: bool = False
    samples: int = Field(1, ge=1, le=100)
    explainers: list[Key] = []
    boundary: Literal["full", "adaptive"] | None = None
    adaptive: Adaptive = Adaptive()


class Scoring(Contract):
    """What the intervals are over (docs/statistics.md), and the seed of the random searches that SCEs are
    compared with."""

    seed: Seed = 42
    estimand: Literal[ESTIMANDS] = POINTS


class Embeddings(Contract):
    """The sentence-embedding model of the metric ``semantic``: the embedded one, or any other by its name."""

    model: Line = EMBEDDED


class Matrices(Contract):
    """Distance matrices for people and notebooks, of datasets with at most ``max_points`` points."""

    max_points: Annotated[int, Field(ge=1), at_most(50_000, lambda number: 4 * number**2)] = 2500


class PromptFiles(Contract):
    """Wordings besides ours. ``published``: a copy of the study's ``datasets.json``; its wordings go by names
    that begin with ``published.``."""

    published: FilePath | None = None


class BaseConfig(Contract):
    """config/config.yaml; config/README.md explains each key. ``extensions``: modules in the working
    directory that add engines or kinds of experiments (docs/extending.md). ``reference``: a folder of
    published values to stand beside ours in the tables."""

    extensions: list[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]] = []
    ledger: FilePath = DEFAULT_FOLDER
    prompts: PromptFiles = PromptFiles()
    reference: FilePath | None = None
    scoring: Scoring = Scoring()
    embeddings: Embeddings = Embeddings()
    matrices: Matrices = Matrices()
    figures: FigureStyle = FigureStyle()


def contract(*kinds: Kind) -> type[BaseConfig]:
    """The contract of a configuration with these kinds of experiments, and with the engines added so far."""
    return _contract(kinds, tuple(ENTRIES.values()))


@cache  # by the entries, too: extensions add some
def _contract(kinds, entries) -> type[BaseConfig]:
    fields: dict[str, Any] = {name: field for kind in kinds for name, field in kind.fields.items()}
    experiment = create_model("Experiment", __base__=BaseExperiment, **fields)
    sections: dict[str, Any] = {key: section for kind in kinds for key, section in kind.sections.items()}
    return create_model(
        "Config",
        __base__=BaseConfig,
        models=(dict[Key, entry_type()], Field(min_length=1)),
        experiments=(dict[Key, experiment], Field(min_length=1)),
        **{key: (section, section()) for key, section in sections.items()},
    )
