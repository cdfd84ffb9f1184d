"""Validity against excess distance of one experiment's conditions, under each of its metrics."""

import json
from pathlib import Path

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing, validity_scatter
from sce.showing.looks import StudyStyle

with logged(snakemake.log[0]):
    style = StudyStyle(**json.loads(snakemake.params.style))
    scores, found = artifacts.read(snakemake.input.scores), snakemake.output
    figure = validity_scatter.validity_scatter(scores, style, list(scores["metric"].unique()))
    drawing.save(figure, found.png, found.svg, found.pdf)
    Path(found.caption).write_text(validity_scatter.caption(scores) + "\n", encoding="utf-8")
