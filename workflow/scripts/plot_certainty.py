"""What is certain around the starts of one model on one dataset that was asked in part."""

import json

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged
from sce.searching.trace import trace
from sce.showing import certainty_panels, drawing
from sce.showing.style import FigureStyle

with logged(snakemake.log[0]):
    distances = artifacts.read(snakemake.input.distances[0])
    dataset = load_dataset(snakemake.input.dataset)
    boundary, sce = artifacts.read(snakemake.input.boundary), artifacts.read(snakemake.input.sce)
    first = distances[["condition", "metric"]].iloc[0]
    figure = certainty_panels.certainty_panels(
        dataset,
        distances,
        trace(dataset, boundary, sce, json.loads(snakemake.params.survey)),
        first["condition"],
        first["metric"],
        FigureStyle(**json.loads(snakemake.params.style)),
    )
    found = snakemake.output
    drawing.save(figure, found.png, found.svg, found.pdf)
    told = certainty_panels.caption(
        dataset, distances, snakemake.wildcards.model, first["condition"], first["metric"]
    )
    drawing.save_caption(told, found.caption)
