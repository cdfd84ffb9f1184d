"""The figure of one kind of experiment, and its caption."""

import importlib
import json

import pandas as pd

from sce.files import artifacts
from sce.running.jobs import logged
from sce.showing import drawing
from sce.showing.looks import StudyStyle

with logged(snakemake.log[0]):
    drawn = json.loads(snakemake.params.drawn)
    kind, options = importlib.import_module(drawn["module"]).KIND, drawn["options"]
    table, found = artifacts.read(snakemake.input.table), snakemake.output
    if snakemake.input.points:
        pairs = zip(drawn["pairs"], snakemake.input.points, strict=True)
        parts = [artifacts.read(path).assign(model=m, dataset=d) for (m, d), path in pairs]
        options["points"] = pd.concat(parts, ignore_index=True)
    figure = kind.figure(table, options, StudyStyle(**json.loads(snakemake.params.style)))
    drawing.save(figure, found.png, found.svg, found.pdf)
    drawing.save_caption(kind.caption(table, options), found.caption)
