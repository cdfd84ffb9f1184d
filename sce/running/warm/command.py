"""The command that Snakemake starts in the place of ``python``; ``start`` writes it to a file, with a call of
``main`` at its end. It imports Python's own library alone, and little of that."""

import contextlib
import marshal
import os
import signal
import socket
import sys

STREAMS = (0, 1, 2)
# Of the environment, what a process reads when it starts, or its libraries when they are imported.
READ_AT_START = (
    b"LD_",
    b"PYTHON",
    b"MPL",
    b"OMP_",
    b"OPENBLAS_",
    b"MKL_",
    b"NUMEXPR_",
    b"ARROW_",
    b"MALLOC_",
)


def settings(environment: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """What a server's environment has to have in common with that of a script; one thread is what a server
    has in any case."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(READ_AT_START)
        and name != b"PYTHONPATH"
        and not (name.endswith(b"_NUM_THREADS") and value in (b"1", b""))
    }


@contextlib.contextmanager
def short(folder):
    """An address for the socket in a folder whose path may be too long for one."""
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/socket"
    finally:
        os.close(opened)


def main(python: str, folder: str, scripts: str | None, of_server: dict[bytes, bytes]) -> None:
    """Run the arguments in a fork of the server in ``folder``, which has the settings ``of_server``, and end
    as the fork does; or run them by ``python``. ``scripts``: see ``start``; None stands for all."""
    arguments, server = sys.argv[1:], None
    if _is_warm(arguments, scripts) and settings(os.environb) == of_server:
        with contextlib.suppress(OSError):
            server = _hand_over(folder, arguments)
    if server is None:
        os.execv(python, [python, *arguments])
    _wait(server)


def _is_warm(arguments, scripts):
    """Whether these are the arguments for a script that Snakemake made of one in ``scripts``."""
    if scripts is None:
        return arguments[:1] == ["-m"] or os.path.isfile(arguments[0] if arguments else "")
    try:
        with open(arguments[0], "rb") as file:
            return f"__file__ = '{scripts}/".encode() in file.read()
    except (IndexError, OSError):
        return False


def _hand_over(folder, arguments):
    """The connection to the server, which has forked for the arguments. Raises OSError where there is no
    fork: the server is gone, or has no means."""
    for stream in STREAMS:
        os.fstat(stream)
    server = socket.socket(socket.AF_UNIX)
    with short(folder) as address:
        server.connect(address)
    request = marshal.dumps((list(map(os.fsencode, arguments)), os.getcwdb(), dict(os.environb)))
    socket.send_fds(server, [len(request).to_bytes(4, "big")], STREAMS)
    server.sendall(request)
    if not server.recv(1):
        raise ConnectionResetError
    return server


def _wait(server):
    """End as the fork does. No error may lead back to ``main``, which would run the script a second time."""

    def end_fork(*_):
        with contextlib.suppress(OSError):  # it has ended just now
            server.send(b"T")

    # Ctrl-C comes to the whole group, the fork included; SIGTERM may be meant for this process alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end_fork)
    status = b""
    with contextlib.suppress(OSError):  # the server was killed before it had read what was sent
        status = server.recv(1)
    sys.exit(
        status[0] if status else "the process of this job is gone with the one that started it: run again"
    )
