"""Anthropic's messages format through its SDK: Anthropic itself and every endpoint that speaks it."""

from sce.engines import About, Transient, without_identity
from sce.engines.checked import an_object
from sce.engines.remote import RemoteEngine
from sce.grids.datasets import Dataset
from sce.ledger.entries import Reply, is_count
from sce.models.anthropic import Anthropic

STATUSES = {
    None: "answered",
    "end_turn": "answered",
    "stop_sequence": "answered",
    "tool_use": "answered",
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "refusal": "refused",
}
REASONING = ("thinking", "redacted_thinking")


def open_engine(model: Anthropic, dataset: Dataset) -> "AnthropicEngine":
    return AnthropicEngine(model)


def request_of(body: dict, cache_system: bool = False) -> dict:
    """The request in a body: exactly what the endpoint is sent. ``cache_system`` marks the system prompt for
    the provider's cache, which shapes no answer and so is in no body."""
    request = without_identity(body)
    if cache_system and "system" in request:
        marked = {"type": "text", "text": request["system"], "cache_control": {"type": "ephemeral"}}
        request["system"] = [marked]
    return request


def reply_of(response: dict) -> Reply:
    """The reply in a response of the messages endpoint. Raises Transient for one that cannot be an answer.

    Reasoning goes back in the follow-up as the provider prescribes: the blocks as they came, signed.
    """
    blocks, finish = response["content"], response.get("stop_reason")
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    thought = [block for block in blocks if block["type"] in REASONING]
    if finish not in STATUSES:
        raise Transient(f"the reply ended with {str(finish)[:60]}")
    status = STATUSES[finish]
    if status == "answered" and not text and not thought:
        raise Transient("the reply is empty")
    return Reply(
        status=status,
        response=text,
        # Recent models show their reasoning only when asked to (thinking.display); the block is there anyway.
        reasoning="\n\n".join(filter(None, (block.get("thinking") for block in thought))) or None,
        finish_reason=finish,
        usage=_usage(an_object(response.get("usage"))),
        turn={"role": "assistant", "content": [_sent_back(b) for b in blocks]} if thought else None,
    )


class AnthropicEngine(RemoteEngine):
    """One model at one endpoint."""

    PATH = "/v1/messages"
    LISTING = {"limit": 1000}
    NEEDS = ("anthropic",)

    def body(self, messages, about: About) -> dict:
        model = self.model
        system = [message["content"] for message in messages if message["role"] == "system"]
        body = {
            "engine": model.engine,
            "model": model.model,
            "messages": [message for message in messages if message["role"] != "system"],
            "max_tokens": model.max_tokens,
        }
        if system:
            body["system"] = "\n\n".join(system)
        if model.temperature is not None:
            body["temperature"] = model.temperature
        if model.thinking is not None:
            fields = {
                "type": model.thinking.form,
                "budget_tokens": model.thinking.budget,
                "display": model.thinking.display,
            }
            body["thinking"] = {name: value for name, value in fields.items() if value is not None}
        output = {"effort": model.effort} if model.effort else {}
        if about.schema:
            output["format"] = {"type": "json_schema", "schema": about.schema}
        if output:
            body["output_config"] = output
        if model.sent_headers:
            body["headers"] = model.sent_headers
        return body | model.extra_body

    def _http_client(self, url, client_class=None):
        import anthropic

        return super()._http_client(url, anthropic.DefaultAsyncHttpxClient)  # keeps silent connections alive

    def _open(self, options):
        import anthropic

        if self.model.anthropic_version:
            version = {"anthropic-version": self.model.anthropic_version}
            options["default_headers"] = version | options["default_headers"]
        return anthropic, anthropic.AsyncAnthropic(**options)

    def _sent(self, body):
        return request_of(body, self.model.cache_system)

    def _reply(self, payload):
        return reply_of(payload)

    def _refused(self, item):
        told = item.get("capabilities") or {}
        wanted = {
            "decoding: json_schema": self.model.decoding == "json_schema" and ("structured_outputs",),
            f"effort: {self.model.effort}": self.model.effort and ("effort", self.model.effort),
            f"thinking: {self.model.thinking and self.model.thinking.form}": self.model.thinking
            and ("thinking", "types", self.model.thinking.form),
        }
        return [name for name, path in wanted.items() if path and _supported(told, *path) is False]


def _supported(capabilities, *path):
    """Whether the endpoint lists the capability under ``path`` as supported; None where it says nothing about
    it."""
    for name in path:
        capabilities = capabilities.get(name) if isinstance(capabilities, dict) else None
    return capabilities.get("supported") if isinstance(capabilities, dict) else None


def _sent_back(block):
    """A block as the provider wants it back: reasoning untouched, of a text its text."""
    return {"type": "text", "text": block["text"]} if block["type"] == "text" else block


def _usage(usage):
    """Token counts in the words of the other engines, where ``in`` counts cached tokens too."""
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    parts = (usage.get("input_tokens"), read or 0, written or 0)
    counts = {
        "in": sum(parts) if all(map(is_count, parts)) else None,
        "cached": read,
        "written": written,
        "out": usage.get("output_tokens"),
        "reasoning": an_object(usage.get("output_tokens_details")).get("thinking_tokens"),
    }
    return {name: count for name, count in counts.items() if count is not None}
