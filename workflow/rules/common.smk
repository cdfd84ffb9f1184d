import re

from snakemake.exceptions import WorkflowError

from sce import config as study_config
from sce.artifacts import next_round
from sce.config import exact
from sce.errors import InputError
from sce.modules import closure

CONFIG_FILES = ", ".join(map(str, workflow.overwrite_configfiles)) or "config/config.yaml"

try:
    STUDY = study_config.load(config, CONFIG_FILES)
except InputError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    model="|".join(map(re.escape, STUDY.config.models)),
    dataset="|".join(map(re.escape, STUDY.datasets)),


def collect_pairs(pattern):
    """The pattern's file for every (model, dataset) of the study."""
    return [
        pattern.format(model=model, dataset=dataset) for model, dataset in STUDY.pairs
    ]


def script_file(name):
    """A rule's script as an input, so that its content counts and its modification time does not."""
    return f"workflow/scripts/{name}.py"


def get_dataset_file(wildcards):
    return study_config.dataset_file(wildcards.dataset)


def print_summary():
    from sce.summary import print_table

    print_table("results/scores.parquet")
