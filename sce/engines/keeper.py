"""Keeps a server that a job started from outliving the job, however the job dies.

Run as ``python keeper.py COMMAND...`` with a pipe on stdin. The job holds the pipe's other end: when it
closes, by intent or because the job was killed, the server and everything it started are killed. Nothing
but the standard library, so that any interpreter can run it. Exits with the server's status.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
POLL_S = 0.2
POLITE_S = 5  # between asking to stop and killing


def _on_linux(option, value):
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _children():
    """Every process whose parent we are; orphans of the server's group come to us too."""
    path = f"/proc/self/task/{os.getpid()}/children"
    try:
        with open(path) as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _signal(group, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _end(server):
    _signal(server.pid, signal.SIGTERM)
    until = time.monotonic() + POLITE_S
    while server.poll() is None and time.monotonic() < until:
        time.sleep(POLL_S)
    _signal(server.pid, signal.SIGKILL)
    for _ in range(50):  # those who left the group, and the children they leave behind in turn
        children = _children()
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def main(command):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the job; its end is our sign
    _on_linux(PR_SET_CHILD_SUBREAPER, 1)

    def before_server():
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _on_linux(PR_SET_PDEATHSIG, signal.SIGKILL)  # should even we be killed

    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=before_server)
    while server.poll() is None:
        readable, _, _ = select.select([sys.stdin], [], [], POLL_S)
        if readable and not os.read(sys.stdin.fileno(), 1):
            break
    status = server.poll()
    _end(server)
    sys.exit(0 if status is None else (status if status >= 0 else 128 - status))


if __name__ == "__main__":
    main(sys.argv[1:])
