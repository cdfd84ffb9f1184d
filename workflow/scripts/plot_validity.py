"""Validity against excess distance, over all models and datasets."""

import json

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing, validity_scatter
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    style = FigureStyle(**json.loads(snakemake.params.style))
    figure = validity_scatter.validity_scatter(artifacts.read(snakemake.input.scores), style)
    drawing.save(figure, snakemake.output.png, snakemake.output.svg)
