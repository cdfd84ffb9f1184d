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
    for name, table in (("boundary", boundary), ("sce", sce)):
        artifact = artifacts.variant(name, table)
        artifacts.write(table, snakemake.output[name], artifact, features, provenance(snakemake))
