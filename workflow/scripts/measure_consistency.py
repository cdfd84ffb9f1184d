"""How far the wordings of the question agree at every point, and what that means for the SCEs."""

import json

from sce.experiments import consistency
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    dataset = load_dataset(snakemake.input.dataset)
    points = consistency.points(dataset, artifacts.read(snakemake.input.boundary))
    sce = artifacts.read(snakemake.input.sce)
    scores = consistency.scores(points, sce, **json.loads(snakemake.params.scoring))
    artifacts.write(
        points,
        snakemake.output.points,
        "consistency",
        list(dataset.features),
        provenance=provenance(snakemake),
    )
    artifacts.write(scores, snakemake.output.scores, "scores", provenance=provenance(snakemake))
