"""Paired differences on the same points: between the conditions of a model, and between models."""

import json

from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import comparisons, hypotheses
from sce.measuring.dependence import Lattice
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    pairs = json.loads(snakemake.params.pairs)
    tables = {
        (model, dataset): artifacts.read(path)
        for (model, dataset), path in zip(pairs, snakemake.input.distances, strict=True)
    }
    # Starts that were drawn from a large grid are no neighbours.
    in_part = {dataset for (_, dataset), table in tables.items() if "certainty" in table}
    datasets = [load_dataset(path) for path in snakemake.input.datasets]
    lattices = {dataset.name: Lattice.of(dataset) for dataset in datasets if dataset.name not in in_part}
    stems = json.loads(snakemake.params.stems)
    differences = comparisons.differences(
        tables, stems, snakemake.params.estimand, lattices, snakemake.threads
    )
    artifacts.write(differences, snakemake.output.parquet, "differences", provenance=provenance(snakemake))
    differences.to_csv(snakemake.output.csv, index=False)
    comparisons.ranks(tables, differences).to_csv(snakemake.output.ranks, index=False)
    hypotheses.pattern(differences).to_csv(snakemake.output.pattern, index=False)
