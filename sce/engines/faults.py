"""What a provider's error means: try again, give this question up, or stop the job. Pure functions over what
came back, so that every engine and every way of sending (live, batch) judges alike."""

import email.utils
import math
import re
import time
from collections.abc import Mapping

from sce.engines import Fatal, Rejected, Transient

LONGEST = 400  # characters of a provider's message that are kept

NO_CREDIT = (
    "insufficient_quota",
    "billing_hard_limit",
    "billing_not_active",
    "billing_error",
    "credit balance",
    "insufficient balance",
    "insufficient credits",
    "account_deactivated",
)
TOO_LONG = (
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "context length of",
    "exceed context limit",
    "exceeds the context",
    "prompt is too long",
    "input is too long",
    "request_too_large",
    "maximum number of tokens",
    "longer than the maximum model length",
    "max_model_len",
)
NOT_ALLOWED = (
    "content_policy",
    "content_filter",
    "content filtering",
    "content management policy",
    "usage policies",
    "invalid_prompt",
    "moderation",
    "prohibited_content",
    "bio_policy",
    "misalignment_policy",
    "blocked by safety",
)
BAD_KEY = ("api key not valid", "api_key_invalid", "api key expired")  # Google's, with HTTP 400
# A thinking block that the provider will not take back (made by another account, say): a matter of one
# conversation, not of the job.
NOT_TAKEN_BACK = ("`signature` in `thinking`", "invalid signature in thinking")

ADVICE = {
    400: "a parameter of the model's entry does not fit this model: send less (null) or what it names",
    401: "the key is refused: check the variable that api_key_env names",
    402: "the account has no credit: add some, then run again; nothing answered is asked twice",
    403: "the key may not use this model or endpoint",
    404: "the endpoint does not know this model, or base_url is not what it should be",
}


def fault_of(status: int, payload, headers: Mapping[str, str] | None = None) -> Exception:
    """The exception (Transient, Rejected or Fatal) for an error that came with HTTP ``status``.

    ``payload``: the body, decoded JSON or text. An error object inside a 200 counts by its own code.
    """
    message, code = _said(payload)
    told = f"HTTP {status}: {message}" if status != 200 else message
    marks = f"{code} {message}".lower()
    if status == 200:
        status = _status_in(payload)
    if _any(NO_CREDIT, marks):
        return Fatal(f"{told} ({ADVICE[402]})", 402)
    if status == 400 and _any(BAD_KEY, marks):
        return Fatal(f"{told} ({ADVICE[401]})", 401)
    if status in (400, 413, 422) and _any(TOO_LONG, marks):
        return Rejected(f"the question is too long for the model: {message}")
    if status in (400, 403, 422, 451) and _any(NOT_ALLOWED, marks):
        return Rejected(f"the provider refuses the question: {message}")
    if status == 400 and _any(NOT_TAKEN_BACK, marks):
        return Rejected(f"the provider refuses the reasoning that it sent itself: {message}")
    if status in (408, 409, 424, 425) or (status >= 500 and status != 501):
        return Transient(told, wait_of(headers) or (0.0 if status == 529 else None))
    if status == 429:
        return Transient(told, wait_of(headers) or _delay_in(payload) or 0.0)
    advice = ADVICE.get(status, ADVICE[400] if status in (405, 413, 415, 422) else "the provider's decision")
    return Fatal(f"{told} ({advice})", status)


def wait_of(headers: Mapping[str, str] | None) -> float | None:
    """The seconds that a Retry-After header asks for, in any of its forms; None where there is none."""
    headers = headers or {}
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name) or "nan") / unit
        except ValueError:
            seconds = _until(headers[name])
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None


def _delay_in(payload):
    """The seconds that Google asks for in the body of a refusal ("34.07s"); None where it asks for none."""
    error = payload.get("error") if isinstance(payload, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        asked = detail.get("retryDelay") if isinstance(detail, dict) else None
        if delay := re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", str(asked)):
            return float(delay[1])
    return None


def is_error(payload) -> bool:
    """Whether a body that came with HTTP 200 is an error all the same."""
    return isinstance(payload, dict) and bool(payload.get("error") or payload.get("type") == "error")


def _said(payload):
    """The message and the codes of an error, in the forms that providers and servers give it."""
    if isinstance(payload, list) and payload:
        payload = payload[0]
    if not isinstance(payload, dict):
        return short(payload) or "no reason given", ""
    error = payload.get("error", payload)
    if not isinstance(error, dict):
        return short(error), ""
    message = error.get("message") or error.get("detail") or payload.get("detail") or error
    codes = " ".join(str(error[name]) for name in ("code", "type", "status") if error.get(name))
    return short(message), codes


def short(said) -> str:
    """What a provider said, on one line and not too long."""
    text = " ".join(str(said).split())
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def _status_in(payload):
    """The HTTP status that an error object names; 500 where it names none."""
    error = payload.get("error") if isinstance(payload, dict) else None
    code = error.get("code") or error.get("status_code") if isinstance(error, dict) else None
    kinds = {
        "overloaded_error": 529, "rate_limit_error": 429, "authentication_error": 401,
        "permission_error": 403, "not_found_error": 404, "invalid_request_error": 400,
        "rate_limit_exceeded": 429, "invalid_prompt": 400, "bio_policy": 400,
        "misalignment_policy_violation": 400,
    }  # fmt: skip
    if re.fullmatch("[45][0-9][0-9]", str(code)):
        return int(code)
    named = (error.get("type"), error.get("code")) if isinstance(error, dict) else ()
    return next((kinds[str(name)] for name in named if str(name) in kinds), 500)


def _until(date):
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _any(marks, text):
    return any(mark in text for mark in marks)
