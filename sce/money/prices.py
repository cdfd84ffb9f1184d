"""Money: what tokens cost (config/prices.yaml), and a budget that stops the questions before it is exceeded.

Token counts are those of ``Entry.usage``: ``in`` (all of the prompt), of which ``cached`` were read from and
``written`` were put into the provider's cache; ``out`` (all of the reply, reasoning included); ``batch`` is 1
where the answer came through a batch API. What failed tries cost, only the provider knows.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from sce.engines import Fatal
from sce.errors import InputError
from sce.files.contracts import Contract, check
from sce.files.places import found
from sce.files.yaml_files import read_yaml
from sce.ledger.entries import Entry, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.ledger.of_model import LedgerOfModel
from sce.models.remote import Hosted

PRICES = Path("config/prices.yaml")
OLD_DAYS = 90
OVERHEAD_TOKENS = 50  # of a chat format around the text, at most
LIMIT_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")
_DATE = re.compile(r"(?:-latest|-\d{4}-\d{2}-\d{2}|[-@]\d{8})$")


class Price(Contract):
    """USD per million tokens; ``batch_discount``: the share that a batch saves."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)
    cache_write: float | None = Field(None, ge=0)
    batch_discount: float = Field(0, ge=0, lt=1)

    def of(self, usage: dict) -> float | None:
        """USD for the tokens of one answer; None where the provider did not report them."""
        if "in" not in usage or "out" not in usage:
            return None
        cached, written = usage.get("cached", 0), usage.get("written", 0)
        fresh = max(0, usage["in"] - cached - written)
        full = (
            fresh * self.input
            + cached * _either(self.cached_input, self.input)
            + written * _either(self.cache_write, self.input)
            + usage["out"] * self.output
        ) / 1e6
        return full * (1 - self.batch_discount) if usage.get("batch") else full

    def bound(self, body: dict, batch: bool) -> float:
        """The largest possible cost of the answer to a request, in USD: no token is shorter than a byte, and
        no reply longer than its limit. Raises InputError where the request sets no limit."""
        size = len(json.dumps(body, ensure_ascii=False).encode())
        limits = body | body.get("generationConfig", {})  # where Gemini has them
        limit = next((limits[field] for field in LIMIT_FIELDS if field in limits), None)
        if limit is None:
            raise InputError(
                "budget_usd", "request", "no limit of tokens", "one of " + ", ".join(LIMIT_FIELDS)
            )
        tokens_in = size + OVERHEAD_TOKENS
        dearest_in = max(self.input, _either(self.cache_write, self.input))
        full = (tokens_in * dearest_in + limit * self.output) / 1e6
        return full * (1 - self.batch_discount) if batch else full


FREE = Price(input=0, output=0)


class Provider(Contract):
    """The prices of the models at some hosts."""

    hosts: list[str] = Field(min_length=1)
    batch_discount: float = Field(0, ge=0, lt=1)
    models: dict[str, Price]


class Prices(Contract):
    """config/prices.yaml. ``read_on``: the day on which the prices were read at the providers."""

    read_on: date | None = Field(None, strict=False)  # YAML has it in quotes
    providers: dict[str, Provider]

    def doubt(self, today: date) -> str | None:
        """Why they may no longer be what providers ask."""
        if self.read_on is None:
            return f"{PRICES} does not say when its prices were read (read_on)."
        age = (today - self.read_on).days
        if age > OLD_DAYS:
            return f"The prices of {PRICES} were read {age} days ago, on {self.read_on}: look them up again."
        if age < -1:  # a day off is a matter of time zones
            return f"{PRICES} says that its prices were read on {self.read_on}, a day to come (read_on)."
        return None

    def of_entry(self, entry) -> Price | None:
        """The price of a model's entry: FREE for a model that runs here; None where the price is not
        known."""
        if not isinstance(entry, Hosted):
            return FREE
        host = urlsplit(entry.base_url).hostname
        for provider in self.providers.values():
            if host in provider.hosts:
                models = provider.models
                price = models.get(entry.model) or models.get(_DATE.sub("", entry.model))
                discount = {"batch_discount": provider.batch_discount}
                return price and price.model_copy(update=discount)
        return None


def load_prices(path=PRICES) -> Prices:
    """The prices in a YAML file, checked: the user's own, or the workflow's."""
    path = found(Path(path))
    return check(Prices, read_yaml(path), path)


def costs(ledger: Ledger, price: Price, batch: bool, after: int = 0) -> Iterator[tuple[int, float]]:
    """Row and USD of every answer in a ledger after row ``after``; an answer without token counts counts as
    its largest possible cost."""
    for row, key, status, usage in ledger.usages(after):
        cost = price.of(usage)
        if cost is None:
            cost = 0.0 if status == "failed" else price.bound(ledger.request(key), batch)
        yield row, cost


class Budget:
    """The most that the answers in the files of a model may cost: all that was ever paid for them counts,
    in any run and for any model's entry that shares the files. (Answers from a colleague's ledger count too.)

    Jobs that run side by side see each other's answers only once these are stored. So together they may
    exceed the limit, by the cost of the questions that the others have under way.
    """

    def __init__(self, limit_usd: float, price: Price, path, batch: bool = False):
        self.limit_usd, self.price, self.path, self.batch = limit_usd, price, Path(path), batch
        self._reserved: dict[str, float] = {}
        self._reserved_usd = self._stored_usd = 0.0
        self._ledger: LedgerOfModel | None = None
        self._last_rows: dict[Ledger, int] = {}  # of each file the last row that was counted

    @property
    def spent_usd(self) -> float:
        """What the answers in the ledger have cost so far; an answer without token counts counts as its
        largest possible cost."""
        self._ledger = self._ledger or LedgerOfModel(self.path, read_only=True)
        self._ledger.look_again()
        for file in self._ledger.files:
            for row, cost in costs(file, self.price, self.batch, self._last_rows.get(file, 0)):
                self._last_rows[file] = row
                self._stored_usd += cost
        return self._stored_usd

    def fits(self, body: dict) -> bool:
        """Set aside the largest possible cost of a question. Where this question and those under way could
        exceed the limit, set nothing aside and return False."""
        if self.spent_usd + self._reserved_usd + self.price.bound(body, self.batch) > self.limit_usd:
            return False
        self.set_aside(body)
        return True

    def set_aside(self, body: dict) -> None:
        """Set aside the largest possible cost of a question that is already under way, whether it fits or
        not."""
        bound = self.price.bound(body, self.batch)
        self._reserved[digest(body)] = bound
        self._reserved_usd += bound

    @property
    def waits(self) -> bool:
        """Whether something is set aside for questions under way, part of which may be given back."""
        return bool(self._reserved)

    def settle(self, entry: Entry) -> None:
        """A question has ended and is in the ledger, from which its cost is now counted."""
        self.release(entry.digest)

    def release(self, digest: str) -> None:
        """Give back what was set aside for a question."""
        self._reserved_usd -= self._reserved.pop(digest, 0.0)

    def exhausted(self) -> Fatal:
        """The error to raise when no further question fits."""
        return Fatal(
            f"budget_usd: the next question could cost more than is left of {self.limit_usd:g} USD; the "
            f"answers in {self.path} have cost {self.spent_usd:.2f} USD (raise budget_usd and run again: no "
            "answer is asked for or paid for twice)"
        )


def spent_on(entry, prices: Prices, folder) -> Callable[[], float] | None:
    """What the answers in a model's files of the ledger have cost at the time of the call, in USD; None for a
    model that costs nothing, or whose price is not known."""
    price = prices.of_entry(entry)
    if price is None or not isinstance(entry, Hosted):
        return None
    path = ledger_file(folder, entry.engine, entry.provider_model)
    so_far = Budget(math.inf, price, path, batch=entry.mode == "batch")
    return lambda: so_far.spent_usd


def check_budget(entry, prices: Prices, where: str) -> None:
    """Raises InputError for a model's entry that has a limit and no known price."""
    if getattr(entry, "budget_usd", None) is not None and prices.of_entry(entry) is None:
        host = urlsplit(entry.base_url).hostname
        raise InputError(
            where, "budget_usd", f"a limit, but no price for {entry.model} at {host}",
            f"a price for it in {PRICES}, or no limit",
        )  # fmt: skip


def open_budget(entry, prices: Prices, folder, where: str = "models") -> Budget | None:
    """The budget of a model's entry, or None where it has no limit. Raises InputError where a limit is set
    and the price is not known."""
    limit = getattr(entry, "budget_usd", None)
    if limit is None:
        return None
    check_budget(entry, prices, where)
    path = ledger_file(folder, entry.engine, entry.provider_model)
    return Budget(limit, prices.of_entry(entry), path, batch=entry.mode == "batch")


def _either(price, otherwise):
    return otherwise if price is None else price
