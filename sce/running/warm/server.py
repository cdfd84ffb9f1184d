"""The server that imports libraries and forks for scripts. It is run by itself, and imports Python's own
library alone."""

import atexit
import ctypes
import gc
import importlib
import io
import marshal
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import threading
import types
import warnings
from contextlib import suppress
from functools import partial

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# Sent to the group, and meant for jobs: the server ends when the process does that started it.
NOT_MEANT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
STREAMS = 3
PATIENCE_S = 5  # with a command that has connected and sends no request


class Server:
    """Forks for every request, until its standard input has ended and all forks have."""

    def __init__(self, listening: socket.socket, later: list[str]):
        self._listening = listening
        self._later = later
        self._scripts = 0
        self._commands: dict[int, socket.socket] = {}  # the connections of the forks' commands
        self._child_ended, self._wake = socket.socketpair()
        self._readable = selectors.DefaultSelector()
        self._handlers = {number: signal.signal(number, signal.SIG_IGN) for number in NOT_MEANT}

    def serve(self) -> tuple | None:
        """In a fork the request; None in the server, at the end."""
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        self._readable.register(0, selectors.EVENT_READ, self._close)
        self._readable.register(self._listening, selectors.EVENT_READ, self._accept)
        self._readable.register(self._child_ended, selectors.EVENT_READ, self._report)
        while self._is_open() or self._commands:
            for key, _ in self._readable.select():
                request = key.data()
                if request is not None:
                    return request
        return None

    def _is_open(self):
        return self._listening.fileno() >= 0

    def _close(self):
        for file in (0, self._listening):
            self._readable.unregister(file)
        self._listening.close()

    def _accept(self):
        """The request, in a fork; None in the server."""
        if not self._is_open():
            return None
        streams = []
        try:
            command, _ = self._listening.accept()
            command.settimeout(PATIENCE_S)
            size, streams, *_ = socket.recv_fds(command, 4, STREAMS)
            if len(streams) < STREAMS:  # no more files can be open
                return None
            with command.makefile("rb") as sent:
                request = sent.read(int.from_bytes(size, "big"))
            return self._fork(command, streams, marshal.loads(request))
        except (OSError, EOFError, ValueError):  # a command that was killed; no process or file is left
            return None  # which closes the connection: the command does without
        finally:
            for stream in streams:
                os.close(stream)

    def _fork(self, command, streams, request):
        self._scripts += 1
        if self._scripts == 2:
            import_all(self._later)
        signal.pthread_sigmask(signal.SIG_BLOCK, NOT_MEANT)
        try:
            fork = os.fork()
            if fork == 0:
                self._leave(command, streams)
                return request
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, NOT_MEANT)
        command.setblocking(True)
        self._commands[fork] = command
        self._readable.register(command, selectors.EVENT_READ, partial(self._forward, fork, command))
        with suppress(OSError):
            command.sendall(b"F")
        return None

    def _leave(self, command, streams):
        """In a fork: keep nothing of the server but that its death is one's own."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.set_wakeup_fd(-1)
        for number, handler in {signal.SIGCHLD: signal.SIG_DFL, **self._handlers}.items():
            signal.signal(number, handler)
        self._readable.close()
        for file in (command, self._listening, self._child_ended, self._wake, *self._commands.values()):
            file.close()
        for own, stream in enumerate(streams):
            os.dup2(stream, own)

    def _forward(self, fork, command):
        """Send SIGTERM to a fork whose command got it, or was killed."""
        if fork in self._commands:  # it may have ended just now
            sent = b""
            with suppress(ConnectionError):
                sent = command.recv(64)
            os.kill(fork, signal.SIGTERM)
            if not sent:
                self._readable.unregister(command)

    def _report(self):
        """Send the statuses of forks that have ended to their commands, as a shell has them."""
        self._child_ended.recv(4096)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                fork, status = ended
                code = os.waitstatus_to_exitcode(status)
                with self._commands.pop(fork) as command, suppress(KeyError, OSError):
                    self._readable.unregister(command)
                    command.sendall(bytes([code if code >= 0 else 128 - code]))


def become(executable: str, arguments: list[bytes], folder: bytes, environment: dict[bytes, bytes]) -> None:
    """Run the script or module in this process, in which libraries are imported already."""
    os.chdir(folder)
    of_server = _python_path()
    os.environ.clear()
    os.environb.update(environment)
    tempfile.tempdir = None  # to be read again from the environment
    atexit.unregister(shutil.rmtree)  # of matplotlib's folder, which is the server's
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # else the same numbers would be drawn in every fork
    arguments = list(map(os.fsdecode, arguments))
    as_module = arguments[0] == "-m"
    first = os.getcwd() if as_module else os.path.dirname(os.path.realpath(arguments[0]))
    sys.path[:] = [first, *_python_path(), *(path for path in sys.path if path not in of_server)]
    sys.executable = executable
    sys.argv = arguments[1:] if as_module else arguments
    if as_module:
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = arguments[0]
    with io.open_code(arguments[0]) as file:
        exec(compile(file.read(), arguments[0], "exec", dont_inherit=True), vars(main))


def _python_path() -> list[str]:
    return [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def ended_with(work, *arguments) -> int:
    """The status with which Python ends after ``work(*arguments)``, having said why."""
    try:
        work(*arguments)
    except SystemExit as end:
        if isinstance(end.code, int | None):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        whole = trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != sys.argv[0]:
            trace = trace.tb_next  # from the script on
        sys.excepthook(type(error), error.with_traceback(trace or whole), trace or whole)
        return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def end(status: int) -> None:
    """End as Python does, but without freeing every object of the libraries, which takes longer than most
    jobs."""
    threading._shutdown()
    atexit._run_exitfuncs()
    of_script = vars(sys.modules["__main__"])
    if of_script is not globals():
        of_script.clear()  # which closes the files that it left open
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # the script has closed or replaced it
            stream.flush()
    os._exit(status)


def import_all(libraries: list[str]) -> None:
    for name in libraries:
        with suppress(Exception):  # which the script that needs it says better
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or every fork would look through all of it, at its end too


def main(listening: str, executable: str, folder: str, libraries: str, later: str) -> None:
    # What pyarrow's allocator runs beside is prepared for forks; no library here has started another thread.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    import_all(libraries.split())
    request = Server(socket.socket(fileno=int(listening)), later.split()).serve()
    if request is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        end(ended_with(become, executable, *request))


if __name__ == "__main__":
    main(*sys.argv[1:])
