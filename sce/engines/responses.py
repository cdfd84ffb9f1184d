"""OpenAI's Responses API through its SDK, and every endpoint that speaks it (``base_url``).

Nothing is kept at the provider (``store: false``): the conversation goes along with every request, and with
it the reasoning items of earlier replies, encrypted, as the provider wants them back.
"""

from sce.engines import About, Transient
from sce.engines.chat import logprobs_of, merged, usage_of
from sce.engines.checked import an_object
from sce.engines.openai import OpenAISDK
from sce.grids.datasets import Dataset
from sce.ledger.entries import Reply
from sce.models.responses import Responses

ENCRYPTED = "reasoning.encrypted_content"

INCOMPLETE = {"max_output_tokens": "truncated", "content_filter": "refused"}


def open_engine(model: Responses, dataset: Dataset) -> "ResponsesEngine":
    return ResponsesEngine(model)


def items_of(messages: list[dict]) -> list[dict]:
    """The messages of a conversation as items of ``input``: a turn that came as several items is these."""
    items = []
    for message in messages:
        is_turn = isinstance(message["content"], list)
        items += message["content"] if is_turn else [message]
    return items


def reply_of(response: dict) -> Reply:
    """The reply in a response. Raises Transient for one that cannot be an answer."""
    items = [item for item in response["output"] if item["type"] in ("message", "reasoning")]
    said = [item for item in items if item["type"] == "message" and item.get("phase") != "commentary"]
    parts = [part for item in said for part in item["content"]]
    text = "".join(part["text"] for part in parts if part["type"] == "output_text")
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    thought = [item for item in items if item["type"] == "reasoning"]
    status, finish = _ending(response)
    if refusal:
        status = "refused"
    if status == "answered" and not text and not thought:
        raise Transient("the reply is empty")
    return Reply(
        status=status,
        response=text or refusal,
        reasoning=_reasoning(thought),
        finish_reason=finish,
        logprobs=_logprobs(parts),
        usage=usage_of(response.get("usage"), "input", "output"),
        turn=_turn(items),
    )


class ResponsesEngine(OpenAISDK):
    """One model at one endpoint."""

    PATH = "/responses"

    def body(self, messages, about: About) -> dict:
        model = self.model
        body = {
            "engine": "responses",
            "model": model.model,
            "input": items_of(messages),
            "max_output_tokens": model.max_tokens,
            "store": False,
        }
        if model.temperature is not None:
            body["temperature"] = model.temperature
        asked = {"effort": model.effort, "summary": model.summary}
        reasoning = {name: value for name, value in asked.items() if value is not None}
        if reasoning:
            body["reasoning"] = reasoning
        if about.schema:
            form = {"type": "json_schema", "name": about.kind, "schema": about.schema, "strict": True}
            body["text"] = {"format": form}
        if model.logprobs is not None:
            body["top_logprobs"] = model.logprobs
        # Models that do not reason refuse to be asked for their reasoning.
        include = [ENCRYPTED] if reasoning else []
        include += ["message.output_text.logprobs"] if model.logprobs is not None else []
        if include:
            body["include"] = include
        if model.sent_headers:
            body["headers"] = model.sent_headers
        return merged(body, model.extra_body)

    def _reply(self, payload):
        return reply_of(payload)


def _ending(response):
    """(status, reason) of a response. Raises Transient for one that is not over."""
    if response["status"] == "completed":
        return "answered", "stop"
    reason = an_object(response.get("incomplete_details")).get("reason")
    if response["status"] == "incomplete" and reason in INCOMPLETE:
        return INCOMPLETE[reason], reason
    raise Transient(f"the reply ended with {str(reason or response['status'])[:60]}")


def _reasoning(thought):
    """What the provider shows of the reasoning: its text, else its summary."""
    parts = [part for item in thought for part in item.get("content") or item.get("summary") or ()]
    return "\n\n".join(part["text"] for part in parts) or None


def _logprobs(parts):
    told = [token for part in parts for token in part.get("logprobs") or ()]
    return logprobs_of({"logprobs": {"content": told}}) or None


def _turn(items):
    """The reply as the provider wants it back, where that is more than its text: with reasoning that can go
    back without being kept there, or a phase. Its log-probabilities stay here."""
    back = [item for item in items if item["type"] == "message" or item.get("encrypted_content")]
    if not any(item["type"] == "reasoning" or item.get("phase") for item in back):
        return None
    return {"role": "assistant", "content": [_sent_back(item) for item in back]}


def _sent_back(item):
    if item["type"] == "reasoning":
        return item
    content = [part | {"logprobs": []} if "logprobs" in part else part for part in item["content"]]
    return item | {"content": content}
