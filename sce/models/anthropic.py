"""The entry of Anthropic, and of any endpoint that speaks its messages format."""

import re
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from sce.files.values import Line, Url
from sce.models.remote import Batched, Hosted, Remote, Thinking

REGION = r"^[a-z][a-z0-9-]{0,40}$"


class AnthropicThinking(Thinking):
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


class Messages(Remote):
    """What takes requests in Anthropic's messages format. ``cache_system``: mark the system prompt for the
    provider's cache; pays where it is longer than the model's minimum (512 to 4096 tokens) and is wasted
    below."""

    OWN_FIELDS: ClassVar[frozenset[str]] = Remote.OWN_FIELDS | {
        "temperature", "thinking", "output_config", "system", "cache_control"
    }  # fmt: skip

    temperature: float | None = Field(None, ge=0, le=1)
    thinking: AnthropicThinking | None = None
    structured: Literal["output_config", "none"] = "output_config"
    cache_system: bool = False

    @property
    def thinks(self):
        return self.thinking and self.thinking.is_on

    @model_validator(mode="after")
    def _check_thinking(self):
        if self.thinking and self.thinking.budget and self.thinking.budget >= self.max_tokens:
            raise ValueError(f"thinking.budget must be below max_tokens, which is {self.max_tokens}")
        return self


class Anthropic(Messages, Batched):
    """Anthropic, or any endpoint that speaks its messages format. ``anthropic_version``: of the API; null for
    the SDK's own. Versions from 2026-10-21 take no temperature."""

    TRANSPORT: ClassVar[frozenset[str]] = Batched.TRANSPORT | {"anthropic_version", "cache_system"}

    engine: Literal["anthropic"]
    base_url: Url = "https://api.anthropic.com"
    api_key_env: str | None = "ANTHROPIC_API_KEY"
    anthropic_version: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$")


class OnCloud(Messages, Hosted):
    """What Anthropic's models on others' clouds have in common. ``region``: of the cloud; ``base_url`` is by
    default its address there. ``anthropic_version``: of the API, in the cloud's words (bedrock-2023-05-31,
    vertex-2023-10-16); null for the SDK's own. Clouds list no models, so the first question finds out whether
    there is one."""

    TRANSPORT: ClassVar[frozenset[str]] = Hosted.TRANSPORT | {"anthropic_version", "cache_system", "region"}

    region: str = Field(pattern=REGION)
    base_url: Url | None = None
    check_model: Literal[False] = False
    anthropic_version: Line | None = None

    @model_validator(mode="before")
    @classmethod
    def _place(cls, content):
        region = content.get("region") if isinstance(content, dict) else None
        if not isinstance(region, str) or not re.match(REGION, region) or content.get("base_url"):
            return content
        return content | {"base_url": cls.address(region)}

    @classmethod
    def address(cls, region: str) -> str:
        """The cloud's own address in a region."""
        raise NotImplementedError
