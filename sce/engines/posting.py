"""Posts requests to one address over connections that are kept, past the SDK of its provider.

An SDK makes several objects of its own and of its HTTP library from every request and every reply, which
takes many times the processor time of sending and reading them (benchmarks/README.md). Its client still says
what is sent with a request: the address, and the headers with the key. Through a proxy the SDK sends by
itself, since it knows every kind of proxy.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from sce.engines.http_client import check_origin

# Servers close connections that nothing came over for a while, most of them after 5 s or more: a request must
# not be sent at that very moment.
KEPT_S = 4
LONGEST_HEADER = 65_536  # bytes


class Response(NamedTuple):
    """What came back, under the names that the SDKs' HTTP library gives it."""

    status_code: int
    headers: Mapping[str, str]
    text: str


class Refused(Exception):
    """An HTTP status that says that the request failed."""

    def __init__(self, response: Response):
        super().__init__(f"HTTP {response.status_code}")
        self.response = response


class Broken(Exception):
    """The connection broke, or there never was one: its cause says why."""


def is_proxied(url: str) -> bool:
    """Whether the environment names a proxy for an address."""
    parts, proxies = urlsplit(url), getproxies()
    return bool(proxies.get(parts.scheme) or proxies.get("all")) and not proxy_bypass(parts.netloc)


class Poster:
    """Posts to ``path`` at the base URL of an SDK's client, with what the client sends along. A connection
    has to be there within ``connect_s``; how long a reply takes is the caller's to limit."""

    def __init__(self, client, path: str, connect_s: float):
        import aiohttp

        self._aiohttp = aiohttp
        self._url = str(client.base_url).rstrip("/") + path
        sent = client.auth_headers | client.default_headers
        # In lower case, so that a header of the model's entry takes the place of the SDK's; what the SDK
        # leaves out is no text.
        self._headers = {name.lower(): value for name, value in sent.items() if isinstance(value, str)}
        self._connect_s = connect_s
        self._session = None

    async def post(self, request: dict) -> Response:
        """One exchange. Raises Refused, Broken, Elsewhere or TimeoutError (no connection in time)."""
        session = self._session or self._open()
        data = json.dumps(request, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        try:
            async with session.post(self._url, data=data) as answer:
                text = await answer.text(errors="replace")
                response = Response(answer.status, answer.headers, text)
        except TimeoutError:
            raise
        # ValueError: a name or charset that is none, a redirect to an address with a user
        except (self._aiohttp.ClientError, OSError, ValueError) as error:
            raise Broken from error
        if not 200 <= response.status_code < 300:
            raise Refused(response)
        return response

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self):
        """The connections, in the event loop that runs."""
        from httpx2 import create_ssl_context  # trusts what the SDKs trust

        aiohttp = self._aiohttp
        secure = {"ssl": create_ssl_context()} if self._url.startswith("https:") else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S, **secure),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_s),
            headers=self._headers,
            middlewares=(self._stay,),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
        )
        return self._session

    async def _stay(self, request, send):
        """Called for every request, also for one that follows a redirect."""
        check_origin(str(request.url), self._url)
        return await send(request)
