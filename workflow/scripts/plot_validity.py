"""Validity against excess distance, over all models and datasets."""

import json

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing, validity_scatter
from sce.showing.looks import StudyStyle
from sce.wordings.rewordings import of_reworded

with logged(snakemake.log[0]):
    style = StudyStyle(**json.loads(snakemake.params.style))
    scores, found = artifacts.read(snakemake.input.scores), snakemake.output
    # Many wordings of one condition would hide the others; the figure of their spread shows them.
    scores = scores[~of_reworded(scores, json.loads(snakemake.params.stems))]
    figure = validity_scatter.validity_scatter(scores, style)
    drawing.save(figure, found.png, found.svg, found.pdf)
    drawing.save_caption(validity_scatter.caption(scores), found.caption)
