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
REFERENCE = re.compile(r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})", re.ASCII)
DOTENV = Path(".env")
SHORTEST_KEY = 8  # characters: what is shorter ("none") is no secret, and may be a word of an answer

_PREFIXES = r"(?:sk|xai|pplx|nvapi)-|(?:gsk|hf|ghp|r8|github_pat)_|AIza|AKIA"
_VALUE = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_PREFIXES})[A-Za-z0-9_-]{{12,}}"  # as providers shape them
    r"|\bbearer\s+(?=\S*\d)[^\s$]{16,}"
    r"|://[^/\s@:]+:[^/\s@]+@"  # user:password@host
    r"|[?&](?:api[-_]?key|key|token)=",
    re.I,
)
_NAME = re.compile(
    r"(?:.*(?:apikey|subscriptionkey|secretkey|accesskey|accesstoken|authtoken|apitoken|bearertoken|hftoken)"
    r"|token|secret|clientsecret|password|passwd|(?:.*)authorization)"
)


def refuse_keys(content, where, path: tuple = (), by_name: bool = True) -> None:
    """Raise InputError for anything in ``content`` that is, or by its name would hold, a key. The message
    names the place and never shows the value. ``by_name``: whether names count; those of a dataset's
    features mean something else (token)."""
    if isinstance(content, dict):
        for name, value in content.items():
            named = _NAME.fullmatch(re.sub(r"[^a-z0-9]", "", str(name).lower()))
            if by_name and named and not _is_reference(value):
                raise InputError(where, ".".join((*path, _safe(name))), HIDDEN, ADVICE)
            if _VALUE.search(str(name)):
                raise InputError(where, ".".join(path) or "content", HIDDEN, ADVICE)
            if by_name and name == "api_key_env" and value is not None and not VARIABLE.fullmatch(str(value)):
                # Not shown: who mistakes the field's meaning writes the key itself here.
                allowed = "the name of an environment variable, such as OPENAI_API_KEY, or null for none"
                raise InputError(where, ".".join((*path, "api_key_env")), "[hidden]", allowed)
            refuse_keys(value, where, (*path, str(name)), by_name)
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            refuse_keys(value, where, (*path, str(number)), by_name)
    elif isinstance(content, str) and _VALUE.search(content):
        raise InputError(where, ".".join(path) or "content", HIDDEN, ADVICE)


def read_key(name: str) -> str | None:
    """The value of a variable: from the environment, else from ``.env`` in the working directory, where it
    stands as it is: nothing in it is replaced, and nothing of it reaches the environment."""
    return (os.environ.get(name) or _dotenv().get(name) or "").strip() or None


def referenced(value: str) -> str | None:
    """The variable that a value such as ``$NAME`` or ``${NAME}`` stands for; None for any other value."""
    match = REFERENCE.fullmatch(value)
    return match and (match["plain"] or match["braced"])


def resolve(value: str) -> str | None:
    """A header's value: a reference is read like a key, anything else stands for itself."""
    name = referenced(value)
    return read_key(name) if name else value


def keys_in(*values: str | None) -> tuple[str, ...]:
    """What is to be hidden of the values of variables that hold keys: each, and of several words (Bearer KEY)
    each word, from SHORTEST_KEY on."""
    texts = [text for value in filter(None, values) for text in (value, *value.split())]
    return tuple(dict.fromkeys(text for text in texts if len(text) >= SHORTEST_KEY))


def hide(text: str, *keys: str | None) -> str:
    """``text`` without any of the keys: providers and proxies echo them in their errors."""
    for key in filter(None, keys):
        text = text.replace(key, HIDDEN)
    return text


def _is_reference(value):
    """Whether a value names a variable as providers call them: a key that begins with $ must not pass."""
    return isinstance(value, str) and bool(VARIABLE.fullmatch(referenced(value) or ""))


def _safe(name):
    return HIDDEN if _VALUE.search(str(name)) else str(name)


def _dotenv():
    if not DOTENV.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return dotenv_values(DOTENV, interpolate=False)
    except UnicodeDecodeError:
        raise InputError(DOTENV, "encoding", "bytes that are no UTF-8", "a text in UTF-8") from None
    except OSError as error:
        raise InputError(DOTENV, "file", error.strerror, "a file that can be read") from None
