"""One run at a time in a folder, and looking beside it: real processes."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager

STUDY = {
    "models": {"nearest": {"engine": "control", "policy": "nearest"}},
    "experiments": {"main": {"models": ["nearest"], "datasets": ["exam"], "conditions": ["minimal"]}},
}
LOOKS = (["--dry-run"], ["--list-rules"], ["--summary"], ["--lint"])


@contextmanager
def running(project):
    """A run of the project that asks for a long time; it is killed in the end."""
    project.edit("workflow/scripts/elicit.py", "with logged", "__import__('time').sleep(600)\nwith logged")
    run = subprocess.Popen(
        project.command(),
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        lock, until = project.folder / ".snakemake/study.lock", time.monotonic() + 120
        while not (lock.exists() and lock.read_text()):
            assert run.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        yield run
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    project.edit("workflow/scripts/elicit.py", "__import__('time').sleep(600)\n", "")


def test_beside_a_run_all_may_look_and_none_may_run(project):
    project.configure(STUDY)
    with running(project) as run:
        for look in LOOKS:
            out = project.snakemake(*look)
            assert "another run" not in out
        out = project.snakemake(ok=False)
        assert f".snakemake/study.lock: lock: found 'another run in this folder (process {run.pid})'" in out
        assert "wait for it, or stop it" in out
        assert "Traceback" not in out
    project.snakemake("scores")  # the lock went with the run that was killed
    assert (project.folder / "results/scores.csv").exists()
