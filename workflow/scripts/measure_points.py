"""What one kind of experiment finds at every grid point of a model and dataset."""

import importlib

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    kind = importlib.import_module(snakemake.params.module).KIND
    dataset = load_dataset(snakemake.input.dataset)
    points = kind.points(dataset, artifacts.read(snakemake.input.boundary))
    features = list(dataset.features)
    artifacts.write(points, snakemake.output[0], kind.points_columns, features, provenance(snakemake))
