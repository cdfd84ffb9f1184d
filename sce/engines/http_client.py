"""The HTTP client that a provider's SDK sends with, and the rule that it shares with sce.engines.posting: a
key and the headers of an entry go to the origin of its base_url alone.

By themselves HTTP libraries follow a redirect to another origin with all headers but Authorization, so with
Anthropic's key and the headers read from ``$VARIABLE``, and an SDK asks any address that a reply names.
"""

import ipaddress
from urllib.parse import urlsplit

from sce.engines import Fatal

PORTS = {"http": 80, "https": 443}


class Elsewhere(Fatal):
    """A request that would leave its endpoint's origin; it was not sent."""


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address; the host of an IPv6 address in its shortest form, in brackets, as
    some HTTP libraries write it."""
    parts = urlsplit(url)
    host = parts.hostname
    if host and ":" in host:
        host = f"[{ipaddress.ip_address(host)}]"
    return parts.scheme, host, parts.port or PORTS.get(parts.scheme)


def check_origin(url: str, base_url: str) -> None:
    """Raise Elsewhere where an address has another origin than base_url."""
    scheme, host, port = origin_of(url)
    if (scheme, host, port) != origin_of(base_url):
        raise Elsewhere(
            f"{base_url} sends its requests on to {scheme}://{host}:{port}, where nothing is sent: a key and "
            "headers go to the origin of base_url alone. Is base_url right? If it has moved, name the new one"
        )


def open_client(
    base_url: str, timeout_s: float, connect_s: float, *, from_environment: bool, client_class=None
):
    """The client of an SDK. ``from_environment``: use the proxies and certificates that the environment
    names; ``client_class``: the SDK's own class of clients, where it does more than the HTTP library's."""
    import httpx2  # OpenAI's, Anthropic's and Google's SDKs are built on it

    async def check(request):  # called before every request, and before one that follows a redirect
        check_origin(str(request.url), base_url)

    return (client_class or httpx2.AsyncClient)(
        timeout=httpx2.Timeout(timeout_s, connect=connect_s),
        limits=httpx2.Limits(max_connections=None),  # max_in_flight limits them
        follow_redirects=True,
        trust_env=from_environment,
        event_hooks={"request": [check]},
    )
