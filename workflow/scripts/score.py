"""The scores of one model on one dataset, each with its interval, and the counts by status."""

import json

from sce.files import artifacts
from sce.measuring import certain_scores, scores
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    scoring = json.loads(snakemake.params.scoring)
    distances = artifacts.read(snakemake.input.distances[0])
    in_part = "certainty" in distances
    table = (certain_scores if in_part else scores).score(distances, **scoring)
    artifact = "scores_in_part" if in_part else "scores"
    artifacts.write(table, snakemake.output[0], artifact, provenance=provenance(snakemake))
