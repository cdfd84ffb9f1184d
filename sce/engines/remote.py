"""What the engines have in common that ask over HTTP: opening a provider's SDK and checking the endpoint with
it, sending one request (see sce.engines.posting), and sorting every fault into one of three kinds (see
sce.engines.faults).

The SDKs' own retries are off: one policy rules, and it lives in sce.asking.tries.
"""

import asyncio
import logging
import time
from typing import ClassVar

from sce.engines import Fatal, Transient, is_installed, without_identity
from sce.engines.checked import Checker
from sce.engines.faults import fault_of, is_error, short
from sce.engines.http_client import Elsewhere, open_client
from sce.engines.posting import Broken, Poster, Refused, is_proxied
from sce.files.secrets import hide, keys_in, read_key, resolve
from sce.ledger.entries import Reply
from sce.models.remote import Hosted, Remote

CONNECT_S = 10
DOWN_S = 5  # how long a server that refuses connections may take to come up, at the very start
NAMES_SHOWN = 20


class RemoteEngine:
    """One model at one endpoint. Subclasses know the SDK and the format: ``_open``, ``_sent``, ``_reply``.

    Class variables. ``PATH``: of the endpoint, after base_url. ``LISTING``: query of the list of models.
    ``NEEDS``: modules of the SDK. ``PACKAGE``: what to install for them, where it has another name.
    ``LOGGERS``: of what the SDK uses, beside those of all SDKs. ``HEEDS_PROXIES``: use those that the
    environment names. ``SDK_SENDS``: the SDK alone knows where a request goes, or how it is signed.
    """

    free = False
    PATH: ClassVar[str]
    LISTING: ClassVar[dict] = {}
    LOGGERS: ClassVar[tuple[str, ...]] = ()
    PACKAGE: ClassVar[str | None] = None
    NEEDS: ClassVar[tuple[str, ...]] = ()
    HEEDS_PROXIES: ClassVar[bool] = True
    SDK_SENDS: ClassVar[bool] = False

    def __init__(self, model: Remote):
        self.model = model
        self.checker = Checker(self._hidden)
        self._client = self._poster = self._sdk = self._url = self._key = None
        self._secrets: tuple[str, ...] = ()

    def lacks(self) -> list[str]:
        """What asking would fail for, as far as it shows without opening or calling anything."""
        missing = [name for name in self.NEEDS if not is_installed(name)]
        found = [self._needed(missing[0])] if missing else []  # one package brings all modules
        for check in self._checks():
            try:
                check()
            except Fatal as error:
                found.append(str(error))
        return found

    async def start(self) -> None:
        """Open the client; ask the endpoint whether it is there and serves the model."""
        self._connect(self.model.base_url, self._read_key(self.model))
        await self._probe(self.model)

    async def ask(self, body: dict) -> Reply:
        request = self._sent(body)
        payload = await self._exchange(lambda: self._post(request))
        return self.checker.reply(self._reply, payload)

    async def close(self) -> None:
        await self._disconnect()

    async def _disconnect(self):
        for client in filter(None, (self._poster, self._client)):
            await client.close()
        self._poster = self._client = None

    def _open(self, sdk_options: dict):
        """The SDK's module and its client, made with ``sdk_options``."""
        raise NotImplementedError

    def _sent(self, body: dict) -> dict:
        """The request in a body."""
        return without_identity(body)

    def _reply(self, payload: dict) -> Reply:
        raise NotImplementedError

    def _connect(self, url, key):
        for name in ("httpx2", "httpx", "openai", "anthropic", *self.LOGGERS):  # they log every request
            logging.getLogger(name).setLevel(logging.WARNING)
        self._url, self._key = url, key
        headers = self._headers()
        sent = [headers[name] for name, value in self.model.headers.items() if value[:1] == "$"]
        self._secrets = keys_in(key, *sent)
        try:
            http_client = self._http_client(url)
            self._sdk, self._client = self._open(
                {
                    "base_url": url,
                    "api_key": key or "none",  # the SDKs insist on one
                    "max_retries": 0,
                    "timeout": http_client.timeout,
                    "default_headers": headers,
                    "http_client": http_client,
                }
            )
            if not (self.SDK_SENDS or (self.HEEDS_PROXIES and is_proxied(url))):
                self._poster = Poster(self._client, self.PATH, CONNECT_S)
        except ValueError as error:
            raise Fatal(self._hidden(f"the engine {self.model.engine} cannot be opened: {error}")) from None
        except ImportError as error:
            if error.name is None:  # a library says itself what it lacks, for a proxy of the environment
                raise Fatal(f"the engine {self.model.engine} cannot be opened: {error}") from None
            raise Fatal(self._needed(error.name)) from None

    def _http_client(self, url, client_class=None):
        return open_client(
            url,
            self.model.timeout_s,
            CONNECT_S,
            from_environment=self.HEEDS_PROXIES,
            client_class=client_class,
        )

    def _needed(self, module):
        package = self.PACKAGE or module
        return f"the engine {self.model.engine} needs the package {package} (pip install {package})"

    def _checks(self):
        """Functions that raise Fatal where what they look for is missing."""
        return lambda: self._read_key(self.model), self._headers

    def _read_key(self, model: Hosted):
        if model.api_key_env is None:
            return None
        key = read_key(model.api_key_env)
        if key is None:
            raise Fatal(
                f"{model.api_key_env} is not set: export it, or write {model.api_key_env}=... into .env in "
                "the working directory (api_key_env: null where the endpoint needs no key)"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise Fatal(f"the value of {model.api_key_env} cannot be a key: it has blanks or odd characters")
        return key

    def _headers(self):
        return {name: self._header(name, value) for name, value in self.model.headers.items()}

    def _header(self, name, value):
        resolved = resolve(value)
        if resolved is None:
            raise Fatal(f"the header {name} needs the variable {value}, which is not set")
        if not (resolved.isascii() and resolved.isprintable()):
            raise Fatal(f"the value of {value} cannot be the header {name}: it has odd characters")
        return resolved

    async def _post(self, request):
        if self._poster is not None:
            return await self._poster.post(request)
        from httpx2 import Response  # OpenAI's and Anthropic's SDKs are built on it

        # Not by the SDK's method for the endpoint: it looks through a request for what it knows, and some
        # entries send what it does not.
        return await self._client.post(self.PATH, cast_to=Response, body=request)

    async def _exchange(self, send):
        """The decoded body of one exchange. Raises Transient, Rejected or Fatal, never with a key in it."""
        sdk = self._sdk
        try:
            async with asyncio.timeout(self.model.timeout_s):
                response = await send()
                text = getattr(response, "http_response", response).text
        except (TimeoutError, sdk.APITimeoutError):
            raise Transient(f"no reply within {self.model.timeout_s:g} s") from None
        except (sdk.APIStatusError, Refused) as error:
            refusal = error.response
            payload = self.checker.decoded(refusal.text)
            raise self._placed(fault_of(refusal.status_code, payload, refusal.headers)) from None
        except (sdk.APIConnectionError, Broken, Elsewhere) as error:
            self._stop_elsewhere(error)
            raise _Broken(self._hidden(f"the connection broke ({_cause(error)})"), error) from None
        except (UnicodeError, LookupError):
            raise Transient("the reply is no text") from None
        payload = self.checker.decoded(text)
        if is_error(payload):
            raise self._placed(fault_of(200, payload)) from None
        if not isinstance(payload, dict):
            raise Transient(f"the reply is no JSON object: {str(payload)[:80]!r}")
        return payload

    def _stop_elsewhere(self, error):
        """Raise Fatal where a request failed because it would have gone to another origin."""
        if isinstance(elsewhere := _root(error), Elsewhere):
            raise Fatal(self._hidden(str(elsewhere))) from None

    def _placed(self, fault):
        """A fatal fault whose message names the place it came from."""
        if not isinstance(fault, Fatal):
            return fault
        return Fatal(f"{self.model.model} at {self._url}: {fault}", fault.status)

    def _hidden(self, text):
        """A text without the job's keys: an endpoint, or a proxy before it, may repeat what it was sent."""
        return hide(text, *self._secrets)

    # --- the endpoint, before the first question

    async def _probe(self, model: Hosted):
        """Raises Fatal where nothing listens, the key is refused, or the model is not among those listed.

        Whatever else goes wrong here (no list of models, a fault on the way) is left to the questions.
        """
        until = time.monotonic() + DOWN_S
        while True:
            try:
                items = await self._items()
                break
            except _Broken as error:
                if not error.unreachable:
                    return
                if time.monotonic() > until:
                    raise Fatal(
                        f"nothing answers at {model.base_url}: {error}. Is the server running, and is "
                        "base_url right?"
                    ) from None
                await asyncio.sleep(0.5)
            except Fatal as error:
                if error.status in (401, 402):
                    raise
                return
            except Exception:  # a list in an unknown form is no reason to stop
                return
        if not model.check_model or not items:
            return
        item = items.get(model.model) or await self._retrieved(model.model)
        if item is None:
            raise Fatal(
                f"{model.base_url} does not serve {model.model}; it serves {_listed(items, model.model)} "
                "(check_model: false skips this check)"
            )
        refused = self._refused(item)
        if refused:
            raise Fatal(f"{model.base_url} says that {model.model} does not take {', '.join(refused)}")

    async def _items(self):
        """What the endpoint says about each model that it lists, by name."""
        payload = await self._exchange(self._list)
        return {str(item["id"]).removeprefix("models/"): item for item in payload["data"]}  # Gemini's prefix

    async def _list(self):
        models = self._client.models.with_raw_response
        return await models.list(timeout=CONNECT_S, extra_query=self.LISTING)

    async def _retrieve(self, name):
        return await self._client.models.with_raw_response.retrieve(name, timeout=CONNECT_S)

    async def _retrieved(self, name):
        """What the endpoint says about a model that it does not list: it serves aliases too. None for one
        that it does not know."""
        try:
            return await self._exchange(lambda: self._retrieve(name))
        except Fatal as error:
            return None if error.status == 404 else {}
        except Exception:  # it did not say, so the first question will
            return {}

    def _refused(self, item: dict) -> list[str]:
        """The settings of the model's entry that the model does not take, according to its endpoint."""
        return []


class _Broken(Transient):
    """A connection that broke or never was. ``unreachable``: nothing listens there."""

    def __init__(self, cause, error):
        super().__init__(cause)
        self.unreachable = type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout")


def _root(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _cause(error):
    return short(f"{type(error.__cause__ or error).__name__}: {_root(error)}")


def _listed(names, wanted):
    """The names, those most like the wanted one first."""
    import difflib

    like = difflib.get_close_matches(wanted, names, n=5, cutoff=0.4)
    shown = list(dict.fromkeys([*like, *sorted(names)]))
    more = len(shown) - NAMES_SHOWN
    return ", ".join(shown[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
