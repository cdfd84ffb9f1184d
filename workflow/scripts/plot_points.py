"""The map of what one kind of experiment finds at every grid point of a model and dataset."""

import importlib
import json
from pathlib import Path

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged
from sce.showing import drawing
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    kind = importlib.import_module(snakemake.params.module).KIND
    dataset, points = load_dataset(snakemake.input.dataset), artifacts.read(snakemake.input.points[0])
    style = FigureStyle(**json.loads(snakemake.params.style))
    model, found = snakemake.wildcards.model, snakemake.output
    drawing.save(kind.map(dataset, points, model, style), found.png, found.svg, found.pdf)
    Path(found.caption).write_text(kind.map_caption(dataset, points, model) + "\n", encoding="utf-8")
