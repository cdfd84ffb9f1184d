"""OpenAI's chat format, which several engines speak: what is sent, and what comes back. Pure functions.

What is sent is the request that ``chat_request`` makes from the model's entry, and nothing an SDK adds.
"""

from sce.engines import About, Transient, without_identity
from sce.engines.checked import an_object
from sce.ledger.entries import Reply
from sce.models.remote import Chat

ANSWERED = {None, "stop", "eos", "end_turn", "stop_sequence", "tool_calls", "function_call"}
TRUNCATED = {"length", "max_tokens", "model_length"}
REFUSED = {"content_filter", "refusal", "safety", "recitation", "prohibited_content", "blocklist"}


def chat_request(model: Chat, messages: list[dict], about: About) -> dict:
    """The request for a conversation: the parameters in the model's record and no others."""
    request = {"model": model.model, "messages": messages, model.token_field: model.max_tokens}
    if model.temperature is not None:
        request["temperature"] = model.temperature
    if model.seed is not None:
        request["seed"] = model.seed
    if model.effort is not None:
        request["reasoning_effort"] = model.effort
    if about.schema:
        request["response_format"] = response_format(about)
    if model.logprobs is not None:
        request |= {"logprobs": True, "top_logprobs": model.logprobs}
    return merged(merged(request, _thinking(model)), model.extra_body)


def merged(request: dict, fields: dict) -> dict:
    """A request with further fields; what both have as an object is one object with the members of both."""
    both = {name for name, value in fields.items() if isinstance(value, dict)}
    both = {name for name in both if isinstance(request.get(name), dict)}
    return request | fields | {name: request[name] | fields[name] for name in both}


def response_format(about: About) -> dict:
    """The part of a request that holds its reply to the JSON schema of what it is about."""
    return {
        "type": "json_schema",
        "json_schema": {"name": about.kind, "schema": about.schema, "strict": True},
    }


def request_of(body: dict) -> dict:
    """The request in a body: exactly what the endpoint is sent."""
    return without_identity(body, "revision", "server")


def reply_of(response: dict) -> Reply:
    """The reply in a response of the chat endpoint. Raises Transient for one that cannot be an answer."""
    if not response.get("choices"):
        raise Transient("the reply has no choices")
    choice = response["choices"][0]
    message, finish = choice["message"], choice.get("finish_reason")
    content, refusal = _text(message.get("content")), message.get("refusal") or None
    reasoning = message.get("reasoning") or message.get("reasoning_content")
    if not isinstance(refusal, str | None):
        raise Transient(f"the reply's refusal is {type(refusal).__name__}, not text")
    if refusal or finish in REFUSED:
        status = "refused"
    elif finish in TRUNCATED:
        status = "truncated"
    elif finish in ANSWERED:
        status = "answered"
    else:
        raise Transient(f"the reply ended with {str(finish)[:60]}")
    if status == "answered" and not content and not reasoning:
        raise Transient("the reply is empty")
    return Reply(
        status=status,
        # A model that ends inside its reasoning has answered, with nothing.
        response=content or refusal or "",
        reasoning=reasoning,
        finish_reason=finish,
        logprobs=logprobs_of(choice),
        usage=usage_of(response.get("usage")),
    )


def logprobs_of(choice: dict) -> list | None:
    """Log-probabilities as a reply keeps them: every token, with the alternatives that came with it. What
    has another form comes back as it is."""
    told = choice.get("logprobs")
    content = told.get("content") if isinstance(told, dict) else told
    try:
        return content and _tokens(content)
    except (KeyError, TypeError, AttributeError):
        return told


def _tokens(content):
    return [
        {
            "token": token["token"],
            "logprob": token["logprob"],
            "top": [[top["token"], top["logprob"]] for top in token.get("top_logprobs") or ()],
        }
        for token in content
    ]


def usage_of(usage: dict, prompt: str = "prompt", reply: str = "completion") -> dict:
    """Token counts; ``cached`` are among ``in``, ``reasoning`` among ``out``, and so is ``written`` (to the
    cache) among ``in``. ``prompt``, ``reply``: what an API of OpenAI calls the two in its fields."""
    usage = an_object(usage)
    of_prompt = an_object(usage.get(f"{prompt}_tokens_details"))
    of_reply = an_object(usage.get(f"{reply}_tokens_details"))
    counts = {
        "in": usage.get(f"{prompt}_tokens"),
        "cached": of_prompt.get("cached_tokens"),
        "written": of_prompt.get("cache_write_tokens"),
        "out": usage.get(f"{reply}_tokens"),
        "reasoning": of_reply.get("reasoning_tokens"),
    }
    return {name: count for name, count in counts.items() if count is not None}


def _thinking(model):
    if model.thinking is None:
        return {}
    on, budget = model.thinking.form == "enabled", model.thinking.budget
    if model.thinking.route == "field":
        field = {"type": model.thinking.form}
        return {"thinking": field | {"budget_tokens": budget} if budget else field}
    fields = {"chat_template_kwargs": {"enable_thinking": on}}
    return fields | {"thinking_token_budget": budget} if budget else fields


def _text(content):
    """A message's text; some servers give a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content
