"""The spread of scores over the wordings of a condition."""

from sce.experiments import rewordings as wordings
from sce.files import artifacts
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    table = wordings.spread(artifacts.read(snakemake.input.scores[0]))
    artifacts.write(table, snakemake.output[0], "scores", provenance=provenance(snakemake))
