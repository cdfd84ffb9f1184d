"""How far a study is, from ledgers written by hand."""

import pytest

from sce.ledger.entries import Entry, digest
from sce.ledger.ledger import Ledger, ledger_file
from sce.money.prices import load_prices
from sce.study.status import Activity, report
from sce.study.study import load

NOW = 1_000_000.0
FAILED = "HTTP 500: not today"


def asked(folder, *rows):
    """A ledger file with questions that ended so many seconds before NOW, with a status."""
    path = ledger_file(folder, "openai", "tiny")
    with Ledger(path) as ledger:
        for number, (status, before) in enumerate(rows):
            body = {"engine": "openai", "number": number}
            error = FAILED if status == "failed" else None
            response = None if error else "Cold"
            entry = Entry(
                digest(body), status, response, None, None, error, None, None, {}, 1.0, 1, NOW - before
            )
            ledger.put(entry, body)
        ledger.commit()
    return path


def test_the_pace_is_that_of_the_last_ten_minutes(tmp_path):
    path = asked(tmp_path, ("answered", 5000), ("answered", 100), ("failed", 60), ("answered", 20))
    assert Activity.of(path, NOW) == Activity(3, 3 / 100, NOW - 20, (FAILED, NOW - 60))
    assert Activity.of(path, NOW + 3600) == Activity(0, 0.0, NOW - 20, (FAILED, NOW - 60))


@pytest.fixture
def study(tmp_path):
    entry = {"engine": "openai", "model": "tiny", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None}
    experiment = {"models": ["m"], "datasets": ["exam"], "conditions": ["minimal"]}
    content = {"models": {"m": entry}, "experiments": {"e": experiment}, "ledger": str(tmp_path)}
    return load(content, "test")


def test_what_is_asked_and_left_is_told(tmp_path, study):
    assert report(study, load_prices(), NOW).endswith("m: nothing was asked yet")
    asked(tmp_path, ("answered", 100), ("answered", 20))  # of another study: the file is shared
    told = report(study, load_prices(), NOW)
    assert "m      exam       0%         0        0          0       0  <= 132" in told
    assert "m: 2 questions in the last 2 min; at that pace the other 132 take 1.8 h" in told
    assert "m: nothing came in for 20 min; 132 to ask" in report(study, load_prices(), NOW + 1180)
