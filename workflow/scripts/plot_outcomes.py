"""The outcomes in one table of an experiment, drawn."""

import json

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing, experiment_figures
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    style = FigureStyle(**json.loads(snakemake.params.style))
    figure = experiment_figures.outcome_panels(artifacts.read(snakemake.input.outcomes), style)
    drawing.save(figure, snakemake.output.png, snakemake.output.svg)
