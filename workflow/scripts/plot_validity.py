"""Validity against excess distance, over all models and datasets."""

import json
from pathlib import Path

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing, validity_scatter
from sce.showing.looks import StudyStyle
from sce.wordings.rewordings import reworded

with logged(snakemake.log[0]):
    style = StudyStyle(**json.loads(snakemake.params.style))
    scores, found = artifacts.read(snakemake.input.scores), snakemake.output
    # Many wordings of one condition would hide the others; the figure of their spread shows them.
    many = reworded(list(scores["condition"].unique()), json.loads(snakemake.params.stems))
    scores = scores[~scores["condition"].isin(many)]
    figure = validity_scatter.validity_scatter(scores, style)
    drawing.save(figure, found.png, found.svg, found.pdf)
    Path(found.caption).write_text(validity_scatter.caption(scores) + "\n", encoding="utf-8")
