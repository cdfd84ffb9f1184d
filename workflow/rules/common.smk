import re
import sys
import time

from snakemake.exceptions import WorkflowError

from sce.study import config as study_config
from sce.running import modules
from sce.experiments import rewordings as wordings
from sce.files.artifacts import next_round
from sce.study.config import exact
from sce.measuring.metrics import METRICS
from sce.errors import InputError
from sce.running.jobs import hold_lock
from sce.money.prices import load_prices

STARTED = time.time()
CONFIG_FILES = ", ".join(map(str, workflow.overwrite_configfiles)) or "config/config.yaml"

try:
    STUDY = study_config.load(config, CONFIG_FILES)
    PRICES = load_prices()
    if workflow.is_main_process:
        print(*STUDY.notes, sep="\n", end="\n" if STUDY.notes else "", file=sys.stderr)
        if not workflow.dryrun:
            hold_lock(".snakemake/study.lock")
except InputError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    model="|".join(map(re.escape, STUDY.config.models)),
    dataset="|".join(map(re.escape, STUDY.datasets)),
    metric="|".join(METRICS),


def get_prices():
    """What the tokens of every model cost; null where it is not known."""
    found = {model: PRICES.of_entry(entry) for model, entry in STUDY.config.models.items()}
    return exact({model: price and price.model_dump() for model, price in found.items()})


def collect_pairs(pattern):
    """The pattern's file for every (model, dataset) of the study."""
    return [pattern.format(model=model, dataset=dataset) for model, dataset in STUDY.pairs]


def of_checkout(files):
    """Files of the checkout as inputs: they are here, wherever a storage provider keeps the results."""
    return [local(str(file)) for file in files]


def closure(*names):
    """The files of modules, and of all that they import."""
    return of_checkout(modules.closure(*names))


def script_file(name):
    """A rule's script as an input, so that its content counts and its modification time does not."""
    return local(f"workflow/scripts/{name}.py")


def get_dataset_file(wildcards):
    return local(str(study_config.dataset_file(wildcards.dataset)))


def get_embeddings(wildcards):
    """The embeddings of a dataset's descriptions, where one of the metrics needs them."""
    metrics = STUDY.metrics(wildcards.model, wildcards.dataset)
    return f"results/embeddings/{wildcards.dataset}.npy" if "semantic" in metrics else []


def get_model(wildcards):
    return STUDY.config.models[wildcards.model]


def get_elicit_modules(wildcards):
    return closure(
        "sce.asking.conversations", "sce.running.jobs", f"sce.engines.{get_model(wildcards).engine}"
    )


def get_prompt_files(wildcards):
    return of_checkout(STUDY.prompt_files(wildcards.model, wildcards.dataset))


def get_choices(wildcards):
    """The tasks of choosing the nearest, where a model is given any."""
    asked = STUDY.asked(wildcards.model, wildcards.dataset)
    return f"results/choices/{wildcards.dataset}.parquet" if "choices" in asked else []


def get_shape(wildcards):
    """What shapes the answers, and the round: a run that left questions open starts another one."""
    path = f"results/{wildcards.model}/{wildcards.dataset}/responses.parquet"
    return exact(
        {
            "model": STUDY.shapes[wildcards.model],
            **STUDY.asked(wildcards.model, wildcards.dataset),
            "round": next_round(path),
        }
    )


def print_summary():
    from sce.showing.summary import print_tables

    print_tables("results", STUDY.pairs, STARTED)
