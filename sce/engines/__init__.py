"""Engines: each turns one request into one reply. Ledger, retries, pacing and cost wrap them from outside.

An engine is a module with a function ``open_engine(model, dataset) -> Engine``: ``sce.engines.NAME``, or one
from outside the package that ``add_engine`` names. Opening is cheap: weights, servers and heavy imports wait
for ``start``, which is called once, and only when the ledger lacks an answer.
"""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from sce.ledger.entries import Reply

_ADDED: dict[str, str] = {}


class About(NamedTuple):
    """What a request is about: for engines that answer from knowledge instead of from text (control), and for
    those that constrain the reply. ``kind``: question or condition; ``name``: of the prompt; ``record``: the
    instance x; ``answer``: the option chosen at x, in a follow-up; ``schema``: JSON schema of the reply where
    the model's entry asks for structured output; ``again``: the number of the asking, where the same is asked
    more than once. For other kinds of requests: ``more``, further facts, and ``control``, how a control
    respondent answers them (a function of the respondent and the request's body that returns the reply's
    text)."""

    kind: str
    name: str
    record: dict
    answer: str | None = None
    schema: dict | None = None
    more: dict | None = None
    control: Callable[[Any, dict], str] | None = None
    again: int = 1


class Engine(Protocol):
    """What every engine offers. ``free``: an answer costs nothing, and asking again gives the same one. An
    engine may also have ``lacks() -> list[str]``: see ``lacking``."""

    free: bool

    def body(self, messages: list[dict], about: About) -> dict:
        """The request as it will be sent: all that shapes the answer, nothing that does not. Its digest is
        the answer's key in the ledger, so it names the engine, the model and its revision too."""

    async def start(self) -> None:
        """Load weights, start a server, open a client: whatever answering needs."""

    async def ask(self, body: dict) -> Reply:
        """One attempt. Raises Transient, Rejected or Fatal."""

    async def close(self) -> None:
        """Give everything back; safe to call when nothing was started."""


AGAIN = "again"  # in a body: which asking of the same request it is, from the second on; not sent
NOT_SENT = frozenset({"engine", "headers", AGAIN})  # in a body for its identity, or sent elsewhere


def without_identity(body: dict, *more: str) -> dict:
    """The request in a body, exactly as an endpoint is sent it. ``more``: further fields of the engine's that
    are there for identity alone."""
    return {name: value for name, value in body.items() if name not in NOT_SENT and name not in more}


def body_of(engine: Engine, messages: list[dict], about: About) -> dict:
    """The request of an engine, with the number of the asking from the second on: what is asked again has a
    key of its own in the ledger, and what is asked once has the one that it always had. Where answers are
    drawn at random, by a seed of their own, so that they can differ."""
    body = engine.body(messages, about)
    if about.again == 1:
        return body
    drawn = {"seed": body["seed"] + about.again - 1} if body.get("temperature") and "seed" in body else {}
    return body | drawn | {AGAIN: about.again}


class Transient(Exception):
    """This attempt failed, another may not. ``wait``: seconds the provider asked us to wait, 0 where it asked
    us to slow down and did not say for how long, None for any other fault."""

    def __init__(self, cause: str, wait: float | None = None):
        super().__init__(cause)
        self.wait = wait


class Rejected(Exception):
    """This question cannot be answered (a context too long); others can."""


class Fatal(Exception):
    """No question can be answered (a bad key, no credit, an unknown model): the job stops and says why.
    ``status``: of HTTP, where the provider gave one."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


def add_engine(name: str, module: str) -> None:
    """Let entries name an engine from outside the package, by the module that opens it."""
    _ADDED[name] = module


def module_of(name: str) -> str:
    """The module of an engine."""
    return _ADDED.get(name, f"sce.engines.{name}")


def is_installed(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # the package that it is in is missing
        return False


def lacking(engine: Engine) -> list[str]:
    """What an engine would fail for if it were asked here, as far as its ``lacks`` says: a key that is not
    set, a package that is not installed. That loads no library and calls no provider."""
    return list(engine.lacks()) if hasattr(engine, "lacks") else []


def open_engine(model, dataset) -> Engine:
    """The engine a model's entry names, not yet started."""
    return importlib.import_module(module_of(model.engine)).open_engine(model, dataset)
