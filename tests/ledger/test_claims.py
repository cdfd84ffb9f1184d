"""Two jobs at once on one ledger: each question is asked by one of them, and a killed job blocks nobody."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sce.ledger.claims import Claims
from sce.ledger.ledger import Ledger, ledger_file
from tests.asking.questions import ask_all, entry, rows
from tests.asking.test_batches import once
from tests.asking.test_broken_batches import child, wait_for
from tests.batches import AnthropicStub, OpenAIStub
from tests.conftest import ROOT
from tests.faults import Answer, Provider, served

# Asks questions 0, 1, ... and prints how many it asked and how many it found.
JOB = """
import asyncio, sys
from pathlib import Path
from pydantic import TypeAdapter
from sce.models.catalogue import entry_type
from tests.asking.questions import ask_all

model = TypeAdapter(entry_type()).validate_json(sys.argv[1])
folder, count = Path(sys.argv[2]), int(sys.argv[3])
found, asker = ask_all(model, folder, range(count))
print(asker.asked, asker.found, *sorted({e.status for e in found.values()}))
"""


def job(model, folder, count):
    command = [sys.executable, "-c", JOB, model.model_dump_json(), str(folder), str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def waits(process):
    """Whether a job has come to where it claims a question."""
    names = set()
    for file in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            names.add(Path(os.readlink(file)).suffix)
    return ".claims" in names


def slow(seconds):
    def reply(request):
        time.sleep(seconds)
        return "yes"

    return reply


def test_two_jobs_at_once_ask_every_question_once(tmp_path):
    provider = Provider(reply=slow(0.03))
    with served(provider) as url:
        model = entry(url=url, max_in_flight=8)
        jobs = [job(model, tmp_path, 120) for _ in range(2)]
        told = [each.communicate(timeout=120)[0].split() for each in jobs]
    assert provider.answered.total() == len(provider.answered) == 120
    assert sum(int(asked) for asked, *_ in told) == 120
    assert [int(asked) + int(found) for asked, found, _ in told] == [120, 120]
    assert {status for *_, status in told} == {"answered"}
    assert all(statuses == ["answered"] for statuses in rows(tmp_path).values())


def test_a_killed_job_blocks_nobody(tmp_path):
    asked, released = threading.Event(), threading.Event()

    def reply(request):
        asked.set()
        released.wait(20)
        return "yes"

    with served(Provider(reply=reply)) as url:
        model = entry(url=url, max_in_flight=1)
        first = job(model, tmp_path, 1)
        assert asked.wait(20)
        second = job(model, tmp_path, 1)
        wait_for(lambda: waits(second))
        first.send_signal(signal.SIGKILL)
        first.wait()
        released.set()
        assert second.communicate(timeout=20)[0].split() == ["1", "0", "answered"]


def test_what_failed_in_another_job_meanwhile_has_failed(tmp_path):
    """It is not tried all over again by the one that waited."""
    asked, released = threading.Event(), threading.Event()

    def reply(request):
        asked.set()
        released.wait(20)
        return Answer.of({"error": {"message": "maximum context length"}}, 500)

    provider = Provider(reply=reply)
    with served(provider) as url:
        model = entry(url=url, attempts=1)
        first = job(model, tmp_path, 1)
        assert asked.wait(20)
        second = job(model, tmp_path, 1)
        wait_for(lambda: waits(second))
        released.set()
        told = [each.communicate(timeout=20)[0].split() for each in (first, second)]
    assert sorted(told) == [["0", "1", "failed"], ["1", "0", "failed"]]
    assert provider.answered.total() == 1


@pytest.mark.parametrize("stub", [OpenAIStub, AnthropicStub])
def test_two_jobs_at_once_submit_every_question_once(stub, tmp_path):
    stub = stub()
    stub.before_reply = lambda: time.sleep(0.3)  # so that one looks while the other submits
    engine = "openai" if isinstance(stub, OpenAIStub) else "anthropic"
    with served(stub) as url:
        stub.url = url
        model = entry(engine, url, mode="batch", poll_s=0.05, max_in_flight=1000)
        jobs = [child(model, tmp_path) for _ in range(2)]
        assert [each.wait(60) for each in jobs] == [0, 0]
    assert once(stub, 30)
    with Ledger(ledger_file(tmp_path, engine, "tiny")) as ledger:
        assert len(ledger.digests()) == 30
        assert ledger.batches("submitting", "submitted") == []


def test_a_claim_is_its_processes_alone(tmp_path):
    claims = Claims(tmp_path / "l.sqlite")
    other = "from sce.ledger.claims import Claims; from pathlib import Path; import sys; "
    other += f"print([Claims(Path({str(tmp_path)!r}) / 'l.sqlite').take(name) for name in 'ab'])"

    def taken():
        command = [sys.executable, "-c", other]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        return json.loads(done.stdout.lower())

    assert claims.take("a")
    assert taken() == [False, True]
    claims.give_back("a")
    assert taken() == [True, True]
    claims.close()


def test_where_nothing_can_be_locked_all_is_asked(tmp_path):
    with served(Provider()) as url:
        model = entry(url=url)
        claims = ledger_file(tmp_path, "openai", "tiny")
        claims.with_name(claims.name + ".claims").mkdir()
        _, asker = ask_all(model, tmp_path, range(3))
    assert asker.asked == 3
