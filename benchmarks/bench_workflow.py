"""What the workflow itself costs: building its graph, finding nothing to do, starting jobs, loading models.

    python benchmarks/bench_workflow.py graph [--times 1 10]   minutes; config/paper.yaml, and 10 times that
    python benchmarks/bench_workflow.py jobs                   minutes; what a job takes beside its work
    python benchmarks/bench_workflow.py jobs --slurm           the same through a Slurm of the tests (as root)
    python benchmarks/bench_workflow.py loads                  a second; how often a study loads its models

``graph`` asks no model: it pretends every result (files that are there, and Snakemake's own records of them)
and measures a dry run before and after. ``jobs`` runs 40 jobs of control respondents on one core; with
``--slurm --together`` all about a pair is one job of the queue. ``--beside CHECKOUT`` runs another version in
turns with this one, each with its own rules, profiles and package: both medians and their ratio. Processor
seconds stand beside the wall clock, which other work on the machine lengthens.
"""

import argparse
import ctypes
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from sce.files import artifacts  # noqa: E402
from sce.models import job_needs as resources  # noqa: E402
from sce.study import config  # noqa: E402
from tests.conftest import Project  # noqa: E402
from tests.workflow import slurm  # noqa: E402

PAPER = ROOT / "config/paper.yaml"
CONTROLS = ("nearest", "overshoot", "timid", "echo", "malformed", "constant")
PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
IMPATIENT = [
    *("--profile", "profiles/slurm", "--latency-wait", "5"),
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2"),
]


def paper(times):
    """The paper's configuration with every model in so many variants, each of which is another respondent."""
    content = yaml.safe_load(PAPER.read_text())
    for variant in range(1, times):
        for name, entry in list(content["models"].items()):
            if "variant" not in name:
                content["models"][f"{name}.variant{variant}"] = entry | {"system": f"Variant {variant}."}
    for experiment in content["experiments"].values():
        models = experiment["models"]
        experiment["models"] = [
            *models,
            *(f"{name}.variant{variant}" for variant in range(1, times) for name in models),
        ]
    return content


class Spent:
    """Wall clock, processor seconds and peak memory of processes started in a with-block."""

    def __enter__(self):
        self._begin, self._before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        return self

    def __exit__(self, *_):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.wall_s = time.monotonic() - self._begin
        self.processor_s = used.ru_utime + used.ru_stime - self._before.ru_utime - self._before.ru_stime
        self.memory_mb = used.ru_maxrss / 1024


def snakemake(project, *options, env=None):
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *options]
    done = subprocess.run(
        command, cwd=project.folder, env={**os.environ, **(env or {})}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    return done.stdout + done.stderr


def dry_run(project, repeats):
    spent = []
    for _ in range(repeats):
        with Spent() as one:
            out = snakemake(project, "--dry-run")
        spent.append(one)
    jobs = re.search(r"^total\s+(\d+)", out, re.MULTILINE)
    names = ("wall_s", "processor_s", "memory_mb")
    median = {name: statistics.median(getattr(one, name) for one in spent) for name in names}
    return int(jobs[1]) if jobs else 0, median


def pretend(project):
    """Every output file of the study, and Snakemake's records that it made them."""
    table = snakemake(project, "--summary")
    empty = pd.DataFrame(columns=list(artifacts.columns("responses")))
    for line in table.splitlines():
        path = project.folder / line.split("\t")[0]
        if "\t" not in line or (path.suffix == "" and path.name != "failures_checked"):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "responses.parquet":
            artifacts.write(empty, path, "responses", provenance={"round": 0, "open": 0})
        else:
            path.touch()
    snakemake(project, "--touch", "--forceall", "--no-hooks")


def graph(times, repeats):
    for factor in times:
        with tempfile.TemporaryDirectory() as folder:
            project = Project(Path(folder) / "project")
            project.configure(paper(factor))
            jobs, build = dry_run(project, repeats)
            pretend(project)
            left, nothing = dry_run(project, repeats)
            assert left == 0, f"{left} jobs are stale after all"
            for what, spent in (("build", build), ("no-op", nothing)):
                print(
                    f"paper x {factor}: {jobs} jobs, {what}: {spent['wall_s']:.1f} s, "
                    f"{spent['processor_s']:.1f} processor s, {spent['memory_mb']:.0f} MB",
                    flush=True,
                )


def jobs(checkouts, turns, through_slurm, together):
    """What each checkout's jobs take, in turns: the medians, and how many times less the last one takes."""
    adopt()
    with cluster() if through_slurm else nullcontext() as slurm_here:
        found = [[measured(checkout, slurm_here, together) for checkout in checkouts] for _ in range(turns)]
    for name in found[0][0]:
        each = [statistics.median(figures[name] for figures in side) for side in zip(*found, strict=True)]
        ratio = f"   ratio {each[0] / each[-1]:.2f}" if len(each) > 1 else ""
        print(f"{name:45}" + "".join(f"{figure:9.2f}" for figure in each) + ratio)


def measured(checkout, slurm_here, together):
    """Figures of one run of a checkout's workflow, by name."""
    models = {name: {"engine": "control", "policy": name} for name in CONTROLS}
    experiment = {"models": list(models), "datasets": ["exam"], "conditions": ["minimal"]}
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "project", checkout)
        project.configure({"models": models, "experiments": {"main": experiment}})
        number, _ = dry_run(project, 1)
        if slurm_here is None:
            figures = run_here(project, number)
        else:
            figures = run_in_slurm(project, slurm_here, together)
    print(f"{checkout}: " + ", ".join(f"{name} {figure:.2f}" for name, figure in figures.items()), flush=True)
    return figures


def run_here(project, number):
    with Spent() as spent:
        snakemake(project)
        reap()
    work = sum(
        float(seconds)
        for log in (project.folder / "logs").rglob("*.log")
        for seconds in re.findall(r"done in ([\d.]+) s", log.read_text())
    )
    return {
        "jobs": number,
        "wall clock (s)": spent.wall_s,
        "work of the jobs' scripts (s)": work,
        "beside its work a job takes (s)": (spent.wall_s - work) / number,  # one core, one job at a time
        "processor s of a job": spent.processor_s / number,
    }


def run_in_slurm(project, slurm_here, together):
    if together:
        profile = project.folder / "profiles/slurm/config.yaml"
        content = yaml.safe_load(profile.read_text())
        content["groups"]["elicit"] = content["groups"]["parse_responses"]
        profile.write_text(yaml.safe_dump(content))
    with Spent() as spent:
        with Spent() as here:
            snakemake(project, *IMPATIENT, env=slurm_here.env)
        reap("slurmstepd")
    queued = [job for job in slurm_here.jobs() if job["WorkDir"] == str(project.folder.resolve())]
    return {
        "wall clock (s)": here.wall_s,
        "jobs of Slurm": len(queued),
        "one of them ran for (s)": statistics.mean(_seconds(job["RunTime"]) for job in queued),
        "processor s of one": (spent.processor_s - here.processor_s) / len(queued),
        "processor s of Snakemake that submits them": here.processor_s,
    }


@contextmanager
def cluster():
    slurm.install()
    with slurm.started() as running:
        yield running


def adopt():
    """Become the parent of what Snakemake and Slurm's daemons leave, so that its processor time is known."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(name="", within_s=60):
    """Wait until no child is left that has ``name`` in its name; others go on."""
    until, running = time.monotonic() + within_s, True
    while running and time.monotonic() < until:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        running = any(name in Path(f"/proc/{child}/comm").read_text() for child in children)
        time.sleep(0.2 * running)


def loads():
    """Loads of local weights: ours, once for a model and dataset; the published scripts', once for each of
    its conditions too."""
    study = config.load(yaml.safe_load(PAPER.read_text()), str(PAPER))
    ours = [pair for pair in study.pairs if resources.gpus(study.config.models[pair[0]])]
    theirs = sum(
        len(experiment.datasets) * max(1, len(experiment.conditions))
        for experiment in study.config.experiments.values()
        for model in experiment.models
        if resources.gpus(study.config.models[model])
    )
    print(f"config/paper.yaml loads weights {len(ours)} times; one load for each condition would be {theirs}")


def _seconds(clock):
    hours, minutes, seconds = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["graph", "jobs", "loads"])
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slurm", action="store_true")
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--beside", metavar="CHECKOUT", type=Path)
    options = parser.parse_args()
    if options.what == "graph":
        graph(options.times, options.repeats)
    elif options.what == "jobs":
        checkouts = [options.beside.resolve(), ROOT] if options.beside else [ROOT]
        jobs(checkouts, options.repeats, options.slurm, options.together)
    else:
        loads()


if __name__ == "__main__":
    main()
