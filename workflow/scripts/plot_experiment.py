"""Validity against excess distance of one experiment's conditions."""

import json

from sce import artifacts, figures
from sce.jobs import logged
from sce.style import FigureStyle

with logged(snakemake.log[0]):
    style = FigureStyle(**json.loads(snakemake.params.style))
    figure = figures.validity_scatter(artifacts.read(snakemake.input.scores), style)
    figures.save(figure, snakemake.output.png, snakemake.output.svg)
