"""The entry of open weights that vLLM serves inside the job."""

import re
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from sce.files.values import FilePath, Line, Seconds
from sce.models.entries import InFlightOrAuto, Local
from sce.models.remote import Chat, Remote
from sce.models.weights import folder_identity, known

UNKNOWN_SIZE_B = 8.0  # of a model whose name does not say its size
# "70B" in Llama-3.3-70B-Instruct, "8x7B" in Mixtral-8x7B, not "A3B" (active parameters) in Qwen3-30B-A3B
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)([BM])(?![A-Za-z0-9])", re.IGNORECASE)
_FOUR_BIT = re.compile(r"awq|gptq|bitsandbytes|4.?bit|int4|w4a16|mxfp4|nvfp4", re.IGNORECASE)
_EIGHT_BIT = re.compile(r"fp8|8.?bit|int8|w8a8", re.IGNORECASE)

# Options of the server that fields of the entry, or this package, set.
OWN_OPTIONS = {
    "model", "served_model_name", "host", "port", "revision", "dtype", "quantization", "max_model_len",
    "tensor_parallel_size", "pipeline_parallel_size", "gpu_memory_utilization", "seed", "reasoning_parser",
    "enable_prefix_caching", "enable_prompt_tokens_details", "generation_config",
}  # fmt: skip


def _argument(value):
    if not isinstance(value, bool | int | float | str):
        raise ValueError("true or false, a number or a text")
    return value


Option = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
EngineArgument = Annotated[Any, AfterValidator(_argument)]


class Vllm(Chat, Local):
    """Open weights served by vLLM inside the job. ``model``: the name at Hugging Face; ``weights``: a folder
    (or ``$VARIABLE``) to load it from instead, or ``known:FINGERPRINT:NAME`` where it is not here and its
    answers alone are used. ``engine_args``: further options of the server by their names (max_num_seqs: 64
    becomes --max-num-seqs 64). ``python``: the interpreter that has vllm, where it is not this one.
    ``startup_s``: how long loading may take."""

    TRANSPORT: ClassVar[frozenset[str]] = Remote.TRANSPORT | Local.TRANSPORT | {
        "weights", "python", "startup_s", "tensor_parallel_size", "pipeline_parallel_size",
        "gpu_memory_utilization", "prefix_caching",
    }  # fmt: skip

    engine: Literal["vllm"]
    revision: Line | None = None
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "bfloat16"
    quantization: Option | None = None
    max_model_len: int | None = Field(None, ge=256, le=100_000_000)
    reasoning_parser: Option | None = None
    engine_args: dict[str, EngineArgument] = {}
    weights: FilePath | None = None
    tensor_parallel_size: int = Field(1, ge=1, le=1024)
    pipeline_parallel_size: int = Field(1, ge=1, le=1024)
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
    prefix_caching: bool = True
    python: FilePath | None = None
    startup_s: Seconds = 3600
    max_in_flight: InFlightOrAuto = 64

    @field_validator("engine_args")
    @classmethod
    def _check_engine_args(cls, given):
        for name in given:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise ValueError(f"options by their names with _ for -; not {name}")
            if name in OWN_OPTIONS:
                raise ValueError(f"further options; {name} is set by a field of the entry or by the engine")
        return given

    @model_validator(mode="after")
    def _parts_fit(self):
        longest, parts = self.max_model_len, self.tensor_parallel_size * self.pipeline_parallel_size
        if longest is not None and self.max_tokens >= longest:
            raise ValueError(
                f"a max_model_len above max_tokens, which is {self.max_tokens:,}; not {longest:,}"
            )
        if self.gpus and self.gpus < parts:
            raise ValueError(f"gpus for the {parts:,} parts of the model; not {self.gpus:,}")
        return self

    @cached_property
    def weights_identity(self) -> dict[str, str]:
        """Which weights a folder given in place of the named model holds; nothing where none is given."""
        return {} if self.weights is None else {"weights": folder_identity(self.weights)[0]}

    @property
    def key_variables(self):
        return [*super().key_variables, "HF_TOKEN"]

    @property
    def known_weights(self) -> str | None:
        """What ``weights`` says where they are not here; None where the name says it all."""
        return None if self.weights is None else known(*folder_identity(self.weights))

    def shape(self):
        return super().shape() | self.weights_identity

    @property
    def known_size_b(self) -> float | None:
        """Billions of parameters, as the entry or the model's name says."""
        sizes = [
            float(experts or 1) * float(number) / (1 if unit in "bB" else 1000)
            for experts, number, unit in _SIZE.findall(self.model)
        ]
        return self.size_b or max(sizes, default=None)

    @property
    def weights_gb(self):
        return (self.known_size_b or UNKNOWN_SIZE_B) * self._bytes_per_parameter

    @property
    def _bytes_per_parameter(self):
        names = f"{self.quantization or ''} {self.model}"
        if _FOUR_BIT.search(names):
            return 0.6
        if _EIGHT_BIT.search(names):
            return 1.1
        return 4 if self.dtype == "float32" else 2

    @property
    def gpus_taken(self):
        """The parts that the model is split into, unless the entry says otherwise."""
        parts = self.tensor_parallel_size * self.pipeline_parallel_size
        return parts if self.gpus is None else self.gpus

    @property
    def usual_memory_gb(self):
        """The server, a process for each GPU, and the weights on their way through the page cache."""
        return 8 + 4 * max(1, self.gpus_taken) + 1.2 * self.weights_gb

    @property
    def usual_runtime_min(self):
        return 120 + 4 * (self.known_size_b or UNKNOWN_SIZE_B)

    @property
    def cores(self):
        """The server, its scheduler, and a worker that never sleeps for each GPU."""
        return 2 + self.tensor_parallel_size * self.pipeline_parallel_size
