"""How far a job has come: a bar on a terminal, lines in a log."""

import logging
import sys
import time
from collections import Counter

from tqdm import tqdm

LINE_EVERY_S = 30


class Progress:
    """A bar with rate and remaining time on a terminal; in logs a line every LINE_EVERY_S seconds."""

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
            self._report(now)

    def close(self) -> None:
        self._bar.close()
        logging.info("%s: %s", self.what, self._so_far())

    def _report(self, now):
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
