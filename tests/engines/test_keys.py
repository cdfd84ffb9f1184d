"""Keys: where they are found, where they are refused, and that none is ever seen anywhere."""

import json
import logging
import traceback

import pytest

from sce.engines import Fatal
from sce.errors import InputError
from sce.files.contracts import check
from sce.files.secrets import refuse_keys
from tests.asking.questions import Entries, ask_all, entry, entry_of
from tests.engines.test_remote import body_of
from tests.faults import Answer, Provider, served

CANARY = "sk-canary-0123456789abcdefghij"


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_a_missing_key_is_told_by_its_name(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOME_KEY", raising=False)
    with (
        served(Provider()) as url,
        pytest.raises(Fatal, match=r"SOME_KEY is not set: export it, or .* \.env"),
    ):
        ask_all(entry(engine, url, api_key_env="SOME_KEY"), tmp_path, range(1))


@pytest.mark.parametrize("line", ["SOME_KEY={}", "export SOME_KEY='{}'  # mine", 'OTHER=1\nSOME_KEY = "{}"'])
def test_a_key_may_stand_in_a_dotenv_file(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOME_KEY", raising=False)
    (tmp_path / ".env").write_text(f"# keys\n{line.format(CANARY)}\n")
    with served(Provider(key=CANARY)) as url:
        found, _ = ask_all(entry(url=url, api_key_env="SOME_KEY"), tmp_path, range(1))
    assert found[0].status == "answered"


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": CANARY},
        {"api_key": "0123456789"},
        {"api_key_env": CANARY},
        {"api_key_env": "abcdef0123456789"},
        {"headers": {"Authorization": "Bearer whatever"}},
        {"headers": {"x-api-key": "abc"}},
        {"headers": {"X-Other": CANARY}},
        {"extra_body": {"nested": [{"token": "abc"}]}},
        {"extra_body": {"note": f"use {CANARY}"}},
        {"base_url": "https://me:hunter22@example.org/v1"},
        {"base_url": "https://example.org/v1?key=AIzaSyA0123456789"},
        {"system": f"Your key is {CANARY}."},
        {"engine": "opneai", "api_key": CANARY},
    ],
)
def test_a_key_in_an_entry_is_refused_and_not_shown(fields):
    content = {"engine": "openai", "model": "tiny"} | fields
    for attempt in (
        lambda: entry_of(content),
        lambda: check(Entries, {"models": {"mine": content}}, "models.yaml"),
        lambda: refuse_keys({"models": {"mine": content}}, "config.yaml"),
    ):
        with pytest.raises(InputError) as error:
            attempt()
        told = "".join(traceback.format_exception(error.value))
        for secret in (CANARY, "hunter22", "0123456789", "whatever", "abcdef"):
            assert secret not in told
    assert "config.yaml: models.mine" in str(error.value)


def test_what_only_looks_like_a_key_is_none():
    good = {
        "engine": "openai", "model": "ask-me-anything-12345678", "max_tokens": 5, "token_field": "max_tokens",
        "system": "You assess task-sk basic risk; the bearer understands. Tokens and keys are words.",
        "headers": {"Authorization": "$GATEWAY_KEY"}, "api_key_env": "MY_KEY_2",
    }  # fmt: skip
    assert entry_of(good).model == good["model"]


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_no_key_is_seen_anywhere(engine, tmp_path, monkeypatch, caplog):
    """Providers and gateways echo keys: in refusals, in faults, in replies that are none."""
    monkeypatch.setenv("SOME_KEY", CANARY)
    monkeypatch.setenv("GATEWAY", f"{CANARY}-gateway")
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.02)
    kinds = [
        Answer.of({"error": {"message": f"overloaded, key {CANARY}"}}, 500),
        Answer(200, f"<html>{CANARY}-gateway</html>".encode(), "text/html"),
        Answer.of({"error": {"message": f"bad {CANARY}", "code": 500}}),
    ]

    def reply(request):
        number = int(request["messages"][0]["content"].split()[1])
        return kinds[number] if number < len(kinds) else "fine"

    provider = Provider(reply=reply, key=CANARY)
    with served(provider) as url, caplog.at_level(logging.DEBUG):
        model = entry(engine, url, api_key_env="SOME_KEY", headers={"X-Gateway": "$GATEWAY"}, attempts=2)
        found, asker = ask_all(model, tmp_path, range(5))
        assert [found[n].status for n in range(5)] == ["failed"] * 3 + ["answered"] * 2
        assert provider.seen[0][1]["x-gateway"] == f"{CANARY}-gateway"
        provider.key = "another"
        with pytest.raises(Fatal) as fatal:
            ask_all(model, tmp_path / "elsewhere", range(1))
    assert "[a key, hidden]" in str(fatal.value)
    assert "api_key_env" in str(fatal.value)
    texts = ["".join(traceback.format_exception(fatal.value)), caplog.text, str(asker.faults), str(found)]
    texts += [json.dumps(model.shape()), repr(model), json.dumps(body_of(model))]
    texts += [record.getMessage() + str(record.args) for record in caplog.records]
    assert not any(CANARY in text for text in texts)
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or CANARY.encode() not in file.read_bytes()
