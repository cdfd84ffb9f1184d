"""Predictions and SCEs, read from the raw responses."""

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.reading import responses
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    dataset = load_dataset(snakemake.input.dataset)
    raw = artifacts.read(snakemake.input.responses[0])
    features = list(dataset.features)
    boundary = responses.boundary(raw, dataset)
    sce = responses.counterfactuals(raw, dataset, snakemake.params.conditions)
    artifacts.write(
        boundary, snakemake.output.boundary, "boundary", features, provenance=provenance(snakemake)
    )
    artifacts.write(sce, snakemake.output.sce, "sce", features, provenance(snakemake))
