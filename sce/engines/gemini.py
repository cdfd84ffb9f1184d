"""Google's Gemini API through its SDK (google-genai), in the API's own protocol."""

import json
from types import SimpleNamespace

from sce.engines import About, Transient
from sce.engines.chat import merged
from sce.engines.checked import an_object
from sce.engines.remote import CONNECT_S, RemoteEngine
from sce.grids.datasets import Dataset
from sce.ledger.entries import Reply, is_count
from sce.models.gemini import Gemini

ROLES = {"user": "user", "assistant": "model"}
PAGE = 1000  # models in one piece of their list

REFUSED = {
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
    "ESCALATION",
}  # fmt: skip
STATUSES = {None: "answered", "STOP": "answered", "MAX_TOKENS": "truncated"}
STATUSES |= dict.fromkeys(REFUSED, "refused")


def open_engine(model: Gemini, dataset: Dataset) -> "GeminiEngine":
    return GeminiEngine(model)


def contents_of(messages: list[dict]) -> list[dict]:
    """The messages of a conversation, without the system prompt, in the API's form. A turn that came as
    several parts is these."""
    return [
        {"role": ROLES[message["role"]], "parts": _parts(message["content"])}
        for message in messages
        if message["role"] != "system"
    ]


def reply_of(response: dict) -> Reply:
    """The reply in a response. Raises Transient for one that cannot be an answer."""
    usage = _usage(an_object(response.get("usageMetadata")))
    candidates = response.get("candidates")
    if not candidates:
        blocked = an_object(response.get("promptFeedback")).get("blockReason")
        if blocked:
            return Reply("refused", "", finish_reason=f"prompt blocked: {blocked}", usage=usage)
        raise Transient("the reply has no candidates")
    candidate = candidates[0]
    parts, finish = an_object(candidate.get("content")).get("parts") or [], candidate.get("finishReason")
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    if finish not in STATUSES:
        raise Transient(f"the reply ended with {str(finish)[:60]}")
    if STATUSES[finish] == "answered" and not text and not parts:
        raise Transient("the reply is empty")
    return Reply(
        status=STATUSES[finish],
        response=text,
        reasoning="\n\n".join(part["text"] for part in parts if part.get("thought")) or None,
        finish_reason=finish,
        logprobs=_logprobs(candidate.get("logprobsResult")),
        usage=usage,
        # Signed thoughts go back as they came.
        turn={"role": "assistant", "content": parts} if any("thoughtSignature" in p for p in parts) else None,
    )


class GeminiEngine(RemoteEngine):
    """One model at one endpoint."""

    LOGGERS = ("google_genai",)
    PACKAGE = "google-genai"
    NEEDS = ("google.genai",)
    SDK_SENDS = True

    def body(self, messages, about: About) -> dict:
        model = self.model
        body = {
            "engine": "gemini",
            "model": model.model,
            "contents": contents_of(messages),
            "generationConfig": _configuration(model, about),
        }
        system = [message["content"] for message in messages if message["role"] == "system"]
        if system:
            body["systemInstruction"] = {"parts": [{"text": "\n\n".join(system)}]}
        if model.sent_headers:
            body["headers"] = model.sent_headers
        return merged(body, model.extra_body)

    def _open(self, options):
        import httpx2
        from google import genai
        from google.genai import errors, types

        self._http = options["http_client"]  # with aiohttp, the SDK would try broken connections twice
        http_options = types.HttpOptions(
            base_url=options["base_url"],
            headers=options["default_headers"],
            timeout=_milliseconds(self.model.timeout_s),
            retry_options=types.HttpRetryOptions(attempts=1),
            httpx_async_client=self._http,
        )
        faults = SimpleNamespace(
            APITimeoutError=httpx2.TimeoutException,
            APIConnectionError=httpx2.TransportError,
            APIStatusError=errors.APIError,
        )
        return faults, genai.Client(api_key=options["api_key"], vertexai=False, http_options=http_options)

    async def _post(self, request):
        # As they are: by itself, the SDK sends only what it knows.
        rest = {name: value for name, value in request.items() if name not in ("model", "contents")}
        config = {
            "http_options": {"extra_body": rest},
            "should_return_http_response": True,
            "automatic_function_calling": {"disable": True},
        }
        models = self._client.aio.models
        response = await models.generate_content(
            model=request["model"], contents=request["contents"], config=config
        )
        return SimpleNamespace(text=response.sdk_http_response.body)

    def _reply(self, payload):
        return reply_of(payload)

    async def _list(self):
        config = {"page_size": PAGE, "http_options": {"timeout": _milliseconds(CONNECT_S)}}
        listed = await self._client.aio.models.list(config=config)
        return SimpleNamespace(text=json.dumps({"data": [{"id": model.name} async for model in listed]}))

    async def _retrieve(self, name):
        config = {"http_options": {"timeout": _milliseconds(CONNECT_S)}}
        model = await self._client.aio.models.get(model=name, config=config)
        return SimpleNamespace(text=json.dumps({"id": model.name}))

    async def close(self):
        if self._client is not None:
            self._client.close()
            await self._http.aclose()
            self._client = None
        await super().close()


def _configuration(model, about):
    """The settings of a request, as the API names them."""
    settings = {"maxOutputTokens": model.max_tokens, "temperature": model.temperature, "seed": model.seed}
    if about.schema:
        settings |= {"responseMimeType": "application/json", "responseJsonSchema": about.schema}
    if model.logprobs is not None:
        settings |= {"responseLogprobs": True, "logprobs": model.logprobs}
    thinking = _thinking(model)
    if thinking:
        settings["thinkingConfig"] = thinking
    return {name: value for name, value in settings.items() if value is not None}


def _thinking(model):
    settings, thinking = {}, model.thinking
    if model.effort:
        settings["thinkingLevel"] = model.effort
    elif thinking:
        budgets = {"adaptive": -1, "enabled": thinking.budget, "disabled": 0}
        settings["thinkingBudget"] = budgets[thinking.form]
    if thinking and thinking.display:
        settings["includeThoughts"] = True
    return settings


def _parts(content):
    return content if isinstance(content, list) else [{"text": content}]


def _usage(usage):
    """Token counts in the words of the other engines, where ``out`` counts thoughts too."""
    reply, thoughts = usage.get("candidatesTokenCount"), usage.get("thoughtsTokenCount")
    parts = (reply or 0, thoughts or 0)
    told = reply is not None or thoughts is not None
    counts = {
        "in": usage.get("promptTokenCount"),
        "cached": usage.get("cachedContentTokenCount"),
        "out": sum(parts) if told and all(map(is_count, parts)) else None,
        "reasoning": thoughts,
    }
    return {name: count for name, count in counts.items() if count is not None}


def _logprobs(told):
    """Log-probabilities as a reply keeps them; what has another form comes back as it is."""
    try:
        tops = told.get("topCandidates") or [{}] * len(told["chosenCandidates"])
        return [
            {
                "token": chosen["token"],
                "logprob": chosen["logProbability"],
                "top": [[each["token"], each["logProbability"]] for each in top.get("candidates") or ()],
            }
            for chosen, top in zip(told["chosenCandidates"], tops, strict=True)
        ]
    except (KeyError, TypeError, AttributeError, ValueError):
        return told or None


def _milliseconds(seconds):
    return max(1, round(1000 * seconds))
