"""The tasks of one kind of experiment on one dataset, the same for all models."""

import importlib
import json

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    kind = importlib.import_module(snakemake.params.module).KIND
    tasks = kind.draw_tasks(load_dataset(snakemake.input.dataset), json.loads(snakemake.params.options))
    artifacts.write(tasks, snakemake.output[0], kind.tasks_columns, provenance=provenance(snakemake))
