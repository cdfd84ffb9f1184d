"""Distances of every SCE from its start and to the boundary, and of its start from the nearest
counterfactual."""

import importlib
import json

import pandas as pd

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import boundaries, distances
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    dataset = load_dataset(snakemake.input.dataset)
    boundary, sce = artifacts.read(snakemake.input.boundary), artifacts.read(snakemake.input.sce)
    if snakemake.params.survey:  # by name: what is asked in full depends on no search
        in_part = importlib.import_module("sce.searching.certainty")
        table = in_part.measured(dataset, boundary, sce, json.loads(snakemake.params.survey))
        artifact = "distances_in_part"
    else:
        predictions = boundaries.predictions(dataset, boundary)
        embeddings = artifacts.read_array(snakemake.input.embeddings) if snakemake.input.embeddings else None
        tables = [
            distances.measure(dataset, predictions, sce, metric, embeddings)
            for metric in snakemake.params.metrics
        ]
        if "sample" in sce:
            askings = boundaries.askings(dataset, boundary)
            tables = [distances.with_samples(table, sce, askings, dataset) for table in tables]
        table = pd.concat(tables, ignore_index=True)
        artifact = artifacts.variant("distances", table)
    artifacts.write(table, snakemake.output[0], artifact, provenance=provenance(snakemake))
