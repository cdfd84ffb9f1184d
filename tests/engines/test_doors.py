"""Every provider with a protocol of its own: a whole conversation, each kind of fault, what is counted, and
that no key is seen. Against servers on loopback that speak its protocol (tests/doors.py)."""

import asyncio
import logging
import traceback

import pytest

from sce.asking.asker import open_asker
from sce.asking.messages import continued, fresh
from sce.engines import Fatal
from tests.asking.questions import ABOUT, ask_all, entry_of
from tests.doors import DOORS, KEY, THOUGHT, require_sdk
from tests.faults import Answer, refusing, served

SYSTEM = "Be brief."


@pytest.fixture(params=DOORS)
def door(request, monkeypatch, tmp_path):
    """A provider whose key is in the environment, where its SDK is there."""
    made = DOORS[request.param]()
    require_sdk(made)
    for name, key in made.KEYS.items():
        monkeypatch.setenv(name, key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.02)
    return made


def entry(door, url, **fields):
    content = {"engine": door.engine, "model": "tiny"} | door.address(url) | door.FIELDS | fields
    return entry_of(content)


def converse(model, folder):
    """The entries of a question and of what continues its answer."""

    async def talk(asker):
        try:
            first = fresh("Which?", SYSTEM)
            answer = await asker.ask(first, ABOUT)
            return answer, await asker.ask(continued(first, answer, "And now?"), ABOUT)
        finally:
            await asker.close()

    with open_asker(model, None, folder) as asker:
        return asyncio.run(talk(asker))


def test_a_conversation_is_continued_and_found_again(door, tmp_path):
    talks = []
    door.reply = lambda texts: talks.append(texts) or f"reply {len(texts)}"
    with served(door) as url:
        model = entry(door, url, system=SYSTEM)
        entries = converse(model, tmp_path)
    assert talks == [["Which?"], ["Which?", "reply 1", "And now?"]]
    assert [(each.status, each.response) for each in entries] == [
        ("answered", "reply 1"),
        ("answered", "reply 3"),
    ]
    assert entries[0].usage == THOUGHT | {k: v for k, v in entries[0].usage.items() if v == 0}
    assert [each.digest for each in converse(model, tmp_path)] == [each.digest for each in entries]
    assert len(talks) == 2  # the second time, the ledger answered


@pytest.mark.parametrize("ending", ["truncated", "refused"])
def test_a_reply_that_is_cut_off_or_refused(door, ending, tmp_path):
    door.reply = lambda texts: Answer.of(door.payload("No.", ending))
    with served(door) as url:
        found, _ = ask_all(entry(door, url), tmp_path, range(1))
    assert found[0].status == ending


def test_faults_that_pass_are_tried_again_once_each(door, tmp_path):
    """The SDKs try again by themselves, unless they are told not to."""
    faults = [
        door.fault(429, "slow down", **{"Retry-After": "0.01"}),
        door.fault(500, "oops"),
        door.fault(503, "overloaded"),
        Answer(200, b"<html>oops</html>", "text/html"),
        Answer(200, b'{"half": '),
        Answer(200, b"{}"),
        Answer(sent=0),
        Answer.of(door.payload("")) if door.engine != "responses" else Answer.of({"output": []}),
        Answer.of({}, hang_s=0.6),
    ]
    left = list(faults)
    door.reply = lambda texts: left.pop(0) if left else "fine"
    with served(door) as url:
        model = entry(door, url, attempts=20, timeout_s=0.3)
        found, asker = ask_all(model, tmp_path, range(1))
    assert found[0].response == "fine"
    assert len(door.seen) == len(faults) + 1
    assert asker.faults.total() == len(faults)
    told = " ".join(asker.faults)
    assert "HTTP 429: slow down" in told
    assert "no reply within 0.3 s" in told


def test_a_key_that_is_refused_ends_the_job_and_is_not_shown(door, tmp_path, monkeypatch, caplog):
    for name, key in door.KEYS.items():
        monkeypatch.setenv(name, key.replace("canary", "wrong"))
    with served(door) as url, caplog.at_level(logging.DEBUG):
        model = entry(door, url)
        with pytest.raises(Fatal) as fatal:
            ask_all(model, tmp_path, range(2))
    told = "".join(traceback.format_exception(fatal.value)) + caplog.text
    assert "[a key, hidden]" in told
    assert KEY.removeprefix("canary") not in told
    assert f"tiny at {model.base_url}" in told
    assert door.seen == []


def test_no_key_is_kept(door, tmp_path, caplog):
    door.reply = lambda texts: door.fault(500, f"your keys: {' '.join(door.KEYS.values())}")
    with served(door) as url, caplog.at_level(logging.DEBUG):
        model = entry(door, url, attempts=2)
        found, asker = ask_all(model, tmp_path, range(1))
    told = f"{found} {asker.faults} {caplog.text} {model!r}"
    assert found[0].status == "failed"
    assert "[a key, hidden]" in found[0].error
    for key in door.KEYS.values():
        assert key not in told
        for file in (each for each in tmp_path.rglob("*") if each.is_file()):
            assert key.encode() not in file.read_bytes()


def test_an_endpoint_that_is_down_is_told_soon(door, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.engines.remote.DOWN_S", 0.2)
    with refusing() as url, pytest.raises(Fatal, match="nothing answers at http://127"):
        ask_all(entry(door, url), tmp_path, range(1))


def test_what_is_left_to_the_question_stops_the_job_with_advice(door, tmp_path):
    door.reply = lambda texts: door.fault(400, "temperature is not supported")
    with served(door) as url, pytest.raises(Fatal, match=r"temperature is not supported \(a parameter of"):
        ask_all(entry(door, url), tmp_path, range(1))


def test_nothing_is_sent_to_another_origin(door, tmp_path):
    asked = []
    with served(lambda *request: asked.append(request) or Answer()) as other:
        door.reply = lambda texts: Answer(307, headers={"Location": f"{other}{door.PATH}"})
        with served(door) as url, pytest.raises(Fatal, match=f"sends its requests on to {other}, where"):
            ask_all(entry(door, url), tmp_path, range(1))
    assert asked == []
