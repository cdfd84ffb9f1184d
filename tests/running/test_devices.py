"""GPUs claimed by real processes: each gets devices of its own, and gives them back however it ends."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from sce.errors import InputError
from sce.running import devices
from tests.conftest import ROOT

CLAIM = """
import asyncio, json, os, subprocess, sys
from sce.running.devices import claim, locks

async def main(number, server):
    async with claim(number) as devices:
        if server:
            child = subprocess.Popen(["sleep", "60"], pass_fds=locks())
            devices = [*devices, child.pid]
        print(json.dumps([os.environ["CUDA_VISIBLE_DEVICES"], *devices]), flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main(int(sys.argv[1]), len(sys.argv) > 2))
"""


class Claimant:
    """A process that claims devices and holds them until it is ended."""

    def __init__(self, number, folder, visible, *more):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(number), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder), "CUDA_VISIBLE_DEVICES": visible},
        )
        self.got = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        line = self.process.stdout.readline()
        self.got = json.loads(line) if line else []

    def devices(self, within_s=20):
        self._reader.join(within_s)
        assert self.got, "no devices were got"
        assert self.got[0] == ",".join(d for d in self.got[1:] if isinstance(d, str))
        return self.got[1:]

    def waits(self, for_s=1.0):
        self._reader.join(for_s)
        return self._reader.is_alive()

    def end(self, how=None):
        if how:
            self.process.send_signal(how)
        else:
            self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture
def claimants(tmp_path):
    started = []

    def start(number, *more, visible="0,1,GPU-abc"):
        started.append(Claimant(number, tmp_path, visible, *more))
        return started[-1]

    yield start
    for claimant in started:
        claimant.process.kill()
        claimant.process.wait()


def test_each_process_gets_devices_of_its_own_and_they_come_free_when_it_is_killed(claimants):
    three = [claimants(1) for _ in range(3)]
    assert sorted(device for one in three for device in one.devices()) == ["0", "1", "GPU-abc"]
    fourth = claimants(1)
    assert fourth.waits()
    freed = three[1].devices()
    three[1].end(signal.SIGKILL)
    assert fourth.devices() == freed


def test_who_needs_many_is_not_overtaken(claimants):
    first = claimants(1, visible="0,1")
    first.devices()
    both = claimants(2, visible="0,1")
    assert both.waits()
    late = claimants(1, visible="0,1")
    assert late.waits()
    first.end()
    assert sorted(both.devices()) == ["0", "1"]
    assert late.waits()
    both.end()
    assert late.devices()


def test_a_server_keeps_the_devices_of_a_job_that_was_killed(claimants):
    job = claimants(1, "server", visible="0")
    _, server = job.devices()
    job.end(signal.SIGKILL)
    other = claimants(1, visible="0")
    assert other.waits()
    os.kill(server, signal.SIGKILL)
    assert other.devices() == ["0"]


async def _claim(number):
    async with devices.claim(number) as claimed:
        return claimed, os.environ.get("CUDA_VISIBLE_DEVICES")


@pytest.mark.parametrize(
    ("visible", "seen"),
    [("", []), ("-1", []), ("0", ["0"]), (" 2 ,0", ["2", "0"]), ("1,-1,0", ["1"])],
)
def test_the_devices_given_are_the_ones_seen(monkeypatch, visible, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices.visible() == seen


def test_more_than_there_are_is_refused_and_none_are_hidden(monkeypatch, tmp_path):
    import asyncio

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with pytest.raises(InputError, match="gpus: found 3; allowed: at most 2"):
        asyncio.run(_claim(3))
    assert asyncio.run(_claim(0)) == ([], "")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
