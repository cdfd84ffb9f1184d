"""Model entries: who is asked, with which settings. A model is a respondent: weights or an API model with a
system prompt and sampling settings; the same weights at another temperature are another entry (design 1).

An entry's fields fall in two: those that shape an answer (they are in its digest and in the job's
parameters), and ``TRANSPORT``, which can change without anything running again.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from sce.files import Contract
from sce.weights import fingerprint, weights_file

Retried = Literal["failed", "truncated", "refused"]


class Entry(Contract):
    """What every engine's entry has.

    ``max_failed_share``: the share of questions that may fail before the job does. ``attempts``: tries of
    one question in one run; ``patience_s``: the seconds after which it is tried no more. ``retry``: statuses
    in the ledger that are asked again. ``requests_per_minute``, ``tokens_per_minute`` (in and out together):
    limits of one job; null for none.

    What asking takes, where the defaults of ``sce.resources`` do not fit: ``gpus`` and their ``gpu_type``,
    ``memory_gb``, ``runtime_min`` and ``partition`` of a job; ``size_b``: billions of parameters, from which
    the defaults follow where the model's name does not tell them.
    """

    TRANSPORT: ClassVar[frozenset[str]] = frozenset(
        {"max_in_flight", "attempts", "patience_s", "retry", "max_failed_share"}
        | {"requests_per_minute", "tokens_per_minute"}
        | {"gpus", "gpu_type", "memory_gb", "runtime_min", "partition", "size_b"}
    )

    system: str | None = None
    decoding: Literal["free", "json_schema"] = "free"
    max_in_flight: int = Field(1, ge=1)
    attempts: int = Field(6, ge=1)
    patience_s: float = Field(600, gt=0)
    requests_per_minute: float | None = Field(None, gt=0)
    tokens_per_minute: float | None = Field(None, gt=0)
    retry: list[Retried] = ["failed"]
    max_failed_share: float = Field(0.05, ge=0, le=1)
    gpus: int | None = Field(None, ge=0)
    gpu_type: str | None = Field(None, pattern=r"^[A-Za-z0-9_.]+$")
    memory_gb: float | None = Field(None, gt=0)
    runtime_min: int | None = Field(None, ge=1)
    partition: str | None = None
    size_b: float | None = Field(None, gt=0)

    def shape(self) -> dict[str, Any]:
        """The fields that shape answers."""
        return self.model_dump(mode="json", exclude=set(self.TRANSPORT))

    @property
    def cores(self) -> int:
        """Cores that asking this model keeps busy."""
        return 1

    @property
    def provider_model(self) -> str:
        """The name that the ledger files this entry's answers under."""
        raise NotImplementedError


class Control(Entry):
    """A built-in respondent with a known boundary and a known way to answer (see sce.engines.control)."""

    engine: Literal["control"]
    policy: Literal["nearest", "overshoot", "timid", "echo", "random", "malformed", "constant"]
    seed: int = 0

    @property
    def provider_model(self):
        return self.policy


class LlamaCpp(Entry):
    """A GGUF file run in process by llama.cpp. ``weights``: a path, ``$VARIABLE``, or ``package:NAME`` for
    the weights inside an installed Python package. ``context``: tokens of prompt and reply together."""

    TRANSPORT: ClassVar[frozenset[str]] = Entry.TRANSPORT | {"weights", "threads"}

    engine: Literal["llama_cpp"]
    weights: str
    temperature: float = Field(0, ge=0)
    seed: int = 42
    max_tokens: int = Field(1000, ge=1)
    context: int = Field(4096, ge=256)
    logprobs: bool = False
    threads: int = Field(2, ge=1)

    @property
    def cores(self):
        return self.threads

    def shape(self):
        return super().shape() | {"weights": fingerprint(weights_file(self.weights))}

    @property
    def provider_model(self):
        return weights_file(self.weights).stem


Model = Annotated[Control | LlamaCpp, Field(discriminator="engine")]


def read_entry(config: dict, name: str) -> Model:
    """The entry of one model in a configuration that was checked before."""
    return TypeAdapter(Model).validate_python(config["models"][name])
