# What the rules share: the study, and the functions that fill their inputs, parameters and resources.
import os
import re
import sys
import time
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from snakemake.exceptions import WorkflowError

from sce.errors import InputError
from sce.experiments import registry
from sce.files.writing import require_writable
from sce.files.json_files import exact
from sce.files.places import PACKAGE
from sce.grids.datasets import dataset_file
from sce.measuring import semantic
from sce.measuring.metrics import METRICS, OVER_EMBEDDINGS
from sce.models import job_needs, shards
from sce.money.prices import load_prices
from sce.running import devices, warm
from sce.running.clocks import leave_future
from sce.running.found_text import FoundText
from sce.running.lock import hold_lock
from sce.study import inquiries, parameters, study, targets
from sce.study.checks import check_budgets

STARTED = time.time()
CONFIG = ", ".join(map(str, CONFIG_FILES)) or "the module's config"  # for messages

try:
    STUDY = study.load(config, CONFIG)
    PRICES = load_prices()
    check_budgets(STUDY, PRICES)
    if workflow.is_main_process:
        print(*STUDY.notes, sep="\n", end="\n" if STUDY.notes else "", file=sys.stderr)
except InputError as error:
    raise WorkflowError(str(error)) from None

STYLE = exact(STUDY.config.figures.model_dump())
# Of figures that give every model its own colour and every condition its own mark.
STUDY_STYLE = exact(parameters.study_style(STUDY))
code_of = parameters.code
# In an array of Slurm's jobs every task starts with the command of the first one, and its plugin then starts the task's own.
IS_ARRAY = any(word.startswith("--slurm-jobstep-array-execs") for word in sys.argv)
# Whether this is Snakemake in a job of a cluster, where the job's steps are local rules: otherwise Slurm's plugin starts
# Snakemake anew for each of them (by srun, which a program on one node does not need). Every rule that goes into the queue
# says "localrule: IN_JOB", also one made by "use rule", which inherits all but this.
IN_JOB = workflow.remote_exec and not IS_ARRAY


def named(names):
    """A regular expression for one of these names."""
    return "|".join(map(re.escape, names)) or "none"


wildcard_constraints:
    model=named(STUDY.config.models),
    explainer=named(STUDY.config.models),
    dataset=named(STUDY.datasets),
    shard=shards.NAME,
    metric=named(METRICS),
    experiment=named(STUDY.experiments),
    table=named(sorted({table for name in STUDY.experiments for table in STUDY.tables(name)})),
    kind=named(registry.MODULES),
    figure=named(map(targets.figure_name, STUDY.kinds)),


def of_checkout(files):
    """Files of the checkout as inputs. They are local even where a storage provider keeps the results.
    Whether they have changed is decided by their content, whose digest is a parameter, and not by their
    modification times."""
    return [ancient(local(str(file))) for file in files]


def collect_pairs(pattern):
    """The pattern's file for every (model, dataset) of the study."""
    return targets.of_pairs(STUDY, pattern)


def get_dataset_file(wildcards):
    return of_checkout([dataset_file(wildcards.dataset)])[0]


def get_dataset_content(wildcards):
    """The digest of what the dataset is asked and measured by."""
    return parameters.dataset_content(STUDY, wildcards.dataset)


def get_shown_dataset(wildcards):
    """The digest of the whole content of the dataset, for figures that show its title."""
    return parameters.content(STUDY.datasets[wildcards.dataset])


def get_model(wildcards):
    """The entry of the model that is asked: about another one, if there is an explainer."""
    return STUDY.config.models[wildcards.get("explainer", wildcards.model)]


def of_pair(function):
    """A function of the study, a model and a dataset as one of the wildcards."""
    return lambda wildcards: function(STUDY, wildcards.model, wildcards.dataset)


def of_inquiry(function):
    """A function of the study, a model, a dataset and who is asked about them as one of the wildcards."""
    return lambda wildcards: function(STUDY, wildcards.model, wildcards.dataset, wildcards.explainer)


def get_embeddings(wildcards):
    """The embeddings of a dataset's descriptions, where one of the metrics needs them."""
    metrics = STUDY.metrics(wildcards.model, wildcards.dataset)
    return f"results/embeddings/{wildcards.dataset}.npy" if OVER_EMBEDDINGS & set(metrics) else []


# --- elicit


def get_prompt_files(wildcards):
    return of_checkout(STUDY.prompt_files(wildcards.model, wildcards.dataset))


def get_prompt_files_about(wildcards):
    return of_checkout(of_inquiry(inquiries.prompt_files_about)(wildcards))


def get_tasks(wildcards):
    """The tasks that a model is given on a dataset, a file for each kind of experiment that draws some."""
    kinds = parameters.kinds_with_tasks(STUDY, wildcards.model, wildcards.dataset)
    return [f"results/{kind.name}/{wildcards.dataset}.parquet" for kind in kinds]


def get_shards(wildcards):
    """What each shard of a pair leaves; nothing where one job asks."""
    folder, number = f"results/{wildcards.model}/{wildcards.dataset}", get_model(wildcards).shards
    return [f"{folder}/shards/{shard}.txt" for shard in shards.shards(number)] if number > 1 else []


def get_asked(wildcards):
    """The entry of the model that a job asks. What shards have asked needs no engine again, but that the next
    question of a search depends on the answers of all."""
    model = get_model(wildcards)
    by_one_job = model.shards == 1 or {"shard", "explainer"} & set(wildcards.keys())
    if by_one_job or STUDY.survey(wildcards.model, wildcards.dataset):
        return model
    return job_needs.gathering(model)


def get_gpus(wildcards):
    """GPUs of a job that asks a model. Snakemake would cut a number above ``--resources gpu=N`` down to N."""
    model = get_asked(wildcards)
    limit = workflow.global_resources.get("gpu").value
    if limit is not None and (problem := job_needs.problem(model, limit, get_gpu_memory())):
        name = wildcards.get("explainer", wildcards.model)
        raise WorkflowError(f"{CONFIG}: models.{name}: {problem}")
    return job_needs.gpus(model)


# A run with a limit on GPUs is a run on this machine.
get_gpu_memory = cache(devices.memory_gb)


def get_pool(name, wildcards):
    """One unit of what a provider's jobs share, so that ``--resources NAME=N`` runs N of them at a time."""
    return int(job_needs.pool(get_asked(wildcards)) == name)


def get_elicit_resources():
    """Resources of ``elicit`` that only some studies need: limits of providers, and hints for a cluster. The
    others are left out, because a resource without a value would hide the profile's default."""
    models = STUDY.config.models.values()
    pools = {job_needs.pool(model) for model in models} - {None}
    found = {name: partial(get_pool, name) for name in sorted(pools)}
    if any(model.partition for model in models):
        found["slurm_partition"] = lambda wildcards: get_asked(wildcards).partition
    if any(job_needs.gpu_type(model) for model in models):
        found["gpu_model"] = lambda wildcards: job_needs.gpu_type(get_asked(wildcards))
    return found


# --- experiments


def get_kind(wildcards):
    return registry.kind(wildcards.kind)


def get_kind_code(script):
    """The digest of a script with the one kind of experiment that it runs."""
    return lambda wildcards: code_of(script, registry.MODULES[wildcards.kind])


def get_needed(wildcards):
    """The artifacts that a kind of experiment measures, by name."""
    folder = f"results/{wildcards.model}/{wildcards.dataset}"
    own = {
        "tasks": f"results/{wildcards.kind}/{wildcards.dataset}.parquet",
        "points": f"{folder}/{wildcards.kind}_points.parquet",
    }
    return {name: own.get(name, f"{folder}/{name}.parquet") for name in get_kind(wildcards).needs}


def get_peers(wildcards):
    """The boundaries of the other models that a kind of experiment compares a pair with."""
    names = STUDY.peers(wildcards.kind, wildcards.model, wildcards.dataset)
    return [f"results/{name}/{wildcards.dataset}/boundary.parquet" for name in names]


def get_explainers(wildcards):
    """The replies of the models that a kind of experiment asks about a pair."""
    names = inquiries.explainers(STUDY, wildcards.model, wildcards.dataset, get_kind(wildcards))
    files = [inquiries.responses_file(wildcards.model, wildcards.dataset, name) for name in names]
    return [f"results/{file}" for file in files]


def get_drawn_table(wildcards):
    """The table that a figure of an experiment shows."""
    kind = get_figure_kind(wildcards)
    return f"results/experiments/{wildcards.experiment}/{kind.drawn_from or kind.name}.parquet"


def get_drawn_points(wildcards):
    """What a kind of experiment finds at every grid point, of all pairs of the experiment."""
    kind = get_figure_kind(wildcards)
    table = f"{kind.name}_points"
    return targets.outcomes(STUDY, wildcards.experiment, table) if kind.points_columns else []


def get_caption(wildcards, output):
    """The caption of a figure, which the report reads."""
    return FoundText(output.caption)


def get_figure_code(kind):
    return code_of("plot_kind", registry.MODULES[kind.name], kind.draws_with)


def get_map_code(wildcards):
    return code_of("plot_points", registry.MODULES[wildcards.kind], get_kind(wildcards).maps_with)


def get_figure_kind(wildcards):
    return next(kind for kind in STUDY.kinds if targets.figure_name(kind) == wildcards.figure)


def take_lock():
    """Keep other runs out of this folder. Called where jobs are about to run, so that whoever only looks (a dry
    run, a report) is let in."""
    try:
        hold_lock(".snakemake/study.lock")
        require_writable("results")
    except InputError as error:
        raise WorkflowError(str(error)) from None


def start_warm_python():
    """Let the scripts of jobs on this machine run in a Python that has imported their libraries already. In an
    environment of their own, or in a container, they have another Python."""
    with suppress(OSError):  # without it they take longer, and are the same
        if warm.possible() and not workflow.deployment_settings.deployment_method:
            sys.executable = warm.start(Path(".snakemake"), CHECKOUT / "workflow/scripts")


def look_when_jobs_end():
    """Let Snakemake look for jobs to start only when one has ended. To keep to its limit of 100 new jobs a second it
    would look every second, and once more in each second for every job that has ended while others waited: hundreds of
    them take most of a core. Without the limit, as in a dry run, it does not; no option takes the default away. A
    limit that the user sets is kept."""
    # These are inner attributes of Snakemake 9.27: where another version has none of them, all stays as it is.
    with suppress(AttributeError):
        limiter = workflow.scheduler.job_rate_limiter
        if (limiter.max_jobs, limiter.timespan) == (100, 1):
            workflow.scheduler.job_rate_limiter = None


def check_clocks():
    """Let the jobs of this run read files from the future."""
    try:
        leave_future({Path(file) for job in workflow.dag.needrun_jobs() for file in job.input})
    except InputError as error:
        raise WorkflowError(str(error)) from None


def check_embeddings():
    """End a run before anything is asked where it would embed descriptions and the model cannot be loaded."""
    if any(job.rule.name.endswith("embed_descriptions") for job in workflow.dag.needrun_jobs()):
        try:
            semantic.load(STUDY.config.embeddings.model)
        except InputError as error:
            raise WorkflowError(f"{CONFIG}: {error}") from None


def print_summary():
    from sce.showing.summary import print_tables

    print_tables("results", STUDY.pairs, STARTED)
    if Path("results/report.html").exists() and Path("results/report.html").stat().st_mtime >= STARTED:
        print("\nAll of it as one page: results/report.html")
