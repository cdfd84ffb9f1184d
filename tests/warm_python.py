"""A Python whose imports are done: ``command()`` runs files and modules as ``python`` does, in processes of
their own, without the second that each would take to import the libraries of a job.

A server has imported these libraries, and nothing of this package. The command is a small program that hands
its arguments, folder, environment and streams to the server, which forks; the fork becomes what was asked
for. As ``sys.executable`` it also serves the jobs that Snakemake starts. Forks share the seed of their
hashes: what has to hold for any order of a set is tested with ``sys.executable`` of the tests.
"""

import atexit
import gc
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import cache
from pathlib import Path

LIBRARIES = (
    "snakemake.cli", "pandas", "pyarrow.parquet", "scipy.stats", "scipy.fft", "pydantic", "yaml", "dotenv",
    "matplotlib.figure", "matplotlib.backends.backend_agg", "sklearn.linear_model", "sklearn.tree",
    "openai", "anthropic",
)  # fmt: skip
STREAMS = (0, 1, 2)
_COMMAND = """#!{python} -ISE
import marshal, os, socket, sys
if not (sys.argv[1:2] == ["-m"] or sys.argv[1:] and os.path.isfile(sys.argv[1])):
    os.execv("{python}", ["{python}", *sys.argv[1:]])
request = marshal.dumps((__file__, sys.argv[1:], os.getcwd(), dict(os.environ)))
server = socket.socket(socket.AF_UNIX)
server.connect("{address}")
socket.send_fds(server, [len(request).to_bytes(4, "big")], {streams})
server.sendall(request)
status = server.recv(1)
sys.exit(status[0] if status else "the server of warm Pythons is gone")
"""


@cache
def command() -> str:
    """The path of the command; its server runs as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="python"))
    address = str(folder / "socket")
    path = folder / "python"
    path.write_text(_COMMAND.format(python=sys.executable, address=address, streams=STREAMS))
    path.chmod(0o700)
    read, written = os.pipe()  # closed when this process ends
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env["OMP_NUM_THREADS"] = "1"  # as Snakemake has it for a job with one thread; read on import
    server = subprocess.Popen(
        [sys.executable, "-P", __file__, address], stdin=read, stdout=subprocess.PIPE, env=env,
        start_new_session=True,
    )  # fmt: skip
    os.close(read)
    _kept.append(written)
    assert server.stdout.readline() == b"ready\n"
    return str(path)


_kept: list[int] = []


def serve(address: str) -> tuple:
    """Fork for every request, until the standard input ends. Returns in each fork, with the arguments of
    ``become``."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or every fork would look through all of it, at its end too
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(64)
    waiting = selectors.DefaultSelector()
    waiting.register(server, selectors.EVENT_READ)
    waiting.register(0, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            if key.fileobj == 0:
                os._exit(0)
            elif key.fileobj is server:
                connection, _ = server.accept()
                todo = _forked(connection, waiting)
                if todo is not None:
                    return todo
            else:
                _ended(key, waiting)


def _forked(connection, waiting):
    """In the server None, with the fork to be waited for; in the fork the arguments of ``become``."""
    size, streams, *_ = socket.recv_fds(connection, 4, len(STREAMS))
    request = connection.makefile("rb").read(int.from_bytes(size, "big"))
    child = os.fork()
    if child == 0:
        waiting.close()
        for own, stream in zip(STREAMS, streams, strict=True):
            os.dup2(stream, own)
            os.close(stream)
        os.closerange(3, 256)  # the server's own
        return marshal.loads(request)
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    waiting.register(ended, selectors.EVENT_READ, (child, connection))
    waiting.register(connection, selectors.EVENT_READ, (child, ended))
    return None


def _ended(key, waiting):
    """A fork has ended, and its command is told how; or its command was killed, and so is the fork."""
    child, other = key.data
    if isinstance(key.fileobj, socket.socket):
        os.kill(child, signal.SIGTERM)
        waiting.unregister(key.fileobj)
        return
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with other:
        if other in waiting.get_map():
            waiting.unregister(other)
            other.sendall(bytes([code if code >= 0 else 128 - code]))
    waiting.unregister(key.fileobj)
    os.close(key.fileobj)


def become(executable: str, arguments: list[str], folder: str, env: dict[str, str]) -> None:
    """Do what ``python ARGUMENTS`` does."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    as_module = arguments[0] == "-m"
    first = folder if as_module else str(Path(arguments[0]).resolve().parent)
    sys.path[:0] = [first, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.executable = executable
    sys.argv = arguments[1:] if as_module else arguments
    if as_module:
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(arguments[0], run_name="__main__")


def ended_with(work, *arguments) -> int:
    """The status with which Python ends after ``work(*arguments)``."""
    try:
        work(*arguments)
    except SystemExit as end:
        if isinstance(end.code, int | None):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    status = ended_with(become, *serve(sys.argv[1]))
    # As Python ends, but without freeing every object of the libraries, which takes longer than most jobs.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
