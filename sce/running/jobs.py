"""What every job's script needs around its one call: its log, and its progress."""

import fcntl
import hashlib
import json
import logging
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from sce.errors import InputError

LINE_EVERY_S = 30
SOURCES = ("dataset", "datasets", "prompts", "reference", "script", "modules")
_HELD = []


class Stopped(Exception):
    """The job was told to stop, by SIGTERM or Ctrl-C, and has kept what it had."""

    def __init__(self):
        super().__init__("stopped before its end; every answer is kept: run again to go on from here")


@contextmanager
def logged(log_file):
    """Log the job to ``log_file``; an exception ends there too, a user's error and a stop as one line."""
    logging.basicConfig(
        filename=log_file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    begin = time.monotonic()
    try:
        yield
    except (InputError, Stopped) as error:
        logging.error("%s", error)
        sys.exit(str(error))
    except KeyboardInterrupt:
        logging.error("%s", stopped := Stopped())
        sys.exit(str(stopped))
    except BaseException:
        logging.exception("the job failed")
        raise
    logging.info("done in %.1f s", time.monotonic() - begin)


def provenance(job) -> dict:
    """What made an artifact, for its metadata: the parameters of Snakemake's ``job``, and by the name of the
    input the digest of the files of the checkout that it read (its dataset, wordings, script and modules)."""
    sources = {name: getattr(job.input, name, []) for name in SOURCES}
    read = {name: [files] if isinstance(files, str) else list(files) for name, files in sources.items()}
    return {
        "params": {name: _decoded(value) for name, value in job.params.items()},
        "digests": {name: _digest(files) for name, files in read.items() if files},
    }


def _decoded(value):
    """A parameter as it was before it was written as JSON (``config.exact``)."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _digest(files):
    digest = hashlib.sha256()
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()[:16]


def hold_lock(path) -> None:
    """Keep other runs out of this folder for as long as this process lives, however it ends.

    Raises InputError where another run holds the lock.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InputError(path, "lock", "another run is working here", "one run at a time") from None
    _HELD.append(file)  # the lock goes with the file, so the file stays open


class Progress:
    """A bar with rate and remaining time on a terminal; in logs a line now and then."""

    def __init__(self, what: str, total: int):
        self.what, self.total, self.counts = what, total, Counter()
        self._bar = tqdm(
            total=total, desc=what, unit="question", disable=not sys.stderr.isatty(), leave=False
        )
        self._begin = self._last_line = time.monotonic()

    def __call__(self, status: str) -> None:
        self.counts[status] += 1
        self._bar.update()
        now = time.monotonic()
        if now - self._last_line > LINE_EVERY_S:
            self._last_line = now
            self._tell(now)

    def close(self) -> None:
        self._bar.close()
        logging.info("%s: %s", self.what, self._so_far())

    def _tell(self, now):
        done = self.counts.total()
        rate = done / (now - self._begin)
        left = (self.total - done) / rate / 60
        line = f"{self.what}: {self._so_far()}; {rate:.1f} questions/s, about {left:.0f} min left"
        logging.info("%s", line)
        if self._bar.disable:
            print(line, file=sys.stderr)

    def _so_far(self):
        counts = ", ".join(f"{number} {status}" for status, number in sorted(self.counts.items()))
        return f"{self.counts.total()} of at most {self.total} questions ({counts or 'none yet'})"
