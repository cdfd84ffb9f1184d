"""The scores of all models on all datasets in one table, as Parquet and as CSV."""

import json

import pandas as pd

from sce.files import artifacts
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    pairs = json.loads(snakemake.params.pairs)
    tables = [
        artifacts.read(path).assign(model=model, dataset=dataset)
        for (model, dataset), path in zip(pairs, snakemake.input.scores, strict=True)
    ]
    table = pd.concat(tables, ignore_index=True)[list(artifacts.columns("all_scores"))]
    artifacts.write(table, snakemake.output.parquet, "all_scores", provenance=provenance(snakemake))
    table.to_csv(snakemake.output.csv, index=False)
