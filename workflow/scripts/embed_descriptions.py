"""A unit vector for the description of every grid point."""

from sce.files import artifacts
from sce.measuring import semantic
from sce.running.jobs import logged

with logged(snakemake.log[0]):
    grid = artifacts.read(snakemake.input.grid[0])
    embeddings = semantic.embed(grid["description"].tolist(), snakemake.params.model)
    artifacts.write_array(embeddings, snakemake.output[0])
