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
    table = pd.concat(tables, ignore_index=True)
    artifact = "all_scores_in_part" if "certain_low" in table else "all_scores"
    table = table[list(artifacts.columns(artifact))]
    artifacts.write(table, snakemake.output.parquet, artifact, provenance=provenance(snakemake))
    table.to_csv(snakemake.output.csv, index=False)
