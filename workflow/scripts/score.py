"""The scores of one model on one dataset, each with its interval, and the counts by status."""

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import scores
from sce.measuring.dependence import Lattice
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    lattice = Lattice.of(load_dataset(snakemake.input.dataset))
    table = scores.score(artifacts.read(snakemake.input.distances[0]), snakemake.params.estimand, lattice)
    artifacts.write(table, snakemake.output[0], "scores", provenance=provenance(snakemake))
