"""Paired differences on the same points: between the conditions of a model, and between models."""

import json

from sce.files import artifacts
from sce.measuring import comparisons
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    pairs = json.loads(snakemake.params.pairs)
    tables = {
        (model, dataset): artifacts.read(path)
        for (model, dataset), path in zip(pairs, snakemake.input.distances, strict=True)
    }
    stems, scoring = json.loads(snakemake.params.stems), json.loads(snakemake.params.scoring)
    differences = comparisons.differences(tables, stems, **scoring)
    artifacts.write(differences, snakemake.output.parquet, "differences", provenance=provenance(snakemake))
    differences.to_csv(snakemake.output.csv, index=False)
