"""What every job's script needs around its one call: its log, and what made its artifact."""

import json
import logging
import os
import sys
import time
from contextlib import contextmanager

from sce.errors import InputError
from sce.files.writing import unwritable

LOG_END = 64_000  # bytes at the end of a log, in which its last line is looked for
LINE_END = 500  # characters of it that are told


class Stopped(Exception):
    """The job ends before its end, and has kept what it had. The message says why; by itself, that the job
    was told to, by SIGTERM or Ctrl-C."""

    def __init__(self, why="stopped before its end; every answer is kept: run again to go on from here"):
        super().__init__(why)


@contextmanager
def logged(log_file):
    """Log the job to ``log_file``; exceptions are logged too, an InputError and a stop as one line."""
    logging.basicConfig(
        filename=log_file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    begin = time.monotonic()
    try:
        yield
    except (InputError, Stopped) as error:
        _stop(error)
    except KeyboardInterrupt:
        _stop(Stopped())
    except OSError as error:
        told = unwritable(error.filename or "results", error)
        if told is None:
            logging.exception("the job failed")
            raise
        _stop(told)
    except BaseException:
        logging.exception("the job failed")
        raise
    logging.info("done in %.1f s", time.monotonic() - begin)


def last_line(log_file) -> str:
    """The last line of a job's log that is not empty, an error without its time and level: of a job that
    failed, why it did; of a long line the beginning. Empty where there is no log."""
    try:
        with open(log_file, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_END))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    said = next((line.split(" ERROR ", 1)[-1] for line in reversed(lines) if line.strip()), "")
    printable = "".join(char if char.isprintable() else " " for char in said).strip()
    return printable if len(printable) <= LINE_END else f"{printable[:LINE_END]}…"


def _stop(error):
    logging.error("%s", error)
    sys.exit(str(error))


def provenance(job) -> dict:
    """What made an artifact, for its metadata: the parameters of Snakemake's ``job``, among them the digests
    of its code and of the files of the checkout that it read."""
    return {"params": {name: _decoded(value) for name, value in job.params.items()}}


def _decoded(value):
    """A parameter as it was before it was written as JSON (``sce.files.json_files.exact``)."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value
