"""Kinds of values that contracts share, so that each is checked in one way wherever it stands."""

import ipaddress
import os
import re
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, Strict

LONGEST_NAME = 100  # characters of a name that becomes part of a path
_LONGEST_PART = 255  # bytes of a part of a path, as file systems limit it
_LONGEST_LINE = 1000  # characters
_LONGEST_HOST = 253  # characters of a name, as DNS limits it
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")  # of a host's name
_DAYS = 86400


def _written(text):
    if not text.strip():
        raise ValueError("a text that is not empty")
    return text


def one_line(text: str) -> str:
    """``text``, where it is one line that is not empty."""
    if not text.strip() or text != text.strip() or "\n" in text or "\t" in text:
        raise ValueError("one line that is not empty, without white space at its ends")
    if len(text) > _LONGEST_LINE:
        raise ValueError(f"at most {_LONGEST_LINE} characters; these are {len(text):,}")
    return text


def _path(path):
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise ValueError("a path; nobody here has this home folder")
    if max(map(len, expanded.encode().split(b"/"))) > _LONGEST_PART:
        raise ValueError(f"a path whose parts have at most {_LONGEST_PART} bytes")
    return expanded


def _url(url):
    try:
        parts = urlsplit(url)
        valid = bool(re.fullmatch(r"https?", parts.scheme) and parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(f"the address of a server ({error})") from None
    # A password or a query would be a place where keys hide.
    if not valid or re.search(r"[^!-~]|[@?#\\]", url):
        raise ValueError("an address such as https://HOST:PORT/PATH, without a user, ? and #")
    is_bracketed = "[" in parts.netloc  # as IPv6 is, and addresses of versions to come: [v1.a]
    if not _is_host(parts.hostname) or (is_bracketed and ":" not in parts.hostname):
        raise ValueError(
            "an address whose host is a name (models.example.org), four numbers (127.0.0.1) or an IPv6 "
            "address ([::1])"
        )
    return url


def _is_host(host):
    """Whether every HTTP library takes a host, lower case, for what it is: resolvers read some numbers that
    are no address (127.1), and libraries do not."""
    last = host.removesuffix(".").rpartition(".")[2]
    if ":" in host or re.fullmatch(r"\d+|0x[0-9a-f]*", last):
        try:
            return "%" not in host and bool(ipaddress.ip_address(host))
        except ValueError:
            return False
    return len(host) <= _LONGEST_HOST and all(map(_LABEL.fullmatch, host.removesuffix(".").split(".")))


Member = TypeVar("Member")
Two = Annotated[tuple[Member, Member], Strict(False)]  # YAML has lists alone

# Names that become part of paths, such as a model's.
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$", max_length=LONGEST_NAME)]
Text = Annotated[str, AfterValidator(_written)]
Page = Annotated[Text, Field(max_length=100_000)]
OneLine = Annotated[Text, AfterValidator(one_line)]
Line = Annotated[Text, AfterValidator(one_line), Field(max_length=200)]
FilePath = Annotated[OneLine, AfterValidator(_path)]
Url = Annotated[str, AfterValidator(_url)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Seconds = Annotated[float, Field(ge=0.01, le=30 * _DAYS)]
Tokens = Annotated[int, Field(ge=1, le=100_000_000)]


def at_most(limit: int, bytes_of_all):
    """A check that a number is at most ``limit``; the message says how much memory the number would take, in
    bytes ``bytes_of_all(number)``."""

    def check(number):
        if number > limit:
            takes = bytes_of_all(number) / 1e9
            raise ValueError(f"at most {limit:,}; {number:,} would take {takes:,.0f} GB of memory")
        return number

    return AfterValidator(check)
