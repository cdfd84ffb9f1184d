"""Keys planted wherever one can be, and every byte that a run leaves searched for them."""

import base64
import json
import sqlite3
import threading
import zlib

import pytest

from tests.conftest import Project
from tests.faults import Answer, Provider, served
from tests.workflow.test_providers import PRICES, weather

# One key for each way in, each with a part of its own.
KEY, HEADER, DOTENV = "loopkey-4f1c9a7e52d84b", "headervalue-93bd02c6e1f7aa", "dotenvkey-7c2e90ab41d6ff"
KEYS = (KEY, HEADER, DOTENV)
N = 45  # points of weather


class Echo(Provider):
    """A provider that repeats its caller's keys in every field of a reply, another one at every point."""

    def __init__(self):
        super().__init__(models=("tiny", "other"), reply=self.echo)
        self.caller = threading.local()

    def __call__(self, method, path, headers, body):
        self.caller.said = " ".join(filter(None, map(headers.get, ("Authorization", "X-Team"))))
        return super().__call__(method, path, headers, body)

    def echo(self, request):
        return echoed(request, self.caller.said)


def echoed(request, said):
    text = weather(request)
    number = sum(map(ord, json.dumps(request["messages"]))) % 10
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    payload = {"id": "1", "model": "tiny", "choices": [choice], "usage": {"prompt_tokens": 1}}
    if number == 0:
        message["content"] = f"{text} {said}"
    elif number == 1:
        message["reasoning_content"] = said
    elif number == 2:
        choice["finish_reason"] = said
    elif number == 3:
        message["refusal"] = said
    elif number == 4:
        payload |= {"id": said, "model": said, "system_fingerprint": said}
    elif number == 5:
        payload["usage"] = {said: 1, "prompt_tokens": said}
    elif number == 6:
        token = {"token": said, "logprob": -0.1, "top_logprobs": [{"token": said, "logprob": -0.1}]}
        choice["logprobs"] = {"content": [token]}
    elif number == 7:
        return Answer.of({"error": {"message": said, "type": said, "code": said}}, 500)
    elif number == 8:
        return Answer(500, f"<html>{said}</html>".encode(), "text/html", {"X-Echo": said})
    elif number == 9:
        return Answer(200, f'{{"cut": "{said}'.encode())
    return Answer.of(payload)


def configured(tmp_path, url, **fields):
    made = Project(tmp_path / "project")
    entry = {
        "engine": "openai", "model": "tiny", "base_url": f"{url}/v1", "max_tokens": 50, "attempts": 2,
        "api_key_env": "LOOP_KEY", "headers": {"X-Team": "$LOOP_TEAM"}, "max_failed_share": 1,
        "logprobs": 2, "patience_s": 5,
    }  # fmt: skip
    other = entry | {"api_key_env": "LOOP_DOTENV", "headers": {}, "model": "other"}
    (made.folder / ".env").write_text(f"LOOP_DOTENV={DOTENV}\n")
    experiment = {"models": ["m", "d"], "datasets": ["weather"], "conditions": ["minimal"]}
    made.configure(
        {
            "models": {"m": entry | fields, "d": other},
            "experiments": {"main": experiment},
        }
    )
    (made.folder / "config/prices.yaml").write_text(PRICES)
    return made


def leaks(folder, *texts):
    """Where a key stands: any file, whatever is packed in it, its name, and the texts."""
    forms = [form for key in KEYS for form in (key.encode(), base64.b64encode(key.encode())[:-4])]

    def held(raw):
        return any(form in raw for form in forms)

    found = ["output" for text in texts if held(text.encode())]
    for path in folder.rglob("*"):
        if path.name == ".env" or not path.is_file():
            continue
        if held(str(path).encode()) or any(held(raw) for raw in contents(path)):
            found.append(str(path.relative_to(folder)))
    return found


def contents(path):
    """A file's bytes, and what compression hides in them."""
    import pyarrow.parquet as pq

    yield path.read_bytes()
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield json.dumps(table.to_pylist(), default=str).encode()
        yield str(table.schema.metadata).encode()
    if path.suffix == ".sqlite":
        with sqlite3.connect(path) as db:
            for table in ("responses", "batches"):
                for row in db.execute(f"SELECT * FROM {table}"):
                    for value in row:
                        try:
                            yield zlib.decompress(value)
                        except (TypeError, zlib.error):
                            yield str(value).encode()


ENV = {"LOOP_KEY": KEY, "LOOP_TEAM": HEADER}


@pytest.mark.parametrize("broken", [False, True], ids=["a passing run", "a failing run"])
def test_no_key_is_in_anything_that_a_run_leaves(tmp_path, broken):
    provider = Echo()
    with served(provider) as url:
        made = configured(tmp_path, url)
        if broken:  # a traceback from the midst of asking, with the client and its headers in its frames
            head = "    async def ask(self, body: dict) -> Reply:\n"
            made.edit("sce/engines/remote.py", head, f"{head}        raise RuntimeError('as if')\n")
        out = made.snakemake(ok=not broken, env=ENV)
        shown = made.snakemake("--dry-run", env=ENV) + made.snakemake("plan", env=ENV)
        if not broken:
            report = made.snakemake("--report", "report.html", env=ENV)
            shown += report
    if not broken:
        sent = {headers.get("authorization") for _, headers in provider.seen}
        assert sent == {f"Bearer {KEY}", f"Bearer {DOTENV}"}
        assert {headers.get("x-team") for _, headers in provider.seen} == {HEADER, None}
        assert made.rows_in_ledger() > N
    assert leaks(made.folder, out, shown) == []


@pytest.mark.parametrize("where", ["wrong key", "in a configuration"])
def test_no_key_is_in_an_error(tmp_path, where):
    provider = Provider(models=("tiny", "other"), key="another")  # it repeats the key that it refuses
    with served(provider) as url:
        fields = {} if where == "wrong key" else {"extra_body": {"api_key": f"sk-{KEY}"}}
        made = configured(tmp_path, url, **fields)
        out = made.snakemake(ok=False, env=ENV)
    found = leaks(made.folder, out)
    assert found == ([] if where == "wrong key" else ["config/config.yaml"])
