"""GPUs of one machine, shared by jobs that know nothing of each other: each claims the devices it uses.

A device is held by an advisory lock on a file, so it is released when its holder ends, however it ends. Slurm
assigns devices before a job starts, so there a claim never waits. Snakemake's ``--resources gpu=N`` only
counts devices: on one machine it is the claim that decides which job gets which.
"""

import asyncio
import fcntl
import glob
import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from sce.errors import InputError

VISIBLE = "CUDA_VISIBLE_DEVICES"
POLL_S = 0.2
LOG_AFTER_S = 10

_held: set[int] = set()


@asynccontextmanager
async def claim(number: int) -> AsyncIterator[list[str]]:
    """Hold ``number`` devices, waiting while others hold them. Yields their names as in CUDA_VISIBLE_DEVICES.

    Until the context ends, this process and those it starts see these devices and no others. Raises
    InputError where there are not that many. One job at a time collects devices: it keeps those it has and
    adds each that is released, while the others queue behind it. So jobs that need one device cannot overtake
    a job that needs four, and no two jobs wait for each other.
    """
    there = visible() if number else []
    if number > len(there):
        raise InputError("models", "gpus", number, f"at most {len(there)}, the GPUs that this job sees")
    with ExitStack() as held:
        devices = await _gather(number, there, held) if number else []
        if number:
            logging.info("GPUs of this job: %s", ", ".join(devices))
        held.enter_context(_environment(VISIBLE, ",".join(devices)))
        yield devices


def locks() -> tuple[int, ...]:
    """Descriptors of the locks this process holds. A server that inherits them (``pass_fds``) keeps the
    devices from others until it has ended too."""
    return tuple(_held)


def visible() -> list[str]:
    """The devices that this process may use: those it was given, else all NVIDIA GPUs of the machine."""
    if VISIBLE not in os.environ:
        return [str(number) for number in range(_count())]
    given = [device.strip() for device in os.environ[VISIBLE].split(",")]
    # CUDA reads up to the first entry that is no device: "" and "-1" hide all that follow.
    return given[: next((i for i, device in enumerate(given) if device in ("", "-1")), len(given))]


def memory_gb() -> float | None:
    """Memory of the smallest GPU of this machine in GB (10^9 bytes); None where it is not known."""
    sizes = [int(line) for line in _nvidia_smi("--query-gpu=memory.total", "--format=csv,noheader,nounits")]
    return min(sizes) * 2**20 / 1e9 if sizes else None


async def _gather(number, there, held):
    folder = _lock_folder()
    mine, begin, logged = [], time.monotonic(), False
    with ExitStack() as turn:
        queued = False
        while True:
            queued = queued or _hold(folder / "queue", turn)
            for device in there if queued else []:
                if device not in mine and _hold(folder / device.replace("/", "_"), held):
                    mine.append(device)
                if len(mine) == number:
                    return mine
            if not logged and time.monotonic() - begin > LOG_AFTER_S:
                logged = True
                logging.info("waiting for %d of %d GPUs, which other jobs hold", number - len(mine), number)
            await asyncio.sleep(POLL_S)


def _hold(path, until: ExitStack) -> bool:
    """Lock a file until the stack ends; False where another process holds it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    _held.add(lock)
    until.callback(_release, lock)
    return True


def _release(lock):
    _held.discard(lock)
    os.close(lock)  # and not LOCK_UN, which would take it from a server that inherited it


@contextmanager
def _environment(name, value):
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _lock_folder():
    """Where all jobs that may share devices find the same locks.

    Inside a Slurm job its id is part of the path: Slurm may number the devices of every job from 0, so that
    the same name means different devices in two jobs; jobs inside one allocation still share theirs.
    """
    scope = os.environ.get("SLURM_JOB_ID", "box")
    folder = Path(tempfile.gettempdir()) / f"sce-devices-{os.getuid()}" / scope
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _count():
    """NVIDIA GPUs of this machine: as its driver lists them, else by their device files."""
    return len(_nvidia_smi("-L")) or len(glob.glob("/dev/nvidia[0-9]*"))


def _nvidia_smi(*options):
    """The lines that nvidia-smi prints, one for each GPU; none if it is missing or has no driver to ask."""
    if shutil.which("nvidia-smi") is None:
        return []
    printed = subprocess.run(["nvidia-smi", *options], capture_output=True, text=True, check=False)
    # With MIG, -L lists slices below their GPU.
    lines = [line for line in printed.stdout.splitlines() if line.strip() and not line.startswith(" ")]
    return lines if printed.returncode == 0 else []
