"""Keys of providers: where they may stand (the environment, a ``.env`` file) and where they must not (any
configuration, log, ledger or error)."""

import os
import re
from pathlib import Path

from sce.errors import InputError

HIDDEN = "[a key, hidden]"
ADVICE = (
    "no keys here: put it into the environment or a .env file, and name the variable in api_key_env "
    "(a header's value may be $VARIABLE)"
)
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")

_PREFIXES = r"(?:sk|xai|pplx|nvapi)-|(?:gsk|hf|ghp|r8|github_pat)_|AIza|AKIA"
_VALUE = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_PREFIXES})[A-Za-z0-9_-]{{12,}}"  # as providers shape them
    r"|\bbearer\s+(?=\S*\d)[^\s$]{16,}"
    r"|://[^/\s@]+:[^/\s@]+@"  # user:password@host
    r"|[?&](?:api[-_]?key|key|token)=",
    re.I,
)
_NAME = re.compile(
    r"(?:.*(?:apikey|subscriptionkey|secretkey|accesskey|accesstoken|authtoken|apitoken|bearertoken|hftoken)"
    r"|token|secret|clientsecret|password|passwd|(?:.*)authorization)"
)


def refuse_keys(content, where, path: tuple = ()) -> None:
    """Raise InputError for anything in ``content`` that is, or by its name would hold, a key. The message
    names the place and never shows the value."""
    if isinstance(content, dict):
        for name, value in content.items():
            named = _NAME.fullmatch(re.sub(r"[^a-z0-9]", "", str(name).lower()))
            if named and not _is_reference(value):
                raise InputError(where, ".".join((*path, _safe(name))), HIDDEN, ADVICE)
            if _VALUE.search(str(name)):
                raise InputError(where, ".".join(path) or "content", HIDDEN, ADVICE)
            if name == "api_key_env" and value is not None and not VARIABLE.fullmatch(str(value)):
                # Not shown: who mistakes the field's meaning writes the key itself here.
                allowed = "the name of an environment variable, such as OPENAI_API_KEY, or null for none"
                raise InputError(where, ".".join((*path, "api_key_env")), "[hidden]", allowed)
            refuse_keys(value, where, (*path, str(name)))
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            refuse_keys(value, where, (*path, str(number)))
    elif isinstance(content, str) and _VALUE.search(content):
        raise InputError(where, ".".join(path) or "content", HIDDEN, ADVICE)


def read_key(name: str) -> str | None:
    """The value of a variable: from the environment, else from ``.env`` in the working directory."""
    return (os.environ.get(name) or _dotenv().get(name) or "").strip() or None


def resolve(value: str) -> str | None:
    """A header's value: ``$VARIABLE`` is read like a key, anything else stands for itself."""
    return read_key(value[1:]) if _is_reference(value) else value


def hide(text: str, *keys: str | None) -> str:
    """``text`` without any of the keys: providers and proxies echo them in their errors."""
    for key in filter(None, keys):
        text = text.replace(key, HIDDEN)
    return text


def _is_reference(value):
    return isinstance(value, str) and value.startswith("$") and bool(VARIABLE.fullmatch(value[1:]))


def _safe(name):
    return HIDDEN if _VALUE.search(str(name)) else str(name)


def _dotenv(path=Path(".env")):
    """NAME=value lines, with or without ``export`` and quotes; # starts a comment."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", line)
        if match:
            name, value = match.groups()
            quoted = re.fullmatch(r"(['\"])(.*)\1(?:\s+#.*)?", value)
            found[name] = quoted[2] if quoted else re.sub(r"(?:^|\s+)#.*", "", value)
    return found
