"""The map of what one kind of experiment finds at every grid point of a model and dataset."""

import importlib
import json

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
    drawing.save_caption(kind.map_caption(dataset, points, model), found.caption)
