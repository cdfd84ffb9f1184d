"""Validity against excess distance of one experiment's conditions, under each of its metrics."""

import json

from sce import artifacts, figures
from sce.jobs import logged
from sce.style import FigureStyle

with logged(snakemake.log[0]):
    style = FigureStyle(**json.loads(snakemake.params.style))
    scores = artifacts.read(snakemake.input.scores)
    figure = figures.validity_scatter(scores, style, list(scores["metric"].unique()))
    figures.save(figure, snakemake.output.png, snakemake.output.svg)
