"""A job that is told to stop says so in one line, and keeps what was answered."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.asking.questions import rows
from tests.conftest import ROOT
from tests.faults import Provider, served

JOB = """
import sys
from pathlib import Path
from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.running.jobs import logged
from sce.study import plan
from tests.asking.questions import entry
from tests.study.test_plan import study

folder = Path(sys.argv[2])
with logged(folder / "job.log"):
    model = entry(url=sys.argv[1], max_in_flight=4)
    protocol = plan.protocol_asked(study(folder, {"m": {"engine": "openai", "model": "tiny"}}), "m", "exam")
    with open_asker(model, protocol.dataset, folder) as asker:
        elicit(protocol, asker, lambda status: None)
"""


def _as_in_a_terminal():
    """Whoever runs the tests in the background has SIGINT ignored, in all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


TWICE = [signal.SIGTERM, signal.SIGTERM]


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGINT], TWICE])
def test_a_stopped_job_says_so_in_one_line(numbers, tmp_path):
    answering = threading.Event()

    def reply(request):
        answering.set()
        time.sleep(1)
        return '{"answer": "Fail"}'

    provider = Provider(reply=reply)
    with served(provider) as url:
        command = [sys.executable, "-c", JOB, url, str(tmp_path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        job = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=_as_in_a_terminal
        )
        assert answering.wait(30)
        for number in numbers:
            job.send_signal(number)
            time.sleep(0.2)
        told = job.communicate(timeout=30)[1]
    assert job.returncode == 1
    assert told == "stopped before its end; every answer is kept: run again to go on from here\n"
    log = (tmp_path / "job.log").read_text()
    assert "stopped before its end" in log
    assert "Traceback" not in log
    assert len(rows(tmp_path)) == provider.answered.total() > 0  # what was under way came in
