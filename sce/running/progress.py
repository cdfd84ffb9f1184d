"""How far a job has come: a bar on a terminal, lines in a log, and a file where the run is watched."""

import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from tqdm import tqdm

from sce.errors import InputError
from sce.files.writing import replacing
from sce.running.durations import duration

LINE_EVERY_S = 30
TOLD_EVERY_S = 0.5
WATCHED = "SCE_PROGRESS"  # the environment variable that names the folder where jobs say how far they are


@dataclass(frozen=True)
class State:
    """How far a job is. ``at``: when it said so, seconds since 1970; ``usd``: what the answers in its ledger
    file have cost so far, where that costs and is known."""

    what: str
    total: int
    at: float
    counts: dict[str, int] = field(default_factory=dict)
    usd: float | None = None

    @property
    def done(self) -> int:
        return sum(self.counts.values())


def read_states(folder) -> list[State]:
    """What the jobs that run now last said in a folder, by their names."""
    states = []
    for path in sorted(Path(folder).glob("*.json")):
        try:
            states.append(State(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):  # the job has ended meanwhile, or another wrote there
            continue
    return states


def is_watched() -> bool:
    """Whether what is written to a pipe leads to a terminal, between the bars of a run."""
    return WATCHED in os.environ


def time_left(questions: int, rate: float) -> str:
    """How long so many questions take at a rate above 0, in questions a second."""
    return f"about {duration(questions / rate)} left"


class Progress:
    """A bar with rate and remaining time on a terminal; in logs a line every LINE_EVERY_S seconds; where the
    run is watched, a file instead of both. ``spent``: what the job's answers have cost so far, in USD."""

    def __init__(self, what: str, total: int, spent: Callable[[], float] | None = None):
        self.what, self.total, self.counts, self._spent = what, total, Counter(), spent
        folder = os.environ.get(WATCHED)
        self._file = Path(folder, f"{quote(what, safe=' ')}.json") if folder else None
        shown = sys.stderr.isatty() and not folder
        self._bar = tqdm(total=total, desc=what, unit="question", disable=not shown, leave=False)
        self._note = ""
        self._begin = self._last_line = self._last_told = time.monotonic()

    def __call__(self, status: str) -> None:
        self.counts[status] += 1
        self._bar.update()
        now = time.monotonic()
        if now - self._last_line > LINE_EVERY_S:
            self._last_line = now
            self._report(now)
        if self._file and now - self._last_told > TOLD_EVERY_S:
            self._last_told = now
            self._tell()

    def note(self, text: str) -> None:
        """What there is to say besides numbers of questions: logged, and shown with these from now on."""
        self._note = text
        self._bar.set_postfix_str(text)
        logging.info("%s: %s", self.what, text)

    def close(self) -> None:
        self._bar.close()
        if self._file:
            with suppress(OSError):
                self._file.unlink()
        logging.info("%s: %s", self.what, self._so_far())

    def _tell(self):
        usd = self._spent() if self._spent else None
        state = State(self.what, self.total, time.time(), dict(self.counts), usd)
        try:
            with replacing(self._file) as partial:
                partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
        except (OSError, InputError) as error:  # no reason to stop asking
            logging.warning("how far this job is cannot be shown: %s", error)
            self._file = None

    def _report(self, now):
        done = self.counts.total()
        rate = done / (now - self._begin)
        pace = f"{rate:.1f} questions/s" if rate >= 1 else f"{1 / rate:.1f} s a question"
        line = f"{self.what}: {self._so_far()}; {pace}, {time_left(self.total - done, rate)}"
        if self._note:
            line += f"; {self._note}"
        logging.info("%s", line)
        if self._bar.disable and not self._file:
            print(line, file=sys.stderr)

    def _so_far(self):
        counts = ", ".join(f"{number} {status}" for status, number in sorted(self.counts.items()))
        return f"{self.counts.total()} of at most {self.total} questions ({counts or 'none yet'})"
