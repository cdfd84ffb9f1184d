"""The scores of one model on one dataset, each with its interval, and the counts by status."""

import json

from sce.files import artifacts
from sce.measuring import scores
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    scoring = json.loads(snakemake.params.scoring)
    table = scores.score(artifacts.read(snakemake.input.distances[0]), **scoring)
    artifacts.write(table, snakemake.output[0], "scores", provenance=provenance(snakemake))
