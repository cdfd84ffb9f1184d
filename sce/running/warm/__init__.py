"""A Python whose imports are done, for the many short jobs of a run, each of which would import pandas and
its like for half a second or more.

``start`` starts a server, which imports libraries and nothing of this package (``server``), and makes a
command, which Snakemake starts in the place of ``python`` (``command``). The command hands its arguments,
folder, environment and streams to the server, which forks; the fork becomes the script, and the command ends
as it does. The ordinary Python runs what may want more of a new process: scripts other than this workflow's
own, jobs with several threads or with other settings for libraries; and everything once the server is gone.

All belong to the group of processes of the run: what a terminal or ``kill`` sends to the group reaches them
as it reaches jobs of the ordinary Python. Where Snakemake alone dies, what is running goes on to its end, as
it would with that one. Forks have the seed of hashes in common.
"""

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from sce.running.warm import command, server

# What every script imports; and what scores and figures need, which is imported before the second script: a
# job of a cluster may have one script, and no use for them.
LIBRARIES = ("snakemake.iocontainers", "snakemake.logging", "pandas", "pyarrow.parquet", "pydantic", "yaml")
LATER = ("scipy.special", "scipy.optimize", "scipy.fft", "matplotlib.figure")
# As Snakemake has them for a job with one thread.
THREADS = (b"OMP", b"GOTO", b"OPENBLAS", b"MKL", b"NUMEXPR")
ONE_THREAD = {name + b"_NUM_THREADS": b"1" for name in THREADS}
LONGEST_PATH = 120  # of the interpreter: of the first line of a script old systems read 127 characters
_kept: list[int] = []


def possible() -> bool:
    """Whether this is Linux, and this process starts others by the Python that it runs in, whose path can
    stand in the first line of a script."""
    own, path = Path("/proc/self/exe"), sys.executable
    return own.exists() and own.samefile(path) and len(path) <= LONGEST_PATH and not set(" \t") & set(path)


def start(folder: Path, scripts: Path, libraries=LIBRARIES, later=LATER) -> str:
    """The path of a command in a new folder within ``folder`` for the scripts of Snakemake that come from the
    folder ``scripts``. Its server lasts as long as this process, and imports ``libraries`` at once, and those
    of ``later`` before the second script.

    Raises OSError where the folder cannot hold a program or a socket.
    """
    return _start(folder, libraries, later, scripts=str(scripts))


def start_for_all(folder: Path, libraries) -> str:
    """The same for every script and for ``python -m MODULE``, as the tests need it: forks have the command as
    their ``sys.executable``."""
    return _start(folder, libraries, (), scripts=None)


def _start(folder, libraries, later, scripts):
    made = Path(tempfile.mkdtemp(prefix="python", dir=folder)).resolve()
    try:
        path = _command(made, scripts)
        with socket.socket(socket.AF_UNIX) as listening:
            with command.short(made) as short:
                listening.bind(short)
            listening.listen(128)
            executable = sys.executable if scripts else path
            _serve(listening.fileno(), executable, str(made), " ".join(libraries), " ".join(later))
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return path


def _command(folder, scripts):
    path = folder / "python"
    known = {
        "python": sys.executable,
        "folder": str(folder),
        "scripts": scripts,
        "of_server": command.settings({**os.environb, **ONE_THREAD}),
    }
    code = Path(command.__file__).read_text(encoding="utf-8")
    path.write_text(f"#!{sys.executable} -ISE\n{code}\n\nmain(**{known!r})\n", encoding="utf-8")
    path.chmod(0o700)
    # In a folder for data alone, or where Snakemake, which does not quote it, would not find it.
    if not os.access(path, os.X_OK) or shlex.quote(str(path)) != str(path):
        raise OSError(f"{path} cannot be run by its path")
    return str(path)


def _serve(listening, *arguments):
    read, written = os.pipe()  # ends when this process does, in whatever way
    _kept.append(written)
    # It keeps none of this process's streams: who reads one to its end would wait for the server.
    subprocess.Popen(
        [sys.executable, "-P", server.__file__, str(listening), *arguments], pass_fds=[listening],
        stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environb, **ONE_THREAD},
    )  # fmt: skip
    os.close(read)
