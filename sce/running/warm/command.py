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
    arguments = sys.argv[1:]
    if _is_warm(arguments, scripts) and settings(os.environb) == of_server:
        with contextlib.suppress(OSError):
            _run(folder, arguments)
    os.execv(python, [python, *arguments])


def _is_warm(arguments, scripts):
    """Whether these are the arguments for a script that Snakemake made of one in ``scripts``."""
    if scripts is None:
        return arguments[:1] == ["-m"] or os.path.isfile(arguments[0] if arguments else "")
    try:
        with open(arguments[0], "rb") as file:
            return f"__file__ = '{scripts}/".encode() in file.read()
    except (IndexError, OSError):
        return False


def _run(folder, arguments):
    """Raises OSError where there is no fork: the server is gone, or has no means."""
    for stream in STREAMS:
        os.fstat(stream)
    with socket.socket(socket.AF_UNIX) as server:
        with short(folder) as address:
            server.connect(address)
        request = marshal.dumps((list(map(os.fsencode, arguments)), os.getcwdb(), dict(os.environb)))
        socket.send_fds(server, [len(request).to_bytes(4, "big")], STREAMS)
        server.sendall(request)
        if not server.recv(1):
            raise ConnectionResetError
        # Ctrl-C comes to the whole group, the fork included; SIGTERM may be meant for this process alone.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: server.send(b"T"))
        status = server.recv(1)
    sys.exit(
        status[0] if status else "the process of this job is gone with the one that started it: run again"
    )
