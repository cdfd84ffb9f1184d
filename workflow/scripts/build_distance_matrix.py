"""All distances between the points of a dataset, with a sidecar that says what they are."""

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import matrices
from sce.running.jobs import logged

with logged(snakemake.log[0]):
    embeddings = artifacts.read_array(snakemake.input.embeddings) if snakemake.input.embeddings else None
    matrices.write_matrix(
        snakemake.output.matrix,
        load_dataset(snakemake.input.dataset),
        snakemake.wildcards.metric,
        embeddings,
        snakemake.params.max_points,
    )
