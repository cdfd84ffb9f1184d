"""Distances of every SCE from its start and to the boundary, and of its start from the nearest
counterfactual."""

import pandas as pd

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import boundaries, distances
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    dataset = load_dataset(snakemake.input.dataset)
    predictions = boundaries.predictions(dataset, artifacts.read(snakemake.input.boundary))
    sce = artifacts.read(snakemake.input.sce)
    embeddings = artifacts.read_array(snakemake.input.embeddings) if snakemake.input.embeddings else None
    measured = [
        distances.measure(dataset, predictions, sce, metric, embeddings)
        for metric in snakemake.params.metrics
    ]
    table = pd.concat(measured, ignore_index=True)
    artifacts.write(table, snakemake.output[0], "distances", provenance=provenance(snakemake))
