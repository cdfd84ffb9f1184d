"""The map of where the boundary hangs on the wording of the question."""

import json

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged
from sce.showing import experiment_figures, figures
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    figure = experiment_figures.consistency_map(
        load_dataset(snakemake.input.dataset),
        artifacts.read(snakemake.input.points),
        snakemake.wildcards.model,
        FigureStyle(**json.loads(snakemake.params.style)),
    )
    figures.save(figure, snakemake.output.png, snakemake.output.svg)
