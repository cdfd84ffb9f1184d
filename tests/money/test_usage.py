"""What was asked, spent and failed, by hand-computed values."""

import numpy as np
import pandas as pd
import pytest

from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money import prices, usage
from sce.money.prices import Budget, Price, load_prices
from sce.study import plan
from tests.study.test_plan import study


def responses(**columns):
    base = {
        "kind": ["question"] * 3 + ["condition"] * 2,
        "status": ["answered", "answered", "failed", "truncated", "failed"],
        "error": [None, None, "HTTP 500: request req_1a2b failed", None, "HTTP 500: request req_9z failed"],
        "tokens_in": [100, 200, None, 300, None],
        "tokens_cached": [50, 0, None, None, None],
        "tokens_out": [10, 20, None, 1000, None],
        "tokens_written": [None] * 5,
        "tokens_reasoning": [None] * 5,
        "batch": [False] * 5,
        "latency_s": [1.0, 3.0, 60.0, 9.0, 60.0],
        "attempts": [1, 2, 6, 1, 6],
    }
    return pd.DataFrame(base | columns)


def test_usage_by_hand():
    price = Price(input=2, cached_input=1, output=10, batch_discount=0.5)
    table = usage.usage(responses(), price, "m", "d").set_index("kind")
    question, condition = table.loc["question"], table.loc["condition"]
    assert list(question[["model", "dataset", "questions", "answered", "failed"]]) == ["m", "d", 3, 2, 1]
    assert (question.tokens_in, question.tokens_cached, question.tokens_out) == (300, 50, 30)
    assert question.cost_usd == pytest.approx((250 * 2 + 50 * 1 + 30 * 10) / 1e6)
    assert (question.latency_p50_s, question.attempts) == (2.0, 9)
    assert condition.truncated == 1
    assert pd.isna(condition.tokens_cached)
    assert pd.isna(question.tokens_reasoning)
    assert condition.cost_usd == pytest.approx((300 * 2 + 1000 * 10) / 1e6)
    half = usage.usage(responses(batch=[True, False, False, True, False]), price, "m", "d")
    assert half["cost_usd"][1] == pytest.approx(condition.cost_usd / 2)
    unknown = usage.usage(responses(), None, "m", "d")
    assert unknown["cost_usd"].isna().all()


def test_an_answer_whose_tokens_nobody_told_is_not_free(tmp_path):
    price, path = Price(input=0, output=1000), tmp_path / "l.sqlite"
    assert price.of({"cached": 3}) is None
    table = usage.usage(responses(tokens_out=[10, None, None, 5, None]), price, "m", "d")
    assert pd.isna(table["cost_usd"][0])  # of the first kind, an answer without its tokens
    assert table["cost_usd"][1] > 0
    body = {"messages": [], "max_tokens": 200}
    with Ledger(path) as ledger:
        ledger.put(Entry.of_reply(digest(body), Reply("answered", "x"), 0, 1), body)
    assert Budget(1.0, price, path).spent_usd == pytest.approx(price.bound(body, False))


def test_what_was_spent_counts_as_in_a_budget(tmp_path):
    made = study(
        tmp_path,
        {"paid": {"engine": "openai", "model": "gpt-4.1"}, "free": {"engine": "control", "policy": "echo"}},
    )
    assert plan.spent(made, load_prices()) == {"paid": 0.0}
    path, price = (
        ledger_file(tmp_path, "openai", "gpt-4.1"),
        load_prices().of_entry(made.config.models["paid"]),
    )
    told, untold, failed = ({"messages": [{"content": text}], "max_tokens": 200} for text in "abc")
    with Ledger(path) as ledger:
        usage = {"in": 1000, "out": 10}
        ledger.put(Entry.of_reply(digest(told), Reply("answered", "x", usage=usage), 0, 1), told)
        ledger.put(Entry.of_reply(digest(untold), Reply("answered", "x"), 0, 1), untold)
        ledger.put(Entry.of_failure(digest(failed), "no", None, 0, 1), failed)
    expected = (1000 * price.input + 10 * price.output) / 1e6 + price.bound(untold, False)
    assert plan.spent(made, load_prices())["paid"] == pytest.approx(expected)
    assert Budget(1, price, path).spent_usd == pytest.approx(expected)


def test_usage_of_nothing_told():
    none = responses(tokens_in=[np.nan] * 5, tokens_cached=None, tokens_out=None, status=["failed"] * 5)
    table = usage.usage(none, prices.FREE, "m", "d")
    assert table["tokens_in"].isna().all()
    assert table["latency_p50_s"].isna().all()
    assert list(table["cost_usd"]) == [0, 0]


def test_failures_count_by_cause():
    table = usage.failures(responses(), "m", "d")
    assert table.to_dict("records") == [
        {"model": "m", "dataset": "d", "kind": kind, "cause": "HTTP 500: request # failed", "questions": 1}
        for kind in ("condition", "question")
    ]
    assert usage.failures(responses(status=["answered"] * 5), "m", "d").empty
    assert usage.cause("HTTP 429: wait 3.5 s (id 0x7ffe12)") == "HTTP 429: wait # s (id #)"
