"""Whatever happens to a small study, the same command ends in the same scores, or in a message that names the
file and the way out; and nothing that was answered is asked again unless its record was destroyed."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from tests.conftest import Project
from tests.workflow.conftest import TINY, copy_of

pytestmark = [pytest.mark.slow, pytest.mark.chaos]

KILLS, KILLING_S = 100, 360  # as many kills as fit into this time
SEED = int(os.environ.get("SCE_CHAOS_SEED", "1"))
FAULTS = 8
STUDY = {
    "models": {
        "near": {"engine": "control", "policy": "nearest"},
        "bad": {"engine": "control", "policy": "malformed"},
    },
    "experiments": {"main": {"models": ["near", "bad"], "datasets": ["tiny"], "conditions": ["minimal"]}},
}


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


def test_killed_at_random_instants(sound, tmp_path):
    made, chance = small(tmp_path / "project"), random.Random(SEED)
    kills = finished = 0
    until = time.monotonic() + KILLING_S
    while kills < KILLS and time.monotonic() < until:
        started = subprocess.Popen(
            made.command("scores"), cwd=made.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert started.wait(chance.uniform(0, sound.took)) == 0
            finished += 1
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            kills += 1
            continue
        assert scores(made) == scores(sound)
        assert made.rows_in_ledger() == sound.rows_in_ledger()
        shutil.rmtree(made.folder / "results")
        if finished % 2:  # every other time the ledger goes too, so that asking is interrupted as well
            shutil.rmtree(made.folder / "ledger")
    assert ends_well(made, sound, runs=1) == []
    assert made.rows_in_ledger() == sound.rows_in_ledger()
    print(f"{kills} kills, {finished} runs that ended before theirs")
    assert kills


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
        shutil.move(path, path.with_suffix(".aside"))
        for rest in path.parent.glob(f"{path.name}*"):
            rest.unlink()
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
    for path in [*(copy.folder / "results").rglob("*"), *(copy.folder / "ledger").rglob("*")]:
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
