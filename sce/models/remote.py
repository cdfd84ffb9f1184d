"""What the entries of models have in common that are asked over HTTP."""

import json
import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from sce.files.contracts import Contract
from sce.files.secrets import referenced
from sce.files.values import Line, Seconds, Tokens, Url
from sce.models.entries import InFlightOrAuto, Model

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[!-~](?:[ -~]{0,4000}[!-~])?")
OWN_HEADERS = {"host", "content-length", "content-type", "transfer-encoding", "connection"}
MOST_EXTRA = 100_000  # characters


class Remote(Model):
    """The fields of every entry of a model that is asked over HTTP: all parameters that the model takes; the
    request is made from these alone. null means "not sent".

    ``effort``: how hard a reasoning model thinks, in its provider's words. ``extra_body``: further fields of
    the request. ``headers``: further headers; one with a value ``$VARIABLE`` is read from the environment and
    counts as access, any other as part of the question. ``timeout_s``: for one whole reply.
    ``max_in_flight``: ``auto`` finds what the provider takes (docs/ledger.md).
    """

    TRANSPORT: ClassVar[frozenset[str]] = Model.TRANSPORT | {"timeout_s"}
    # Whether the provider's models that take no temperature are those that reason.
    REASONS_WITHOUT_TEMPERATURE: ClassVar[bool] = False
    OWN_FIELDS: ClassVar[frozenset[str]] = frozenset({"model", "messages", "max_tokens", "stream", "n"})

    model: Line
    max_tokens: Tokens = 1000
    temperature: float | None = Field(0, ge=0, le=2)
    effort: Line | None = None
    extra_body: dict[str, Any] = {}
    headers: dict[str, str] = Field({}, max_length=50)
    timeout_s: Seconds = 300
    max_in_flight: InFlightOrAuto = 8

    @property
    def reasons(self):
        if self.thinks is not None:
            return self.thinks
        if self.REASONS_WITHOUT_TEMPERATURE and self.temperature is None:
            return True
        return self.effort not in (None, "none")

    @property
    def thinks(self) -> bool | None:
        """Whether its ``thinking`` is on; None of an entry that says nothing about it, or has no such
        field."""
        return None

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers that are part of the question."""
        return {name: value for name, value in self.headers.items() if not value.startswith("$")}

    @property
    def key_variables(self):
        return [name for value in self.headers.values() if (name := referenced(value))]

    def shape(self):
        return super().shape() | {"headers": self.sent_headers}

    @property
    def provider_model(self):
        return self.model

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers):
        """A header that HTTP does not allow fails at every try, like a fault that passes."""
        names = [name.lower() for name in headers]
        for name, value in headers.items():
            if not HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS:
                raise ValueError(f"names of further headers; not {name!r}")
            if names.count(name.lower()) > 1:
                raise ValueError(f"each header once, whatever its case; {name} stands twice")
            if not HEADER_VALUE.fullmatch(value):
                raise ValueError(f"headers of printable ASCII in one line; not that of {name}")
            if value.startswith("$") and not referenced(value):
                raise ValueError(f"a header's value may begin with $ as $VARIABLE alone; not that of {name}")
        return headers

    @field_validator("extra_body")
    @classmethod
    def _check_extra_body(cls, extra):
        if json.loads(json.dumps(extra)) != extra:
            raise ValueError("fields of JSON, whose keys are texts")
        if (size := len(json.dumps(extra))) > MOST_EXTRA:
            raise ValueError(f"at most {MOST_EXTRA:,} characters; these fields take {size:,}")
        return extra

    @model_validator(mode="after")
    def _check_record(self):
        twice = sorted(self.OWN_FIELDS & set(self.extra_body))
        if twice:
            raise ValueError(f"extra_body may not hold {twice[0]}: the entry has a field of its own for it")
        if self.decoding == "json_schema" and self.structured == "none":
            raise ValueError(
                "decoding: json_schema needs a field for the schema: set structured to something but none"
            )
        return self


class Hosted(Remote):
    """The fields of every entry of a model on other people's servers. ``api_key_env``: the variable that
    holds the key, in the environment or in ``.env``; null where none is needed. ``check_model``: ask the
    endpoint at the start whether it serves this model. ``budget_usd``: what may be spent on this model's
    answers in all."""

    TRANSPORT: ClassVar[frozenset[str]] = Remote.TRANSPORT | {
        "base_url", "api_key_env", "check_model", "mode", "budget_usd"
    }  # fmt: skip
    PROVIDER: ClassVar[str | None] = None  # whose limits its jobs share, if not those of its engine's name

    base_url: Url
    api_key_env: str | None = None
    check_model: bool = True
    mode: Literal["live"] = "live"
    budget_usd: float | None = Field(None, gt=0, le=1e9)

    @property
    def key_variables(self):
        own = [self.api_key_env] if self.api_key_env else []
        return own + super().key_variables

    @property
    def usual_runtime_min(self):
        return 8 * 60


class Batched(Hosted):
    """The fields of every entry of a model whose provider takes batches. ``mode``: ``batch`` goes through its
    batch API, slower and cheaper, and looks at its batches every ``poll_s`` seconds."""

    TRANSPORT: ClassVar[frozenset[str]] = Hosted.TRANSPORT | {"poll_s"}

    mode: Literal["live", "batch"] = "live"
    poll_s: float = Field(30, ge=0.01, le=86400)

    @property
    def usual_runtime_min(self):
        return 26 * 60 if self.mode == "batch" else super().usual_runtime_min  # a batch may take a day


class Thinking(Contract):
    """What a field ``thinking`` holds: whether and how a model reasons before it replies."""

    form: Literal["adaptive", "enabled", "disabled", "between_tools"]

    @property
    def is_on(self) -> bool:
        return self.form in ("enabled", "adaptive")


class ChatThinking(Thinking):
    """``route``: ``template`` hands it to the chat template (enable_thinking, as Qwen's and others read it;
    vLLM holds the model to the budget), ``field`` sends ``thinking: {type, budget_tokens}``."""

    form: Literal["enabled", "disabled"]
    route: Literal["template", "field"] = "template"
    budget: Tokens | None = None


class Chat(Remote):
    """What takes requests in OpenAI's chat format. ``token_field``: how the model calls its limit of tokens.
    ``structured``: how a reply is held to a schema. ``logprobs``: of so many of the likeliest tokens."""

    OWN_FIELDS: ClassVar[frozenset[str]] = Remote.OWN_FIELDS | {
        "max_completion_tokens", "temperature", "seed", "reasoning_effort", "response_format", "logprobs",
        "top_logprobs",
    }  # fmt: skip

    token_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    seed: int | None = Field(42, ge=-(2**63), lt=2**63)
    thinking: ChatThinking | None = None
    structured: Literal["response_format", "none"] = "response_format"
    logprobs: int | None = Field(None, ge=0, le=20)

    @property
    def thinks(self):
        return self.thinking and self.thinking.is_on
