"""A Python whose imports are done, for the many short jobs of a run: ``start()`` gives a command that runs
scripts as ``python`` does, in processes of their own, without the half second or more in which each would
import pandas and its like.

A server imports libraries, and nothing of this package. The command is a small program that hands its
arguments, folder, environment and streams to the server, which forks; the fork becomes what was asked for.
The command hands signals on to the fork, and ends as the fork does. The ordinary Python runs what is no such
script (a module, a job with several threads, for which libraries look on import), and all that comes after
the server's end.

Whoever kills the command ends the fork, by SIGTERM; whoever kills the server kills all forks. It belongs to
the group of processes that started it, so kill -9 of a whole run ends everything. Where only the process
that started it dies, what is running goes on to its end, as jobs of a killed Snakemake do.

The server runs this file by itself, so it imports Python's own library alone. The seed of hashes is the same
in all forks.
"""

import atexit
import ctypes
import gc
import importlib
import marshal
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path

# What every script imports; and what scores and figures need, which is imported before the second script: a
# job of a cluster may have one script, and no use for them.
LIBRARIES = ("snakemake.iocontainers", "snakemake.logging", "pandas", "pyarrow.parquet", "pydantic", "yaml")
LATER = ("scipy.special", "scipy.optimize", "scipy.fft", "matplotlib.figure")
# As Snakemake has them for a job with one thread.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
LONGEST_PATH = 100  # of the first line of a script old systems read 127 characters
STREAMS = (0, 1, 2)
FORWARDED = (int(signal.SIGINT), int(signal.SIGTERM))
_COMMAND = """#!{python} -ISE
import marshal, os, signal, socket, sys
arguments = sys.argv[1:]
warm = os.environ.get("OMP_NUM_THREADS", "1") == "1" and arguments and (
    os.path.isfile(arguments[0]) or {modules} and arguments[0] == "-m"
)
server = socket.socket(socket.AF_UNIX)
try:
    if not warm:
        raise OSError
    server.connect({address!r})
except OSError:
    os.execv({python!r}, [{python!r}, *arguments])
request = marshal.dumps((arguments, os.getcwd(), dict(os.environ)))
socket.send_fds(server, [len(request).to_bytes(4, "big")], {streams})
server.sendall(request)
for number in {forwarded}:
    if signal.getsignal(number) != signal.SIG_IGN:
        signal.signal(number, lambda number, _: server.send(bytes([number])))
status = server.recv(1)
sys.exit(status[0] if status else "the server of warm Pythons is gone")
"""
_kept: list[int] = []


def possible() -> bool:
    """Whether this is Linux, and this process starts others by the Python that it runs in, whose path can
    stand in the first line of a script."""
    own, path = Path("/proc/self/exe"), sys.executable
    return own.exists() and own.samefile(path) and len(path) <= LONGEST_PATH and not set(" \t") & set(path)


def start(libraries=LIBRARIES, later: tuple[str, ...] = LATER, modules: bool = False) -> str:
    """The path of a command. Its server lasts as long as this process, and imports ``libraries`` at once, and
    those of ``later`` before the second script. ``modules``: whether the command runs ``python -m MODULE``
    too, and is what the forks have as ``sys.executable``.

    Raises OSError where the temporary folder cannot hold the command or the server's socket.
    """
    folder = Path(tempfile.mkdtemp(prefix="python"))
    try:
        return _start(folder, libraries, later, modules)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _start(folder, libraries, later, modules):
    command, address = folder / "python", folder / "socket"
    text = _COMMAND.format(
        python=sys.executable, address=str(address), modules=modules, streams=STREAMS, forwarded=FORWARDED
    )
    command.write_text(text)
    command.chmod(0o700)
    if not os.access(command, os.X_OK) or set(" \t") & set(str(command)):
        raise OSError(
            f"{command} cannot be run by its path"
        )  # a folder for data alone, or a shell would split it
    read, written = os.pipe()  # ends when this process does, in whatever way
    _kept.append(written)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen(64)
        executable = str(command) if modules else sys.executable
        subprocess.Popen(
            [
                *(sys.executable, "-P", __file__, str(listening.fileno()), executable, str(folder)),
                *(" ".join(libraries), " ".join(later)),
            ],
            stdin=read, stdout=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD},
            pass_fds=[listening.fileno()],
        )  # fmt: skip
    os.close(read)
    return str(command)


class Server:
    """Forks for every request, until its standard input has ended and all forks have."""

    def __init__(self, listening: socket.socket, later: list[str]):
        self._listening = listening
        self._later = later
        self._scripts = 0
        self._commands: dict[int, socket.socket] = {}  # the connections of the forks' commands
        self._child_ended, self._wake = socket.socketpair()
        self._readable = selectors.DefaultSelector()
        # Its end is that of the process that started it. Those signals are meant for the jobs.
        self._handlers = {number: signal.signal(number, signal.SIG_IGN) for number in FORWARDED}

    def serve(self) -> tuple | None:
        """In a fork the request; None in the server, at the end."""
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        self._readable.register(0, selectors.EVENT_READ, self._close)
        self._readable.register(self._listening, selectors.EVENT_READ, self._fork)
        self._readable.register(self._child_ended, selectors.EVENT_READ, self._tell)
        while self._listening.fileno() >= 0 or self._commands:
            for key, _ in self._readable.select():
                request = key.data()
                if request is not None:
                    return request
        return None

    def _close(self):
        for file in (0, self._listening):
            self._readable.unregister(file)
        self._listening.close()

    def _fork(self):
        """The request, in a fork; None in the server."""
        command, _ = self._listening.accept()
        size, streams, *_ = socket.recv_fds(command, 4, len(STREAMS))
        with command.makefile("rb") as sent:
            request = sent.read(int.from_bytes(size, "big"))
        if not request:  # the command was killed
            return command.close()
        self._scripts += 1
        if self._scripts == 2:
            _import(self._later)
        fork = os.fork()
        if fork == 0:
            self._leave()
            command.close()
            for own, stream in zip(STREAMS, streams, strict=True):
                os.dup2(stream, own)
        for stream in streams:
            os.close(stream)
        if fork == 0:
            return marshal.loads(request)
        self._commands[fork] = command
        self._readable.register(command, selectors.EVENT_READ, partial(self._forward, fork, command))
        return None

    def _leave(self):
        """Keep nothing of the server in a fork, which ends when it does."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.setpgid(0, 0)  # else a signal to the whole group would come twice, once by its command
        signal.set_wakeup_fd(-1)
        for number, handler in {signal.SIGCHLD: signal.SIG_DFL, **self._handlers}.items():
            signal.signal(number, handler)
        self._readable.close()
        for file in (self._listening, self._child_ended, self._wake, *self._commands.values()):
            file.close()

    def _forward(self, fork, command):
        """Hand signals on to a fork; a command that was killed takes its fork with it."""
        if fork in self._commands:  # it may have ended just now
            numbers = command.recv(64)
            for number in numbers or [signal.SIGTERM]:
                os.kill(fork, number)
            if not numbers:
                self._readable.unregister(command)

    def _tell(self):
        """Tell the commands of forks that have ended how they did."""
        self._child_ended.recv(4096)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                fork, status = ended
                code = os.waitstatus_to_exitcode(status)
                with self._commands.pop(fork) as command, suppress(OSError, KeyError, ValueError):
                    self._readable.unregister(command)
                    command.sendall(bytes([code if code >= 0 else 128 - code]))


def become(executable: str, arguments: list[str], folder: str, env: dict[str, str]) -> None:
    """Do what ``python ARGUMENTS`` does."""
    os.chdir(folder)
    of_server = _python_path()
    os.environ.clear()
    os.environ.update(env)
    as_module = arguments[0] == "-m"
    first = folder if as_module else str(Path(arguments[0]).resolve().parent)
    sys.path[:] = [first, *_python_path(), *(path for path in sys.path if path not in of_server)]
    sys.executable = executable
    sys.argv = arguments[1:] if as_module else arguments
    if as_module:
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(arguments[0], run_name="__main__")


def _python_path() -> list[str]:
    return [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def ended_with(work, *arguments) -> int:
    """The status with which Python ends after ``work(*arguments)``."""
    try:
        work(*arguments)
    except SystemExit as end:
        if isinstance(end.code, int | None):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        traceback.print_exc()
        return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _import(libraries: list[str]) -> None:
    for name in libraries:
        with suppress(ImportError):  # which the script that needs it says better
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or every fork would look through all of it, at its end too


def main(listening: str, executable: str, folder: str, libraries: str, later: str) -> None:
    _import(libraries.split())
    request = Server(socket.socket(fileno=int(listening)), later.split()).serve()
    if request is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    status = ended_with(become, executable, *request)
    # As Python ends, but without freeing every object of the libraries, which takes longer than most jobs.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
