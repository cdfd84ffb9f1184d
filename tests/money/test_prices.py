"""Prices and budgets by hand-computed values."""

import asyncio

import pytest

from sce.asking.asker import open_asker
from sce.engines import Fatal
from sce.errors import InputError
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money import prices
from sce.money.prices import Budget, Price, open_budget
from sce.study.checks import check_budgets
from sce.study.study import load
from tests.asking.questions import entry
from tests.study.test_plan import PRICES


def test_cost_by_hand():
    price = Price(input=2, cached_input=0.5, cache_write=2.5, output=8, batch_discount=0.5)
    counts = {"in": 1000, "cached": 600, "written": 100, "out": 50, "reasoning": 30}
    by_hand = (300 * 2 + 600 * 0.5 + 100 * 2.5 + 50 * 8) / 1e6
    assert price.of(counts) == pytest.approx(by_hand)
    assert price.of(counts | {"batch": 1}) == pytest.approx(by_hand / 2)
    assert price.of({}) is None
    plain = Price(input=2, output=8)
    assert plain.of(counts) == pytest.approx((1000 * 2 + 50 * 8) / 1e6)


def test_no_answer_costs_more_than_its_bound():
    price, text = Price(input=3, cache_write=4, output=15), "日本" * 50
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 10}
    tokens_in = len(text.encode()) + 20  # a token a byte, and the chat format
    assert price.bound(body, False) >= price.of({"in": tokens_in, "written": tokens_in, "out": 10})
    with pytest.raises(InputError, match="limit of tokens"):
        price.bound({"messages": []}, False)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"model": "gpt-4.1-2025-04-14"}, (2, 8)),
        ({"model": "gpt-4o-2024-05-13"}, (5, 15)),
        ({"model": "gpt-4o-2024-11-20"}, (2.5, 10)),
        ({"model": "gpt-nine"}, None),
        ({"engine": "anthropic", "model": "claude-3-7-sonnet-20250219"}, (3, 15)),
        ({"engine": "anthropic", "model": "claude-3-5-haiku-latest"}, (0.8, 4)),
    ],
)
def test_a_model_is_found_by_its_name(fields, found):
    hosts = {"openai": "https://api.openai.com", "anthropic": "https://api.anthropic.com"}
    price = PRICES.of_entry(entry(url=hosts[fields.get("engine", "openai")], **fields))
    assert (price and (price.input, price.output)) == found
    assert PRICES.of_entry(entry(url="http://127.0.0.1:9", **fields)) is None  # another host, another price


def test_what_runs_here_is_free():
    for engine in ({"engine": "control", "policy": "nearest"}, {"engine": "vllm", "model": "a/b"}):
        experiments = {"e": {"models": ["m"], "datasets": ["exam"]}}
        made = load({"models": {"m": engine}, "experiments": experiments}, "test").config
        assert PRICES.of_entry(made.models["m"]) == prices.FREE


def test_prices_of_the_file_make_sense():
    for name, provider in PRICES.providers.items():
        for model, price in provider.models.items():
            where = f"{name}: {model}"
            assert 0 < price.input < price.output <= 100, where
            assert price.cached_input is None or price.cached_input < price.input, where
            assert price.cache_write is None or price.input < price.cache_write <= 2 * price.input, where
        assert provider.batch_discount == 0.5


# --- Budgets


def test_a_budget_stops_before_it_is_passed(tmp_path):
    path, price = tmp_path / "l.sqlite", Price(input=0, output=1000)
    budget, numbers = Budget(1.0, price, path), iter(range(100))

    def body(number):
        return {"n": number, "messages": [], "max_tokens": 200}  # 0.2 USD at most

    def ask_all(ledger):
        for number in numbers:
            if not budget.fits(body(number)):
                raise budget.exhausted()
            budget.settle(_put(ledger, body(number), 100))  # 0.1 USD in truth

    with Ledger(path) as ledger:
        with pytest.raises(Fatal, match=r"more than is left of 1 USD; .* have cost 0\.9"):
            ask_all(ledger)
        assert next(numbers) == 10
        assert budget.spent_usd == pytest.approx(0.9)
        # What is under way counts at its most; a question that failed gives its share back.
        wide = Budget(1.3, price, path)
        assert wide.fits(body(100))
        assert wide.fits(body(101))
        assert wide.waits
        assert not wide.fits(body(102))
        wide.settle(Entry.of_failure(digest(body(100)), "HTTP 500", None, 0, 1))
        assert wide.fits(body(102))
        # Another job's answers count once they are stored.
        _put(ledger, body(103), 100)
        assert wide.spent_usd == pytest.approx(1.0)


def _put(ledger, body, tokens_out):
    entry = Entry.of_reply(digest(body), Reply("answered", "a", usage={"in": 5, "out": tokens_out}), 0, 1)
    ledger.put(entry, body)
    return entry


def test_a_budget_needs_a_price(tmp_path):
    known = entry(url="https://api.openai.com", model="gpt-4.1", budget_usd=2)
    assert open_budget(known, PRICES, tmp_path).limit_usd == 2
    assert open_budget(entry(model="gpt-4.1"), PRICES, tmp_path) is None
    with pytest.raises(InputError, match=r"no price for gpt-4\.1 at 127\.0\.0\.1"):
        open_budget(entry(model="gpt-4.1", budget_usd=2), PRICES, tmp_path)


def test_a_budget_without_a_price_is_told_before_anything_is_asked():
    made = {"engine": "openai", "model": "none-such", "base_url": "https://example.org/v1", "budget_usd": 2}
    asked = {"main": {"models": ["m"], "datasets": ["exam"], "conditions": ["minimal"]}}
    read = load({"models": {"m": made}, "experiments": asked}, "some.yaml")
    with pytest.raises(InputError, match=r"some\.yaml: models\.m: budget_usd: .* none-such at example\.org"):
        check_budgets(read, PRICES)


def test_a_budget_stops_a_real_walk(tmp_path):
    """Through the asker and the SDK, against a provider on loopback."""
    from tests.asking.questions import walk
    from tests.faults import Provider, served

    provider, price = Provider(), Price(input=0, output=1000)
    with served(provider) as url:
        model = entry(url=url, max_tokens=50)  # 0.05 USD at most, 0.005 in truth
        budget = Budget(0.1, price, ledger_file(tmp_path, "openai", "tiny"))
        with (
            pytest.raises(Fatal, match="budget_usd"),
            open_asker(model, None, tmp_path, budget=budget) as asker,
        ):
            asyncio.run(walk(asker, range(100), workers=1))
        assert budget.spent_usd <= 0.1
        assert sum(provider.answered.values()) == asker.asked == 11  # 11 x 0.005 + 0.05 would pass 0.1
