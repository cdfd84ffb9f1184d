"""A unit vector for the description of every grid point."""

import numpy as np

from sce.files import artifacts
from sce.measuring import semantic
from sce.running.jobs import logged

with logged(snakemake.log[0]):
    grid = artifacts.read(snakemake.input.grid[0])
    np.save(snakemake.output[0], semantic.embed(grid["description"].tolist(), snakemake.params.model))
