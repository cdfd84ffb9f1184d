"""The boundary map of one model on one dataset, with the SCEs of each condition."""

import json

from sce import artifacts, figures
from sce.datasets import load_dataset
from sce.jobs import logged
from sce.style import FigureStyle

with logged(snakemake.log[0]):
    figure = figures.boundary_map(
        load_dataset(snakemake.input.dataset),
        artifacts.read(snakemake.input.boundary),
        artifacts.read(snakemake.input.sce),
        snakemake.wildcards.model,
        FigureStyle(**json.loads(snakemake.params.style)),
    )
    figures.save(figure, snakemake.output.png, snakemake.output.svg)
