"""Whatever happens to a small study, the same command ends in the same scores, or in a message that names the
file and the way out; and nothing that was answered is asked again unless its record was destroyed."""

import contextlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.workflow.conftest import TINY, copy_of

pytestmark = [pytest.mark.slow, pytest.mark.chaos]

KILLS = int(os.environ.get("SCE_CHAOS_KILLS", "100"))
SEED = int(os.environ.get("SCE_CHAOS_SEED", "1"))
FAULTS = 8
STUDY = {
    "models": {
        "near": {"engine": "control", "policy": "nearest"},
        "bad": {"engine": "control", "policy": "malformed"},
    },
    "experiments": {"main": {"models": ["near", "bad"], "datasets": ["tiny"], "conditions": ["minimal"]}},
}
ONE_MODEL = {"main": {"models": ["near"], "datasets": ["tiny"], "conditions": ["minimal"]}}
ONLY = "results/scores.csv"


def small(folder):
    made = Project(folder)
    (made.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    made.configure(STUDY)
    return made


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The study, finished; with ``took``: the seconds of the run."""
    made = small(tmp_path_factory.mktemp("sound") / "project")
    begin = time.monotonic()
    made.snakemake("scores")
    made.took = time.monotonic() - begin
    return made


@pytest.fixture
def copy(sound, tmp_path):
    return copy_of(sound, tmp_path / "copy")


def scores(made):
    return (made.folder / "results/scores.csv").read_bytes()


def run(made, *before):
    """One run of the scores: whether it succeeded, and what it said. ``before``: a command that starts it."""
    done = subprocess.run(
        [*before, *made.command("scores")], cwd=made.folder, text=True, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode == 0, done.stdout


def ends_well(made, sound, runs=3):
    """The same command ends in the same scores, at last; each failure names a file and a way out. Returns
    what was said on the way."""
    said = []
    for _ in range(runs):
        succeeded, out = run(made)
        if succeeded:
            assert scores(made) == scores(sound)
            return said
        assert "; allowed: " in out, out
        assert "Traceback" not in out, out
        said.append(out)
    raise AssertionError(said[-1])


class Killed:
    """Runs of a study that are killed: what each hit, and what the ledger then lacked or had twice."""

    def __init__(self, made, seconds, chance):
        self.made, self.seconds, self.chance = made, seconds, chance
        self.hit, self.lost, self.twice, self.finished = Counter(), 0, 0, 0
        self._answered = set()

    @property
    def kills(self):
        return sum(self.hit.values())

    def run(self):
        """One run whose jobs are killed at random instants, and every second time all of it in the end.
        Whether it came to its end before."""
        started = subprocess.Popen(
            self.made.command(ONLY, "--retries", "4"), cwd=self.made.folder, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        before, end = self.kills, time.monotonic() + self.chance.choice([1, 1000]) * self.seconds
        end -= self.chance.uniform(0, self.seconds)
        while started.poll() is None:
            time.sleep(self.chance.uniform(0, self.seconds / 10))
            if time.monotonic() < end:
                self._kill_jobs(started.pid)
            else:
                self._kill_all(started)
        assert started.returncode == 0 or self.kills > before
        self.finished += started.returncode == 0
        self._look()
        return started.returncode == 0

    def forget(self, ledger):
        shutil.rmtree(self.made.folder / "results")
        if ledger:
            shutil.rmtree(self.made.folder / "ledger")
            self._answered = set()

    def _kill_jobs(self, session):
        jobs = alive(session)
        for job in jobs:
            with contextlib.suppress(ProcessLookupError):
                os.kill(job, signal.SIGKILL)
        if jobs:
            self.hit["a job: " + "+".join(sorted(set(jobs.values())))] += 1

    def _kill_all(self, started):
        jobs = alive(started.pid)
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            self.hit["all: " + ("+".join(sorted(set(jobs.values()))) or "between jobs")] += 1
        while alive(started.pid):
            time.sleep(0.02)

    def _look(self):
        rows = answers(self.made)
        self.lost += len(self._answered - set(rows))
        self.twice += len(rows) - len({(file, digest) for file, digest, _ in rows})
        self._answered = set(rows)


def alive(session):
    """Process -> script, of the jobs in a session."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            state, _, _, its = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            script = re.search(rb"/scripts/tmp\w+\.(\w+)\.py", (entry / "cmdline").read_bytes())
        except (OSError, ValueError):
            continue
        if its == str(session) and state != "Z" and script:
            found[int(entry.name)] = script[1].decode()
    return found


def answers(made):
    """The rows of the ledger as (file, digest, response)."""
    rows = []
    for path in (made.folder / "ledger").glob("*.sqlite"):
        with contextlib.closing(sqlite3.connect(path)) as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'responses'").fetchone():
                rows += [(path.name, *row) for row in db.execute("SELECT digest, response FROM responses")]
    return rows


def test_killed_at_random_instants(tmp_path):
    """The smallest study that has every step from the grid to the collected scores, of 306 points."""
    sound, made = small(tmp_path / "sound"), small(tmp_path / "project")
    for project in (sound, made):
        project.edit("resources/datasets/tiny.yaml", "step: 20", "step: 2")
        project.configure(STUDY | {"models": {"near": STUDY["models"]["near"]}, "experiments": ONE_MODEL})
    begin = time.monotonic()
    sound.snakemake(ONLY)
    killed = Killed(made, time.monotonic() - begin, random.Random(SEED))
    while killed.kills < KILLS:
        if killed.run():
            assert scores(made) == scores(sound)
            assert sorted(answers(made)) == sorted(answers(sound))
            killed.forget(ledger=killed.finished % 2)  # else only later steps are hit
        print(killed.kills, dict(killed.hit), killed.finished, killed.lost, killed.twice, flush=True)
        assert (killed.lost, killed.twice) == (0, 0)
    made.snakemake(ONLY)
    assert scores(made) == scores(sound)
    assert sorted(answers(made)) == sorted(answers(sound))


def damage(path, chance):
    """A fault at a random place of a file; what it was."""
    raw = path.read_bytes()
    how = chance.choice(["cut", "flip", "empty", "zeros", "gone"])
    at = chance.randrange(len(raw))
    if how == "gone":
        path.unlink()
    elif how == "flip":
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :])
    else:
        path.write_bytes({"cut": raw[:at], "empty": b"", "zeros": raw[:at] + bytes(len(raw) - at)}[how])
    return how


@pytest.mark.parametrize("number", range(FAULTS))
def test_faults_of_artifacts(copy, sound, number):
    chance = random.Random(SEED * 1000 + number)
    files = sorted((copy.folder / "results").rglob("*.parquet"))
    for path in chance.sample(files, 2):
        print(path.name, damage(path, chance))
    ends_well(copy, sound)
    assert copy.rows_in_ledger() == sound.rows_in_ledger()


@pytest.mark.parametrize("number", range(FAULTS))
def test_faults_of_the_ledger(copy, sound, number):
    """Its damage is told and mended or its file is set aside; the scores are never other ones."""
    chance = random.Random(SEED * 2000 + number)
    path = chance.choice(sorted((copy.folder / "ledger").glob("*.sqlite")))
    how = damage(path, chance)
    shutil.rmtree(copy.folder / "results")
    succeeded, out = run(copy)
    print(path.name, how, succeeded)
    if succeeded:
        assert scores(copy) == scores(sound)
    else:
        assert path.name in out
        assert "; allowed: " in out
        assert "Traceback" not in out
        aside = copy.folder / "aside"
        aside.mkdir()
        for file in path.parent.glob(f"{path.name}*"):  # of a file that is gone, what lay beside it
            shutil.move(file, aside)
        ends_well(copy, sound)


def mounting(options):
    """A command that starts another one with an empty file system of its own on ``results``."""
    script = f'mkdir -p results && mount -t tmpfs -o {options} none results && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


@pytest.fixture
def may_mount(tmp_path):
    try:
        tried = subprocess.run([*mounting("size=64k"), "true"], cwd=tmp_path, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")


@pytest.mark.parametrize(("options", "told"), [("size=16k", "make space"), ("ro", "this user may write")])
def test_results_that_cannot_be_written(sound, tmp_path, may_mount, options, told):
    made = small(tmp_path / "project")
    succeeded, out = run(made, *mounting(options))
    assert not succeeded
    assert told in out
    assert "results" in out
    assert "Traceback" not in out
    assert ends_well(made, sound) == []
    assert made.rows_in_ledger() == sound.rows_in_ledger()


@pytest.mark.parametrize("years", [-5, 5])
def test_a_clock_that_was_wrong(copy, sound, years):
    when = time.time() + years * 365 * 86400
    for name in ("results", "ledger", "resources"):
        for path in (copy.folder / name).rglob("*"):
            os.utime(path, (when, when))
    assert ends_well(copy, sound) == []
    copy.edit("sce/measuring/scores.py", "NO_BOUNDARY =", "EDITED = True\nNO_BOUNDARY =")
    assert ends_well(copy, sound) == []
    assert copy.rows_in_ledger() == sound.rows_in_ledger()


def test_two_runs_at_once(sound, tmp_path):
    """In one folder the second is refused; on one ledger from two folders both end in the same scores."""
    here, there = small(tmp_path / "here"), small(tmp_path / "there")
    ledger = str(tmp_path / "ledger")
    for made in (here, there):
        made.configure(STUDY | {"ledger": ledger})
    runs = [
        subprocess.Popen(
            made.command("scores"),
            cwd=made.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for made in (here, here, there)
    ]
    said = [started.communicate(timeout=300)[0] for started in runs]
    assert runs[2].returncode == 0, said[2]
    ended = [started.returncode == 0 for started in runs[:2]]
    assert any(ended)
    if not all(ended):  # else one came only after the other
        refused = said[ended.index(False)]
        assert "another run in this folder" in refused
        assert "Traceback" not in refused
    assert scores(here) == scores(there) == scores(sound)
