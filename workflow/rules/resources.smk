from functools import cache, partial

from sce.running import devices
from sce.models import job_needs as resources


def get_gpus(wildcards):
    """GPUs of a job that asks a model. Snakemake would cut a number above ``--resources gpu=N`` down to N."""
    model = get_model(wildcards)
    limit = workflow.global_resources.get("gpu").value
    if limit is not None and (problem := resources.problem(model, limit, get_gpu_memory())):
        raise WorkflowError(f"{CONFIG_FILES}: models.{wildcards.model}: {problem}")
    return resources.gpus(model)


# A run with a limit is one on this machine.
get_gpu_memory = cache(devices.memory_gb)


def get_partition(wildcards):
    return get_model(wildcards).partition


def get_gpu_type(wildcards):
    return resources.gpu_type(get_model(wildcards))


def get_pool(name, wildcards):
    """One unit of what a provider's jobs share, so that ``--resources NAME=N`` runs N of them at a time."""
    return int(resources.pool(get_model(wildcards)) == name)


def get_elicit_resources():
    """Resources of ``elicit`` that only some studies need: limits of providers, and hints for a cluster. One
    that a rule names but leaves open would hide the profile's default."""
    models = STUDY.config.models.values()
    pools = {resources.pool(model) for model in models} - {None}
    found = {name: partial(get_pool, name) for name in sorted(pools)}
    if any(model.partition for model in models):
        found["slurm_partition"] = get_partition
    if any(resources.gpu_type(model) for model in models):
        found["gpu_model"] = get_gpu_type
    return found


def grows(value):
    """A resource of a job that is given as much again with every attempt."""
    return lambda wildcards, attempt: value * attempt
