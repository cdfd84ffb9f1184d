"""The entry of a model that is asked through OpenAI's Responses API."""

from typing import ClassVar, Literal

from pydantic import Field

from sce.files.values import Url
from sce.models.remote import Hosted, Remote


class Responses(Hosted):
    """OpenAI's Responses API, or any endpoint that speaks it: for models that are served by it alone, and for
    reasoning that is taken along into the continuation of a conversation. It has no seed. ``summary``: how
    long a summary of the reasoning the reply shows; null for none. ``logprobs``: of so many of the likeliest
    tokens."""

    OWN_FIELDS: ClassVar[frozenset[str]] = Remote.OWN_FIELDS | {
        "input", "max_output_tokens", "temperature", "top_logprobs", "store", "previous_response_id",
        "conversation", "background",
    }  # fmt: skip
    PROVIDER: ClassVar[str | None] = "openai"
    REASONS_WITHOUT_TEMPERATURE: ClassVar[bool] = True

    engine: Literal["responses"]
    base_url: Url = "https://api.openai.com/v1"
    api_key_env: str | None = "OPENAI_API_KEY"
    temperature: float | None = Field(None, ge=0, le=2)
    summary: Literal["auto", "concise", "detailed"] | None = None
    structured: Literal["text_format", "none"] = "text_format"
    logprobs: int | None = Field(None, ge=0, le=20)
