"""The tasks of choosing the nearest on one dataset."""

import json

from sce.experiments import choices
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    tasks = choices.draw(load_dataset(snakemake.input.dataset), **json.loads(snakemake.params.choosing))
    artifacts.write(tasks, snakemake.output[0], "choices", provenance=provenance(snakemake))
