"""The entry of a GGUF file that llama.cpp runs."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sce.files.values import FilePath, Seed, Tokens
from sce.models.entries import Local
from sce.models.weights import gguf_identity, is_known, known, weights_file


class LlamaCpp(Local):
    """A GGUF file run in process by llama.cpp. ``weights``: a path, ``$VARIABLE``, ``package:NAME`` for the
    weights inside an installed Python package, or ``known:FINGERPRINT:NAME`` for weights that are not here,
    whose answers alone are used. ``quantization``: a number format to bring them to, where
    llama.cpp is slow with the file's own. ``context``: tokens of prompt and reply together. ``prompt_cache``:
    true finds the answers of older ledgers whose entries said so; it changes nothing else."""

    TRANSPORT: ClassVar[frozenset[str]] = Local.TRANSPORT | {"weights", "threads"}

    engine: Literal["llama_cpp"]
    weights: FilePath
    quantization: Literal["q8_0"] | None = None
    temperature: float = Field(0, ge=0, le=100)
    seed: Seed = 42
    max_tokens: Tokens = 1000
    context: int = Field(4096, ge=256, le=100_000_000)
    logprobs: bool = False
    prompt_cache: bool = False
    threads: int = Field(2, ge=1, le=4096)

    @model_validator(mode="after")
    def _reply_fits(self):
        if self.max_tokens >= self.context:
            raise ValueError(
                f"a context above max_tokens, which is {self.max_tokens:,}; not {self.context:,}"
            )
        return self

    @property
    def weights_gb(self):
        if is_known(self.weights):
            return 0.0
        grown = 2 if self.quantization else 1  # from four bits to eight
        return grown * weights_file(self.weights).stat().st_size / 1e9

    @property
    def usual_memory_gb(self):
        # Of two conversations, for each token about as much as a model with grouped attention remembers.
        return 2 + self.weights_gb * (1.2 + 2 * 3e-5 * self.context)

    @property
    def usual_runtime_min(self):
        return 60 + 120 * self.weights_gb

    @property
    def cores(self):
        return self.threads

    def shape(self):
        shape = super().shape() | {"weights": gguf_identity(self.weights)[0]}
        later = {"quantization": None, "prompt_cache": False}  # fields that came after the first answers
        return {name: value for name, value in shape.items() if name not in later or value != later[name]}

    @property
    def provider_model(self):
        return gguf_identity(self.weights)[1]

    @property
    def known_weights(self) -> str:
        """What ``weights`` says where they are not."""
        return known(*gguf_identity(self.weights))
