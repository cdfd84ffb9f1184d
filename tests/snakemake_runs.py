"""Runs of the real Snakemake that find its imports done, which take half of the time that a dry run takes.

A server process imports what every run needs, and nothing of this package; each run is a fork of it.
"""

import multiprocessing
import os
import sys
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["snakemake.cli", "pytest", "pandas", "pyarrow.parquet", "pydantic", "yaml", "dotenv"]
)


def run(options: list[str], folder: Path, env: dict[str, str], timeout: float) -> tuple[int, str]:
    """The exit status of ``snakemake OPTIONS`` in a folder, and what it printed. Raises TimeoutError."""
    printed = folder.with_name(f".{folder.name}.printed")
    process = _SERVER.Process(target=_main, args=(options, folder, {**os.environ, **env}, printed))
    process.start()
    process.join(timeout)
    if slow := process.exitcode is None:
        process.terminate()
        process.join()
    out = printed.read_text(encoding="utf-8", errors="replace")
    printed.unlink()
    if slow:
        raise TimeoutError(f"more than {timeout} s:\n{out}")
    return process.exitcode, out


def _main(options, folder, env, printed):
    with open(printed, "wb") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    # The package that runs is the folder's, as for any user.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() not in (_ROOT, Path.cwd())]
    assert "sce" not in sys.modules
    from snakemake.cli import main

    sys.argv = ["snakemake", *options]
    main(options)
