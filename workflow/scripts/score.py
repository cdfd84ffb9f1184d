"""The scores of one model on one dataset, each with its interval, and the counts by status."""

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import certain_scores, scores
from sce.measuring.dependence import Lattice
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    distances = artifacts.read(snakemake.input.distances[0])
    in_part = "certainty" in distances
    # Starts that were drawn from a large grid are no neighbours.
    lattice = None if in_part else Lattice.of(load_dataset(snakemake.input.dataset))
    table = (certain_scores if in_part else scores).score(distances, snakemake.params.estimand, lattice)
    artifact = "scores_in_part" if in_part else "scores"
    artifacts.write(table, snakemake.output[0], artifact, provenance=provenance(snakemake))
