"""The entry of a model of Google's Gemini API."""

import re
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from sce.files.values import Tokens, Url
from sce.models.remote import Hosted, Remote, Thinking


class GeminiThinking(Thinking):
    """``form``: adaptive leaves it to the model how long it thinks (or to ``effort``), enabled sets a
    ``budget`` in tokens, disabled turns it off where the model can. ``display``: summarized shows summaries
    of the thoughts."""

    form: Literal["adaptive", "enabled", "disabled"]
    budget: Tokens | None = None
    display: Literal["summarized"] | None = None

    @model_validator(mode="after")
    def _check_budget(self):
        if (self.form == "enabled") != (self.budget is not None):
            raise ValueError("budget with form: enabled, and only there")
        return self


class Gemini(Hosted):
    """Google's Gemini API in its own protocol, through the package google-genai. ``effort``: the level of
    thinking, of models that take levels. ``logprobs``: of so many of the likeliest tokens."""

    OWN_FIELDS: ClassVar[frozenset[str]] = Remote.OWN_FIELDS | {"contents", "systemInstruction"}
    REASONS_WITHOUT_TEMPERATURE: ClassVar[bool] = True
    CONFIGURED: ClassVar[frozenset[str]] = frozenset(
        {"maxOutputTokens", "temperature", "seed", "responseJsonSchema", "responseMimeType", "candidateCount"}
        | {"responseLogprobs", "logprobs", "thinkingConfig"}
    )

    engine: Literal["gemini"]
    base_url: Url = "https://generativelanguage.googleapis.com"
    api_key_env: str | None = "GEMINI_API_KEY"
    seed: int | None = Field(42, ge=-(2**31), lt=2**31)
    thinking: GeminiThinking | None = None
    structured: Literal["responseJsonSchema", "none"] = "responseJsonSchema"
    logprobs: int | None = Field(None, ge=0, le=20)

    @property
    def thinks(self):
        return self.thinking and self.thinking.is_on

    @field_validator("model")
    @classmethod
    def _check_model(cls, name):
        """It is a part of the address."""
        if re.search(r"[?#&%\\\s]|\.\.", name):
            raise ValueError("the name of a model, without ?, #, &, %, .. and white space")
        return name

    @model_validator(mode="after")
    def _check_thinking(self):
        if self.effort and self.thinking and self.thinking.form != "adaptive":
            raise ValueError("effort with form: adaptive alone, as the API takes a level or a budget")
        return self

    @model_validator(mode="after")
    def _check_configured(self):
        configured = self.extra_body.get("generationConfig", {})
        twice = sorted(self.CONFIGURED & set(configured if isinstance(configured, dict) else ()))
        if twice:
            raise ValueError(f"extra_body may not hold {twice[0]}: the entry has a field of its own for it")
        return self
