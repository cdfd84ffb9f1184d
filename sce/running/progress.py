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
        self._note = ""
        self._begin = self._last_line = time.monotonic()

    def __call__(self, status: str) -> None:
        self.counts[status] += 1
        self._bar.update()
        now = time.monotonic()
        if now - self._last_line > LINE_EVERY_S:
            self._last_line = now
            self._report(now)

    def note(self, text: str) -> None:
        """What there is to say besides numbers of questions: logged, and shown with these from now on."""
        self._note = text
        self._bar.set_postfix_str(text)
        logging.info("%s: %s", self.what, text)

    def close(self) -> None:
        self._bar.close()
        logging.info("%s: %s", self.what, self._so_far())

    def _report(self, now):
        done = self.counts.total()
        rate = done / (now - self._begin)
        pace = f"{rate:.1f} questions/s" if rate >= 1 else f"{1 / rate:.1f} s a question"
        left = (self.total - done) / rate / 60
        line = f"{self.what}: {self._so_far()}; {pace}, about {left:.0f} min left"
        if self._note:
            line += f"; {self._note}"
        logging.info("%s", line)
        if self._bar.disable:
            print(line, file=sys.stderr)

    def _so_far(self):
        counts = ", ".join(f"{number} {status}" for status, number in sorted(self.counts.items()))
        return f"{self.counts.total()} of at most {self.total} questions ({counts or 'none yet'})"
