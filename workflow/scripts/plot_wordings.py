"""Validity against excess distance of every wording of a condition."""

import json

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing, experiment_figures
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    style = FigureStyle(**json.loads(snakemake.params.style))
    figure = experiment_figures.wordings_scatter(artifacts.read(snakemake.input.scores), style)
    drawing.save(figure, snakemake.output.png, snakemake.output.svg)
