"""What each model's boundary is like: none, clean or ragged, with the figures behind the verdict."""

import json
from pathlib import Path

import pandas as pd

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import boundaries
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    datasets = {Path(path).stem: load_dataset(path) for path in snakemake.input.datasets}
    pairs = json.loads(snakemake.params.pairs)
    rows = [
        {"model": model, "dataset": name} | boundaries.describe_boundary(datasets[name], artifacts.read(path))
        for (model, name), path in zip(pairs, snakemake.input.boundaries, strict=True)
    ]
    table = pd.DataFrame(rows)[list(artifacts.columns("boundaries"))]
    artifacts.write(table, snakemake.output.parquet, "boundaries", provenance=provenance(snakemake))
    table.to_csv(snakemake.output.csv, index=False)
