"""What a person sees of a run: a real run in a pseudo-terminal, and the same where none is there."""

import io
import os
import pty
import re
import struct
import subprocess
import termios
import time
from fcntl import ioctl

import pytest
from rich.console import Console

from sce.running.jobs import last_line
from sce.running.progress import Progress, State, read_states
from sce.running.terminal import Jobs, Rate, Terminal
from tests.conftest import ROOT

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
SNAKEFILE = """
rule all:
    input: "a.txt", "b.txt"
rule write:
    output: "{name}.txt"
    log: "{name}.log"
    message: "Writing {wildcards.name}"
    shell:
        "echo noise of {wildcards.name} >&2; sleep 1.5; echo it cannot be written > {log}; "
        "test {wildcards.name} != fails; echo x > {output}"
onsuccess:
    print("the findings")
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return tmp_path


def seen_in_a_terminal(folder, *options, columns=60) -> tuple[int, str]:
    """Exit status, and all that a terminal of so many columns was sent, without its control sequences."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(ROOT)
        os.environ.pop("COLUMNS", None)
        os.execlp("snakemake", "snakemake", "--cores", "1", "--logger=sce", *options)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    sent, until = b"", time.monotonic() + 120
    while time.monotonic() < until:
        try:
            sent += os.read(terminal, 65536)
        except OSError:  # nobody holds the other end any more
            break
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), CONTROL.sub("", sent.decode(errors="replace"))


def test_a_run_in_a_terminal_shows_bars_and_then_the_findings(folder):
    status, seen = seen_in_a_terminal(folder)
    assert status == 0
    assert "0 of 3" in seen
    assert "Writing a" in seen  # what runs now
    assert "noise of a" in seen  # the job's own words, above the bars
    after = seen.split("the findings")[1]
    assert re.search(r"3 of 3 jobs done in 0:0\d", after)
    assert "Select jobs to execute" not in seen
    assert "Finished job" not in seen


def test_a_failure_is_told_at_once_and_counted(folder):
    status, seen = seen_in_a_terminal(folder, "fails.txt")
    assert status == 1
    assert "Error in rule write" in seen
    assert "0 of 1 jobs done" in seen
    assert "1 failed" in seen.split("Error in rule write")[1]
    assert "failed: Writing fails: it cannot be written" in seen.split("0 of 1 jobs done")[1]


def test_lines_where_they_are_asked_for(folder):
    _, seen = seen_in_a_terminal(folder, "--dry-run")
    assert "This was a dry-run" in seen
    _, seen = seen_in_a_terminal(folder, "--quiet", "all")
    words = seen.split()  # Snakemake begins with either job
    assert sorted(words[:6]) == sorted(["noise", "of", "a", "noise", "of", "b"])
    assert words[6:] == ["the", "findings"]
    _, seen = seen_in_a_terminal(folder)
    assert "Nothing to be done" in seen


def test_a_pipe_gets_the_lines_of_snakemake(folder):
    command = ["snakemake", "--cores", "1", "--logger", "sce"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert "Select jobs to execute" in done.stderr
    assert "3 of 3 steps (100%) done" in done.stderr
    assert "\x1b" not in done.stderr
    assert done.stdout == "the findings\n"


def test_jobs_that_started_and_ended(tmp_path):
    jobs = Jobs(3)
    for job in (1, 2):
        jobs.started(job, f"job {job}")
    jobs.finished(1)
    assert (jobs.done, jobs.reasons, jobs.running) == (1, {}, {2: "job 2"})
    log = tmp_path / "2.log"
    log.write_text("2026-01-01 10:00:00,000 INFO begins\n2026-01-01 10:00:01,000 ERROR no key is set\n\n")
    jobs.failed(2, [str(log), str(tmp_path / "none.log")])
    assert (jobs.done, jobs.reasons, jobs.running) == (1, {2: "job 2: no key is set"}, {})
    assert jobs.failures == ", 1 failed"
    jobs.started(2, "job 2")  # tried again
    jobs.finished(2)
    assert (jobs.done, jobs.reasons) == (2, {})


def test_of_many_failures_ten_are_named(tmp_path):
    terminal, told = Terminal(tmp_path), io.StringIO()
    terminal.console, terminal.jobs = Console(file=told), Jobs(15)
    for job in range(12):
        terminal.jobs.failed(job, [])
    terminal._say_how_it_ended()
    lines = told.getvalue().splitlines()
    assert lines[0].startswith("0 of 15 jobs done in 0:0")
    assert lines[1:] == [*(f"failed: job {job}" for job in range(10)), "failed: 2 more"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"begin\n" * 100_000 + b"2026-01-01 ERROR it broke\n\n", "it broke"),
        (b"2026-01-01 ERROR \x1b[31mred\x1b[0m\r\a\n", "[31mred [0m"),
        (b"\xff\x00\xfe", "\ufffd \ufffd"),
        (b"ERROR begin\n" + b"x" * 100_000, "x" * 500 + "…"),
    ],
)
def test_why_a_job_failed_is_one_short_line_that_can_be_printed(written, told, tmp_path):
    (tmp_path / "a.log").write_bytes(written)
    assert last_line(tmp_path / "a.log") == told


def test_the_rate_is_that_of_the_last_seconds():
    rate = Rate()
    assert rate.of(State("m on d", 100, at=0.0), now=0.0) == 0
    assert rate.of(State("m on d", 100, at=10.0, counts={"answered": 50}), now=10.0) == 5
    for at in (20.0, 30.0, 40.0):
        last = State("m on d", 100, at=at, counts={"answered": 50 + int(at) // 10})
        assert rate.of(last, now=at) < 5
    assert rate.of(last, now=60.0) == pytest.approx(0.1)
    assert rate.of(last, now=100.0) == pytest.approx(2 / 60)  # it has told of nothing for a minute


def test_a_job_is_shown_with_rate_time_left_failures_and_money(tmp_path):
    terminal = Terminal(tmp_path)
    first = State("m on d", 1000, at=0.0, counts={"answered": 0}, usd=0.0)
    assert terminal._told(first, now=0.0) == "0 of 1,000, 0.0/s, 0.00 USD"
    later = State("m on d", 1000, at=10.0, counts={"answered": 90, "failed": 10}, usd=0.25)
    assert terminal._told(later, now=10.0) == "100 of 1,000, 10.0/s, about 2 min left, 10 failed, 0.25 USD"


def test_a_job_that_runs_again_has_no_rate_below_zero(tmp_path):
    terminal = Terminal(tmp_path)
    for at, done, said in ((0.0, 50, ""), (5.0, 10, "10 of 60, 0.0/s"), (10.0, 20, "2.0/s, about 20 s left")):
        assert said in terminal._told(State("m on d", 60, at=at, counts={"answered": done}), now=at)


def test_a_watched_job_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SCE_PROGRESS", str(tmp_path))
    monkeypatch.setattr("sce.running.progress.TOLD_EVERY_S", -1)
    progress = Progress("m/1 on d", 10, spent=lambda: 0.25)
    for status in ("answered", "answered", "failed"):
        progress(status)
    (state,) = read_states(tmp_path)
    assert (state.what, state.total, state.done, state.usd) == ("m/1 on d", 10, 3, 0.25)
    assert state.counts == {"answered": 2, "failed": 1}
    progress.close()
    assert read_states(tmp_path) == []
    assert capsys.readouterr().err == ""


def test_a_run_goes_on_where_its_terminal_was_closed(tmp_path):
    """As after a lost connection: were its lines not passed on, the jobs that write them would die."""

    class Closed(io.StringIO):
        def write(self, text):
            raise OSError(5, "Input/output error")

    terminal = Terminal(tmp_path)
    terminal.console = Console(file=Closed())
    read, write = os.pipe()
    os.write(write, b"one\ntwo\n")
    os.close(write)
    terminal._pass_on(read)
    assert terminal.console.quiet
