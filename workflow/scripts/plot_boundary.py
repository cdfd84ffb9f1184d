"""The boundary map of one model on one dataset, with the SCEs of each condition; where these land."""

import json

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.reading.samples import first_samples
from sce.running.jobs import logged
from sce.showing import boundary_map, drawing, landings_figure
from sce.showing.style import FigureStyle
from sce.wordings.rewordings import of_reworded

with logged(snakemake.log[0]):
    style, found = FigureStyle(**json.loads(snakemake.params.style)), snakemake.output
    dataset, boundary = load_dataset(snakemake.input.dataset), artifacts.read(snakemake.input.boundary)
    sce = first_samples(artifacts.read(snakemake.input.sce))
    # Many wordings of one condition would fill pages; the figure of their spread shows them.
    sce = sce[~of_reworded(sce, json.loads(snakemake.params.stems))]
    figure = boundary_map.boundary_map(dataset, boundary, sce, snakemake.wildcards.model, style)
    drawing.save(figure, found.png, found.svg, found.pdf)
    figure = landings_figure.figure(dataset, boundary, sce, style)
    drawing.save(figure, found.landings_png, found.landings_svg, found.landings_pdf)
    drawing.save_caption(landings_figure.caption(dataset, sce, snakemake.wildcards.model), found.caption)
