"""The full grid of a dataset: every point with its values and its description."""

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    dataset = load_dataset(snakemake.input.dataset)
    artifacts.write(
        dataset.grid(), snakemake.output[0], "grid", list(dataset.features), provenance=provenance(snakemake)
    )
