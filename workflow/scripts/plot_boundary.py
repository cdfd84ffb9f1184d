"""The boundary map of one model on one dataset, with the SCEs of each condition."""

import json

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.reading.samples import first_samples
from sce.running.jobs import logged
from sce.showing import boundary_map, drawing
from sce.showing.style import FigureStyle
from sce.wordings.rewordings import reworded

with logged(snakemake.log[0]):
    sce = first_samples(artifacts.read(snakemake.input.sce))
    # Many wordings of one condition would fill pages; the figure of their spread shows them.
    stems = json.loads(snakemake.params.stems)
    sce = sce[~sce["condition"].isin(reworded(list(sce["condition"].unique()), stems))]
    figure = boundary_map.boundary_map(
        load_dataset(snakemake.input.dataset),
        artifacts.read(snakemake.input.boundary),
        sce,
        snakemake.wildcards.model,
        FigureStyle(**json.loads(snakemake.params.style)),
    )
    drawing.save(figure, *snakemake.output)
