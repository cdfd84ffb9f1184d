"""The map of where the boundary hangs on the wording of the question."""

import json

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged
from sce.showing import drawing, experiment_figures
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    figure = experiment_figures.consistency_map(
        load_dataset(snakemake.input.dataset),
        artifacts.read(snakemake.input.points),
        snakemake.wildcards.model,
        FigureStyle(**json.loads(snakemake.params.style)),
    )
    drawing.save(figure, snakemake.output.png, snakemake.output.svg)
