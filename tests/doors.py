"""Loopback servers that speak the protocols of providers, as these document them: path, key, request, reply.

Each ``Door`` answers at once. ``reply`` makes the text of an answer from the texts of the conversation, or an
``Answer`` to give instead; ``seen`` keeps what was asked, as (path, headers in lower case, request).
"""

import hashlib
import hmac
import importlib.util
import json
import os
import re

import pytest

from tests.faults import Answer

KEY = "canary-0123456789abcdefghij"
ALL_SDKS = "SCE_ALL_SDKS"  # set where every SDK has to be there, and no test may be skipped
THOUGHT = {"in": 40, "cached": 16, "out": 12, "reasoning": 7}


def require_sdk(door):
    """Skip a test where the SDK of a provider is not there, unless all of them are said to be."""
    for name in door.NEEDS:
        there = importlib.util.find_spec(name.split(".")[0]) and importlib.util.find_spec(name)
        if not there and ALL_SDKS not in os.environ:
            pytest.skip(f"{name} is not installed (an extra of pyproject.toml)")


class Door:
    """What the servers have in common. ``FIELDS``: of an entry that asks them, beside its address; ``NEEDS``:
    modules of an SDK that is not always there; ``KEYS``: variables that open the door."""

    engine: str
    PATH: str
    FIELDS: dict = {}
    NEEDS: tuple[str, ...] = ()
    KEYS: dict[str, str] = {}

    def __init__(self, reply=None):
        self.reply = reply or (lambda texts: json.dumps({"answer": "A"}))
        self.seen = []

    def __call__(self, method, path, headers, body) -> Answer:
        headers = {name.lower(): value for name, value in headers.items()}
        if not self.opens(headers, method, path, body):
            return self.refusal(headers)
        if method == "GET":
            return self.listing(path)
        request = json.loads(body)
        self.seen.append((path, headers, request))
        if path != self.PATH:
            return self.fault(404, f"no {path} here")
        text = self.reply(self.texts(request))
        return text if isinstance(text, Answer) else Answer.of(self.payload(text))

    def opens(self, headers, *asked) -> bool:
        """Whether the right key came along with what was asked: method, path and body."""
        return headers.get("authorization") == f"Bearer {KEY}"

    def refusal(self, headers) -> Answer:
        return self.fault(401, f"Incorrect API key provided: {headers.get('authorization')}")

    def listing(self, path) -> Answer:
        return self.fault(404, f"no {path} here")

    def fault(self, status, message, **headers) -> Answer:
        error = {"message": message, "type": "invalid_request_error", "code": None, "param": None}
        return Answer.of({"error": error}, status, headers=headers)

    def texts(self, request) -> list[str]:
        """The texts of the conversation, without the system prompt."""
        return [message["content"] for message in request["messages"] if message["role"] != "system"]

    def payload(self, text, ending="answered") -> dict:
        """A reply: answered, truncated or refused."""
        raise NotImplementedError


class ResponsesDoor(Door):
    engine, PATH = "responses", "/v1/responses"
    FIELDS = {"effort": "low"}
    KEYS = {"OPENAI_API_KEY": KEY}

    def address(self, url):
        return {"base_url": url + "/v1"}

    def listing(self, path):
        return Answer.of({"object": "list", "data": [{"id": "tiny", "object": "model"}]})

    def texts(self, request):
        items = [item for item in request["input"] if item.get("role") in ("user", "assistant")]
        return [self._text(item["content"]) for item in items]

    def _text(self, content):
        return content if isinstance(content, str) else "".join(part["text"] for part in content)

    def payload(self, text, ending="answered"):
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        if ending == "refused":
            part = {"type": "refusal", "refusal": text}
        message = {
            "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]
        }  # fmt: skip
        thought = {
            "type": "reasoning", "id": "rs_1", "encrypted_content": "c2VjcmV0",
            "summary": [{"type": "summary_text", "text": "hm"}],
        }  # fmt: skip
        return {
            "id": "resp_1", "object": "response", "model": "tiny", "error": None,
            "output": [thought, message],
            "status": "incomplete" if ending == "truncated" else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if ending == "truncated" else None,
            "usage": {
                "input_tokens": 40, "input_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 0},
                "output_tokens": 12, "output_tokens_details": {"reasoning_tokens": 7}, "total_tokens": 52,
            },
        }  # fmt: skip


class AzureDoor(Door):
    engine, PATH = "azure", "/openai/deployments/tiny/chat/completions?api-version=2024-10-21"
    KEYS = {"AZURE_OPENAI_API_KEY": KEY}

    def address(self, url):
        return {"base_url": url, "api_version": "2024-10-21"}

    def opens(self, headers, *asked):
        return headers.get("api-key") == KEY and "authorization" not in headers

    def refusal(self, headers):
        return self.fault(401, f"Access denied due to invalid subscription key {headers.get('api-key')}")

    def listing(self, path):
        assert path == "/openai/models?api-version=2024-10-21"
        return Answer.of({"data": [{"id": "gpt-4o-2024-11-20"}]})

    def payload(self, text, ending="answered"):
        finish = {"answered": "stop", "truncated": "length", "refused": "content_filter"}[ending]
        return {
            "choices": [{
                "index": 0, "finish_reason": finish, "content_filter_results": {},
                "message": {"role": "assistant", "content": text, "refusal": None},
            }],
            "usage": {
                "prompt_tokens": 40, "prompt_tokens_details": {"cached_tokens": 16},
                "completion_tokens": 12, "completion_tokens_details": {"reasoning_tokens": 7},
            },
        }  # fmt: skip


class GeminiDoor(Door):
    engine, PATH = "gemini", "/v1/models/tiny:generateContent"
    NEEDS = ("google.genai",)
    KEYS = {"GEMINI_API_KEY": KEY}

    def address(self, url):
        return {"base_url": url}

    def opens(self, headers, *asked):
        return headers.get("x-goog-api-key") == KEY

    def refusal(self, headers):
        return self.fault(400, f"API key not valid: {headers.get('x-goog-api-key')}")

    def listing(self, path):
        listed = {"name": "models/tiny", "supportedGenerationMethods": ["generateContent"]}
        return Answer.of({"models": [listed]} if "?" in path else listed)

    def fault(self, status, message, **headers):
        error = {"code": status, "message": message, "status": "INVALID_ARGUMENT", "details": []}
        return Answer.of({"error": error}, status, headers=headers)

    def texts(self, request):
        return [
            "".join(part["text"] for part in content["parts"] if not part.get("thought"))
            for content in request["contents"]
        ]

    def payload(self, text, ending="answered"):
        thought = {"text": "hm", "thought": True}
        parts = [thought, {"text": text, "thoughtSignature": "c2lnbmVk+/8="}] if text else []
        finish = {"answered": "STOP", "truncated": "MAX_TOKENS", "refused": "SAFETY"}[ending]
        return {
            "candidates": [{
                "content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0,
                "safetyRatings": [],
            }],
            "usageMetadata": {
                "promptTokenCount": 40, "cachedContentTokenCount": 16, "candidatesTokenCount": 5,
                "thoughtsTokenCount": 7, "totalTokenCount": 52,
            },
            "modelVersion": "tiny", "responseId": "r1",
        }  # fmt: skip


class ClaudeDoor(Door):
    """A model of Anthropic's on another's cloud."""

    def texts(self, request):
        contents = [message["content"] for message in request["messages"]]
        return [c if isinstance(c, str) else c[-1]["text"] for c in contents]

    def payload(self, text, ending="answered"):
        stop = {"answered": "end_turn", "truncated": "max_tokens", "refused": "refusal"}[ending]
        thought = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "tiny", "stop_reason": stop,
            "content": [thought, {"type": "text", "text": text}] if text else [],
            "usage": {
                "input_tokens": 24, "cache_read_input_tokens": 16, "output_tokens": 12,
                "output_tokens_details": {"thinking_tokens": 7},
            },
        }  # fmt: skip


class BedrockDoor(ClaudeDoor):
    engine, PATH = "bedrock", "/model/tiny/invoke"
    NEEDS = ("boto3",)
    KEYS = {
        "AWS_ACCESS_KEY_ID": f"id-{KEY}", "AWS_SECRET_ACCESS_KEY": f"secret-{KEY}",
        "AWS_SESSION_TOKEN": f"token-{KEY}",
    }  # fmt: skip

    def address(self, url):
        return {"base_url": url, "region": "eu-west-1"}

    def opens(self, headers, *asked):
        return signed_by(self.KEYS["AWS_SECRET_ACCESS_KEY"], "eu-west-1", headers, *asked)

    def refusal(self, headers):
        told = f"The canonical string was {headers.get('authorization')}"
        return self.fault(403, f"{told} {headers.get('x-amz-security-token')}")

    def fault(self, status, message, **headers):
        return Answer.of({"message": message}, status, headers=headers)


class VertexDoor(ClaudeDoor):
    engine = "vertex"
    PATH = "/v1/projects/mine/locations/eu/publishers/anthropic/models/tiny:rawPredict"
    FIELDS = {"api_key_env": "VERTEX_TOKEN"}
    KEYS = {"VERTEX_TOKEN": KEY}

    def address(self, url):
        return {"base_url": url + "/v1", "region": "eu", "project": "mine"}


def signed_by(secret, region, headers, method, path, body) -> bool:
    """Whether a request was signed with a secret, by Signature Version 4 of AWS."""
    signature = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=[^/]+/(\d{8})/([\w-]+)/bedrock/aws4_request, "
        r"SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})",
        headers.get("authorization", ""),
    )
    if signature is None or signature[2] != region:
        return False
    names = signature[3].split(";")
    lines = [f"{name}:{headers[name].strip()}\n" for name in names]
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([method, path, "", "".join(lines), signature[3], digest])
    scope = f"{signature[1]}/{region}/bedrock/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashed}"
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature[4])


DOORS = {door.engine: door for door in (AzureDoor, ResponsesDoor, GeminiDoor, BedrockDoor, VertexDoor)}
