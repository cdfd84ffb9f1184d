"""The entry of Anthropic, and of any endpoint that speaks its messages format."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sce.files.contracts import Contract
from sce.files.values import Url
from sce.models.remote import Batched, Remote


class AnthropicThinking(Contract):
    """``form``: adaptive (recent models), enabled with a ``budget`` in tokens (older ones), disabled or
    between_tools to turn it off where the model can. ``display``: summarized shows the reasoning, which
    recent models omit by default."""

    form: Literal["adaptive", "enabled", "disabled", "between_tools"]
    budget: int | None = Field(None, ge=1024, le=100_000_000)
    display: Literal["summarized", "omitted"] | None = None

    @model_validator(mode="after")
    def _check_budget(self):
        if (self.form == "enabled") != (self.budget is not None):
            raise ValueError("budget with form: enabled, and only there")
        return self


class Anthropic(Batched):
    """Anthropic, or any endpoint that speaks its messages format. ``anthropic_version``: of the API; null for
    the SDK's own. Versions from 2026-10-21 take no temperature. ``cache_system``: mark the system prompt for
    the provider's cache; pays where it is longer than the model's minimum (512 to 4096 tokens) and is wasted
    below."""

    TRANSPORT: ClassVar[frozenset[str]] = Batched.TRANSPORT | {"anthropic_version", "cache_system"}
    OWN_FIELDS: ClassVar[frozenset[str]] = Remote.OWN_FIELDS | {
        "temperature", "thinking", "output_config", "system", "cache_control"
    }  # fmt: skip

    engine: Literal["anthropic"]
    base_url: Url = "https://api.anthropic.com"
    api_key_env: str | None = "ANTHROPIC_API_KEY"
    anthropic_version: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    temperature: float | None = Field(None, ge=0, le=1)
    thinking: AnthropicThinking | None = None
    structured: Literal["output_config", "none"] = "output_config"
    cache_system: bool = False

    @model_validator(mode="after")
    def _check_thinking(self):
        if self.thinking and self.thinking.budget and self.thinking.budget >= self.max_tokens:
            raise ValueError(f"thinking.budget must be below max_tokens, which is {self.max_tokens}")
        return self
