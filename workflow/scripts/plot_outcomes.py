"""The outcomes in one table of an experiment, drawn."""

import json

from sce import artifacts, experiment_figures, figures
from sce.jobs import logged
from sce.style import FigureStyle

with logged(snakemake.log[0]):
    style = FigureStyle(**json.loads(snakemake.params.style))
    figure = experiment_figures.outcome_panels(artifacts.read(snakemake.input.outcomes), style)
    figures.save(figure, snakemake.output.png, snakemake.output.svg)
