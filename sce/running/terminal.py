"""What a person sees of a run: bars for its jobs and questions, faults and findings above them.

Everything that the run and its jobs write to the terminal passes through here while the bars stand, so that
nothing is written across them.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sce.running.jobs import last_line
from sce.running.progress import WATCHED, State, read_states, time_left

REFRESH_S = 0.5
RATE_OVER_S = 20  # a rate is that of so many seconds
GOOD = ("answered",)
FAILURES_TOLD = 10  # jobs that failed are named at the end, up to so many


class Jobs:
    """The jobs of a run, as its events tell of them. ``total``: how many there are to be done; ``reasons``:
    the name of each that failed, and why it did."""

    def __init__(self, total: int):
        self.total, self.done = total, 0
        self.running: dict[int, str] = {}
        self.reasons: dict[int, str] = {}

    def started(self, job: int, name: str) -> None:
        self.running[job] = name

    def finished(self, job: int) -> None:
        self.running.pop(job, None)
        self.reasons.pop(job, None)  # it may have failed before
        self.done += 1

    def failed(self, job: int, logs: Sequence[str]) -> None:
        """logs: its log files, the last line of which says why."""
        name = self.running.pop(job, f"job {job}")
        self.reasons[job] = ": ".join([name, *filter(None, map(last_line, logs))])

    @property
    def failures(self) -> str:
        """How many failed, to be added to how many are done; empty where none did."""
        return f", {len(self.reasons)} failed" if self.reasons else ""


class Rate:
    """Questions a second of one job, over the last RATE_OVER_S seconds in which it said how far it was. It
    falls once the job has been silent for longer."""

    def __init__(self):
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, state: State, now: float) -> float:
        """The rate, from what the job said last. ``now``: seconds since 1970, as ``state.at`` is."""
        if self._seen and self._seen[-1][1] > state.done:  # the job runs again
            self._seen.clear()
        if not self._seen or self._seen[-1][0] < state.at:
            self._seen.append((state.at, state.done))
        while len(self._seen) > 2 and self._seen[-1][0] - self._seen[0][0] > RATE_OVER_S:
            self._seen.popleft()
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        until = max(last, now - RATE_OVER_S)
        return (after - before) / (until - first) if last > first else 0.0


class Terminal:
    """The bars at the foot of a terminal, from ``open`` to ``close``."""

    def __init__(self, folder: Path):
        """folder: where jobs say how far they are; what an earlier run left there is removed."""
        self.folder, self.jobs = folder, Jobs(0)
        self._rates: dict[str, Rate] = {}
        self._begin = time.monotonic()
        # Descriptors of the process, each with the copy that is the terminal.
        self._own: list[tuple[int, int]] = []

    def open(self, jobs: int) -> None:
        self.jobs = Jobs(jobs)
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("*.json"):
            left.unlink(missing_ok=True)
        os.environ[WATCHED] = str(self.folder.absolute())
        terminal = self._take_over()
        self.console = Console(file=os.fdopen(terminal, "w"))
        os.environ["COLUMNS"] = str(self.console.width)  # for what is written through the pipe
        # Both streams come through the pipe, in their order.
        own_way = {"redirect_stdout": False, "redirect_stderr": False, "transient": True}
        self._live = Live(
            get_renderable=self._render, console=self.console, refresh_per_second=1 / REFRESH_S, **own_way
        )
        self._live.start()

    def _take_over(self) -> int:
        """Lead what this process and its children write to the terminal through a pipe; a descriptor of the
        terminal."""
        terminal = os.dup(2)
        read, write = os.pipe()
        for descriptor in (1, 2):
            if os.isatty(descriptor):
                self._own.append((descriptor, os.dup(descriptor)))
                os.dup2(write, descriptor)
        os.close(write)
        self._reader = threading.Thread(target=self._pass_on, args=(read,), daemon=True)
        self._reader.start()
        return terminal

    def _pass_on(self, read):
        with os.fdopen(read, errors="replace") as lines:
            for line in lines:
                self.say(line.rstrip("\n"))

    def say(self, text: str, style: str = "") -> None:
        """A line above the bars."""
        try:
            self.console.print(Text(text, style=style), soft_wrap=True)
        except OSError:  # the terminal was closed, which stops no run: what is written goes nowhere
            self.console.quiet = True

    def close(self) -> None:
        """The bars vanish; the terminal is the process's own again."""
        if not self._own:
            return
        for descriptor, own in self._own:
            os.dup2(own, descriptor)
            os.close(own)
        self._own = []
        self._reader.join(timeout=5)
        with suppress(OSError):
            self._live.stop()
        os.environ.pop(WATCHED)
        self._say_how_it_ended()

    def _say_how_it_ended(self):
        minutes, seconds = divmod(int(time.monotonic() - self._begin), 60)
        self.say(
            f"{self.jobs.done} of {self.jobs.total} jobs done in {minutes}:{seconds:02}{self.jobs.failures}"
        )
        reasons = list(self.jobs.reasons.values())
        for reason in reasons[:FAILURES_TOLD]:
            self.say(f"failed: {reason}", "red")
        if len(reasons) > FAILURES_TOLD:
            self.say(f"failed: {len(reasons) - FAILURES_TOLD} more", "red")

    def _render(self):
        bars = Table.grid(padding=(0, 1), expand=True)
        for column in ({"no_wrap": True}, {"ratio": 1}, {"no_wrap": True}):
            bars.add_column(**column)
        for state in read_states(self.folder):
            bars.add_row(state.what, _bar(state.total, state.done), self._told(state, time.time()))
        so_far = f"{self.jobs.done} of {self.jobs.total}{self.jobs.failures}"
        bars.add_row("jobs", _bar(self.jobs.total, self.jobs.done), so_far)
        now = Text(" · ".join(self.jobs.running.values()), style="dim", no_wrap=True, overflow="ellipsis")
        return Group(now, bars)

    def _told(self, state, now):
        rate = self._rates.setdefault(state.what, Rate()).of(state, now)
        parts = [f"{state.done:,} of {state.total:,}", f"{rate:,.1f}/s"]
        parts += [time_left(state.total - state.done, rate)] if rate else []
        parts += [f"{number:,} {status}" for status, number in state.counts.items() if status not in GOOD]
        parts += [f"{state.usd:.2f} USD"] if state.usd is not None else []
        return ", ".join(parts)


def _bar(total, done):
    return ProgressBar(total=max(total, 1), completed=done)
