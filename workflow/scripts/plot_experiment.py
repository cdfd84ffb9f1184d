"""Validity against excess distance of one experiment's conditions, under each of its metrics."""

import json

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing, validity_scatter
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    style = FigureStyle(**json.loads(snakemake.params.style))
    scores = artifacts.read(snakemake.input.scores)
    figure = validity_scatter.validity_scatter(scores, style, list(scores["metric"].unique()))
    drawing.save(figure, snakemake.output.png, snakemake.output.svg)
