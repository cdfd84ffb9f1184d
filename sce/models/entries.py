"""Model entries: who is asked, with which settings. A model is a respondent: weights or an API model with a
system prompt and sampling settings; the same weights at another temperature are another entry.

An entry's fields fall in two: those that shape an answer (they are in its digest and in the job's
parameters), and ``TRANSPORT``, which can change without anything running again. Each engine has its own kind
of entry, made known with ``add_entry`` by the value of its field ``engine``.
"""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, ValidationError, WrapValidator

from sce.files.contracts import Contract
from sce.files.values import Seconds

Retried = Literal["failed", "truncated", "refused"]
AUTO = "auto"
MOST_IN_FLIGHT = 10_000
MOST_SHARDS = 100
InFlight = Annotated[int, Field(ge=1, le=MOST_IN_FLIGHT)]
PerMinute = Annotated[float, Field(ge=0.01, le=1e9)]


def _or_auto(value, check):
    try:
        return check(value)
    except ValidationError:  # it would name either kind by itself
        raise ValueError(f"a whole number from 1 to {MOST_IN_FLIGHT}, or {AUTO}") from None


InFlightOrAuto = Annotated[InFlight | Literal["auto"], WrapValidator(_or_auto)]


class Model(Contract):
    """A model's entry: what those of every engine have.

    ``max_failed_share``: the share of questions that may fail before the job does. ``attempts``: tries of one
    question in one run; ``patience_s``: the seconds after which it is not tried again. ``retry``: statuses in
    the ledger that are asked again. ``requests_per_minute``, ``tokens_per_minute`` (in and out together):
    limits of one job; null for none. ``shards``: so many jobs ask about one dataset, and share the limits
    (docs/cluster.md).

    What a job takes, where the defaults of ``sce.models.job_needs`` do not fit: ``memory_gb``,
    ``runtime_min`` and the ``partition`` of a cluster.
    """

    TRANSPORT: ClassVar[frozenset[str]] = frozenset(
        {"max_in_flight", "attempts", "patience_s", "retry", "max_failed_share"}
        | {"requests_per_minute", "tokens_per_minute"}
        | {"memory_gb", "runtime_min", "partition", "shards"}
    )

    system: str | None = None
    decoding: Literal["free", "json_schema"] = "free"
    max_in_flight: InFlight = 1
    attempts: int = Field(6, ge=1, le=1000)
    patience_s: Seconds = 600
    requests_per_minute: PerMinute | None = None
    tokens_per_minute: PerMinute | None = None
    retry: list[Retried] = ["failed"]
    max_failed_share: float = Field(0.05, ge=0, le=1)
    shards: int = Field(1, ge=1, le=MOST_SHARDS)
    memory_gb: float | None = Field(None, gt=0, le=100_000)
    runtime_min: int | None = Field(None, ge=1, le=366 * 24 * 60)
    partition: str | None = Field(None, pattern=r"^[A-Za-z0-9_.,-]{1,100}$")

    def shape(self) -> dict[str, Any]:
        """The fields that shape answers."""
        return self.model_dump(mode="json", exclude=set(self.TRANSPORT))

    @property
    def is_asked(self) -> bool:
        """Whether it is asked; the replies of one that is not are there already."""
        return True

    @property
    def reasons(self) -> bool:
        """Whether it is expected to reason before it replies."""
        return False

    @property
    def can_differ(self) -> bool:
        """Whether its answer to a question may be another one when it is asked again."""
        return True

    @property
    def key_variables(self) -> list[str]:
        """The variables that hold keys for asking it, in the environment or in ``.env``."""
        return []

    @property
    def gpus_taken(self) -> int:
        """GPUs of one job."""
        return 0

    @property
    def usual_memory_gb(self) -> float:
        """Host memory of one job, where the entry gives none."""
        return 2

    @property
    def usual_runtime_min(self) -> float:
        """Walltime of one job in minutes, where the entry gives none."""
        return 30

    @property
    def cores(self) -> int:
        """Cores that asking this model keeps busy."""
        return 1

    @property
    def provider_model(self) -> str:
        """The name that the ledger files this entry's answers under."""
        raise NotImplementedError


class Local(Model):
    """The fields of every entry of a model whose weights are here. ``gpus`` that a job takes, if not the
    engine's default, and their ``gpu_type`` as the cluster names it; ``size_b``: billions of parameters,
    where the model's name does not say it."""

    TRANSPORT: ClassVar[frozenset[str]] = Model.TRANSPORT | {"gpus", "gpu_type", "size_b"}

    gpus: int | None = Field(None, ge=0, le=1024)
    gpu_type: str | None = Field(None, pattern=r"^[A-Za-z0-9_.]{1,100}$")
    size_b: float | None = Field(None, gt=0, le=1_000_000)

    @property
    def gpus_taken(self):
        return self.gpus or 0

    @property
    def weights_gb(self) -> float:
        """Size of the weights in memory, in GB (10^9 bytes)."""
        raise NotImplementedError


ENTRIES: dict[str, type[Model]] = {}


def engine_of(entry: type[Model]) -> str:
    """The engine that entries of a class name: the value of its field ``engine``."""
    (engine,) = get_args(entry.model_fields["engine"].annotation)
    return engine


def add_entry(entry: type[Model]) -> None:
    """Make an engine's entry known by its engine; a second one is a ValueError."""
    engine = engine_of(entry)
    if ENTRIES.setdefault(engine, entry) is not entry:
        raise ValueError(f"two entries for the engine {engine}")
