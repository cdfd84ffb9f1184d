"""How well a model chooses the nearest."""

import json

from sce.experiments import choices
from sce.files import artifacts
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    responses = artifacts.read(snakemake.input.responses[0])
    tasks = artifacts.read(snakemake.input.tasks[0])
    table = choices.scores(responses, tasks, **json.loads(snakemake.params.scoring))
    artifacts.write(table, snakemake.output[0], "scores", provenance=provenance(snakemake))
