"""Model entries: who is asked, with which settings. A model is a respondent: weights or an API model with a
system prompt and sampling settings; the same weights at another temperature are another entry (design 1).

An entry's fields fall in two: those that shape an answer (they are in its digest and in the job's
parameters), and ``TRANSPORT``, which can change without anything running again.
"""

from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from sce.errors import InputError
from sce.files.contracts import Contract, check, read_yaml
from sce.files.secrets import refuse_keys
from sce.models.weights import file_digest, fingerprint, folder_fingerprint, local_weights, weights_file

CATALOGUE = Path("resources/models.yaml")
Retried = Literal["failed", "truncated", "refused"]
URL = r"^https?://[^\s@?]+$"  # without a password or a query, where keys hide


class Entry(Contract):
    """What every engine's entry has.

    ``max_failed_share``: the share of questions that may fail before the job does. ``attempts``: tries of
    one question in one run; ``patience_s``: the seconds after which it is tried no more. ``retry``: statuses
    in the ledger that are asked again. ``requests_per_minute``, ``tokens_per_minute`` (in and out together):
    limits of one job; null for none.

    What a job takes, where the defaults of ``sce.models.job_needs`` do not fit: ``memory_gb``,
    ``runtime_min`` and the ``partition`` of a cluster.
    """

    TRANSPORT: ClassVar[frozenset[str]] = frozenset(
        {"max_in_flight", "attempts", "patience_s", "retry", "max_failed_share"}
        | {"requests_per_minute", "tokens_per_minute"}
        | {"memory_gb", "runtime_min", "partition"}
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
    memory_gb: float | None = Field(None, gt=0)
    runtime_min: int | None = Field(None, ge=1)
    partition: str | None = None

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
    """A built-in respondent with a known boundary and a known way to answer (see sce.engines.control).
    ``rate``: how often it is right in tasks that have a right answer; always unless given. ``wavers``: how
    often its answer to a numbered wording of the question is not its own; never unless given."""

    engine: Literal["control"]
    policy: Literal[
        "nearest", "nearest_l1", "overshoot", "timid", "echo", "random", "malformed", "constant", "thinking"
    ]  # fmt: skip
    seed: int = 0
    rate: float | None = Field(None, ge=0, le=1)
    wavers: float | None = Field(None, ge=0, le=1)

    @property
    def optional(self) -> dict[str, float]:
        """What is given of the fields that came later than the first answers, which stay as they were."""
        given = {"rate": self.rate, "wavers": self.wavers}
        return {name: value for name, value in given.items() if value is not None}

    def shape(self):
        return {k: v for k, v in super().shape().items() if k not in ("rate", "wavers")} | self.optional

    @property
    def provider_model(self):
        return self.policy


class Local(Entry):
    """What the entries of models have whose weights are here. ``gpus`` that a job takes, where it is not what
    the engine would take by itself, and their ``gpu_type`` in the cluster's words; ``size_b``: billions of
    parameters, where the model's name does not tell them."""

    TRANSPORT: ClassVar[frozenset[str]] = Entry.TRANSPORT | {"gpus", "gpu_type", "size_b"}

    gpus: int | None = Field(None, ge=0)
    gpu_type: str | None = Field(None, pattern=r"^[A-Za-z0-9_.]+$")
    size_b: float | None = Field(None, gt=0)


class LlamaCpp(Local):
    """A GGUF file run in process by llama.cpp. ``weights``: a path, ``$VARIABLE``, or ``package:NAME`` for
    the weights inside an installed Python package. ``quantization``: a number format to bring them to, where
    llama.cpp is slow with the file's own. ``context``: tokens of prompt and reply together."""

    TRANSPORT: ClassVar[frozenset[str]] = Local.TRANSPORT | {"weights", "threads"}

    engine: Literal["llama_cpp"]
    weights: str
    quantization: Literal["q8_0"] | None = None
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
        shape = super().shape() | {"weights": fingerprint(weights_file(self.weights))}
        if self.quantization is None:  # a field that came later than the first answers
            del shape["quantization"]
        return shape

    @property
    def provider_model(self):
        return weights_file(self.weights).stem


class Remote(Entry):
    """What the entries of models have that are asked over HTTP: a record of the parameters that the model
    takes, from which alone the request is made. null is "not sent".

    ``effort``: how hard a reasoning model thinks, in its provider's words. ``extra_body``: further fields of
    the request. ``headers``: further headers; one with a value ``$VARIABLE`` is read from the environment and
    counts as access, any other as part of the question. ``timeout_s``: for one whole reply.
    """

    TRANSPORT: ClassVar[frozenset[str]] = Entry.TRANSPORT | {"timeout_s"}
    OWN_FIELDS: ClassVar[frozenset[str]] = frozenset({"model", "messages", "max_tokens", "stream", "n"})

    model: str = Field(min_length=1)
    max_tokens: int = Field(1000, ge=1)
    temperature: float | None = Field(0, ge=0, le=2)
    effort: str | None = None
    extra_body: dict[str, Any] = {}
    headers: dict[str, str] = {}
    timeout_s: float = Field(300, gt=0)
    max_in_flight: int = Field(8, ge=1)

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers that are part of the question."""
        return {name: value for name, value in self.headers.items() if not value.startswith("$")}

    def shape(self):
        return super().shape() | {"headers": self.sent_headers}

    @property
    def provider_model(self):
        return self.model

    @model_validator(mode="after")
    def _check_record(self):
        twice = sorted(self.OWN_FIELDS & set(self.extra_body))
        if twice:
            raise ValueError(f"extra_body may not hold {twice[0]}: the entry has a field of its own for it")
        if self.decoding == "json_schema" and self.structured == "none":
            raise ValueError("decoding: json_schema needs a structured route; structured: none is no such")
        return self


class Hosted(Remote):
    """What the entries of other people's servers have. ``api_key_env``: the variable that holds the key, in
    the environment or in ``.env``; null where none is needed. ``check_model``: ask the endpoint at the start
    whether it serves this model. ``mode``: ``batch`` goes through the provider's batch API, slower and
    cheaper, and looks at its batches every ``poll_s`` seconds. ``budget_usd``: what may be spent on this
    model's answers in all."""

    TRANSPORT: ClassVar[frozenset[str]] = Remote.TRANSPORT | {
        "base_url", "api_key_env", "check_model", "mode", "poll_s", "budget_usd"
    }  # fmt: skip

    base_url: str = Field(pattern=URL)
    api_key_env: str | None = None
    check_model: bool = True
    mode: Literal["live", "batch"] = "live"
    poll_s: float = Field(30, gt=0)
    budget_usd: float | None = Field(None, gt=0)


class ChatThinking(Contract):
    """``route``: ``template`` tells the chat template (enable_thinking, as Qwen's and others read it; vLLM
    holds the model to the budget), ``field`` sends ``thinking: {type, budget_tokens}``."""

    form: Literal["enabled", "disabled"]
    route: Literal["template", "field"] = "template"
    budget: int | None = Field(None, ge=1)


class Chat(Remote):
    """What takes requests in OpenAI's chat format. ``token_field``: how the model calls its limit of tokens.
    ``structured``: how a reply is held to a schema. ``logprobs``: of so many of the likeliest tokens."""

    OWN_FIELDS: ClassVar[frozenset[str]] = Remote.OWN_FIELDS | {
        "max_completion_tokens", "temperature", "seed", "reasoning_effort", "response_format", "logprobs",
        "top_logprobs",
    }  # fmt: skip

    token_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    seed: int | None = 42
    thinking: ChatThinking | None = None
    structured: Literal["response_format", "none"] = "response_format"
    logprobs: int | None = Field(None, ge=0, le=20)


class OpenAI(Chat, Hosted):
    """OpenAI, or any endpoint that speaks its chat format. ``revision``: not sent; tells apart different
    weights that go by one name (a local server's)."""

    TRANSPORT: ClassVar[frozenset[str]] = Hosted.TRANSPORT

    engine: Literal["openai"]
    base_url: str = Field("https://api.openai.com/v1", pattern=URL)
    api_key_env: str | None = "OPENAI_API_KEY"
    revision: str | None = None


class AnthropicThinking(Contract):
    """``form``: adaptive (recent models), enabled with a ``budget`` in tokens (older ones), disabled or
    between_tools to turn it off where the model can. ``display``: summarized shows the reasoning, which
    recent models omit by default."""

    form: Literal["adaptive", "enabled", "disabled", "between_tools"]
    budget: int | None = Field(None, ge=1024)
    display: Literal["summarized", "omitted"] | None = None

    @model_validator(mode="after")
    def _check_budget(self):
        if (self.form == "enabled") != (self.budget is not None):
            raise ValueError("a budget belongs to form: enabled, and to no other")
        return self


class Anthropic(Hosted):
    """Anthropic, or any endpoint that speaks its messages format. ``anthropic_version``: of the API; null for
    the SDK's own. Versions from 2026-10-21 take no temperature. ``cache_system``: mark the system prompt for
    the provider's cache; pays where it is longer than the model's minimum (512 to 4096 tokens) and is wasted
    below."""

    TRANSPORT: ClassVar[frozenset[str]] = Hosted.TRANSPORT | {"anthropic_version", "cache_system"}
    OWN_FIELDS: ClassVar[frozenset[str]] = Remote.OWN_FIELDS | {
        "temperature", "thinking", "output_config", "system", "cache_control"
    }  # fmt: skip

    engine: Literal["anthropic"]
    base_url: str = Field("https://api.anthropic.com", pattern=URL)
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


class Vllm(Chat, Local):
    """Open weights served by vLLM inside the job. ``model``: the name at Hugging Face; ``weights``: a folder
    (or ``$VARIABLE``) to load it from instead. ``engine_args``: further options of the server by their names
    (max_num_seqs: 64 becomes --max-num-seqs 64). ``python``: the interpreter that has vllm, where it is not
    this one. ``startup_s``: how long loading may take."""

    TRANSPORT: ClassVar[frozenset[str]] = Remote.TRANSPORT | Local.TRANSPORT | {
        "weights", "python", "startup_s", "tensor_parallel_size", "pipeline_parallel_size",
        "gpu_memory_utilization", "prefix_caching",
    }  # fmt: skip

    engine: Literal["vllm"]
    revision: str | None = None
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "bfloat16"
    quantization: str | None = None
    max_model_len: int | None = Field(None, ge=256)
    reasoning_parser: str | None = None
    engine_args: dict[str, bool | int | float | str] = {}
    weights: str | None = None
    tensor_parallel_size: int = Field(1, ge=1)
    pipeline_parallel_size: int = Field(1, ge=1)
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
    prefix_caching: bool = True
    python: str | None = None
    startup_s: float = Field(3600, gt=0)
    max_in_flight: int = Field(64, ge=1)

    @cached_property
    def weights_identity(self) -> dict[str, str]:
        """Which weights a folder given in place of the named model holds; nothing where none is given."""
        return {} if self.weights is None else {"weights": folder_fingerprint(local_weights(self.weights))}

    def shape(self):
        return super().shape() | self.weights_identity

    @property
    def cores(self):
        """The server, its scheduler, and a worker that never sleeps for each GPU."""
        return 2 + self.tensor_parallel_size * self.pipeline_parallel_size


def _refuse_keys(content):
    """A key in an entry is refused before anything can print the entry, whatever else is wrong with it."""
    named = content.get("model") or content.get("engine") if isinstance(content, dict) else None
    refuse_keys(content, f"the entry of the model {named}" if named else "a model's entry")
    return content


class Published(Entry):
    """Result files of the study's own code, adopted as a model's answers. ``files``: dataset -> path. Points
    that a file leaves out count as failed, and end no run."""

    engine: Literal["published"]
    max_failed_share: float = Field(1, ge=0, le=1)
    files: dict[str, str] = Field(min_length=1)

    def shape(self):
        for dataset, path in self.files.items():
            if not Path(path).is_file():
                raise InputError("the model's entry", f"files.{dataset}", path, "an existing result file")
        return super().shape() | {"files": {name: file_digest(path) for name, path in self.files.items()}}

    @property
    def provider_model(self):
        return "results"


Model = Annotated[
    Control | LlamaCpp | OpenAI | Anthropic | Vllm | Published,
    Field(discriminator="engine"),
    BeforeValidator(_refuse_keys),
]


class Catalog(Contract):
    """A file of entries to choose from. ``shared`` holds nothing but what entries have in common, for YAML's
    anchors."""

    shared: dict[str, Any] = {}
    models: dict[str, Model]


def load_catalog(path) -> dict[str, Model]:
    """The entries in a catalogue such as resources/models.yaml. Raises InputError for the first wrong key."""
    content = read_yaml(path)
    refuse_keys(content, path)
    return check(Catalog, content, path).models


def resolve(entry, where) -> dict:
    """An entry as written, completed by the entry of the catalogue that its ``from`` names; what stands
    beside it in the configuration counts. Raises InputError for a name the catalogue lacks."""
    if not isinstance(entry, dict) or "from" not in entry:
        return entry
    catalogue = _read_catalogue(CATALOGUE)
    if entry["from"] not in catalogue:
        raise InputError(where, "from", entry["from"], f"an entry of {CATALOGUE}: {', '.join(catalogue)}")
    own = {key: value for key, value in entry.items() if key != "from"}
    return catalogue[entry["from"]] | own


@cache
def _read_catalogue(path):
    return read_yaml(path)["models"]


def read_entry(config: dict, name: str) -> Model:
    """The entry of one model in a configuration that was checked before."""
    entry = resolve(config["models"][name], f"models.{name}")
    return TypeAdapter(Model).validate_python(entry)
