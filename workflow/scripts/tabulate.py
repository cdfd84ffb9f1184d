"""One table of an experiment's outcomes, with the published values beside ours, in four formats."""

import json
from pathlib import Path

from sce.files import artifacts
from sce.running.jobs import logged, provenance
from sce.showing import tables

with logged(snakemake.log[0]):
    tabulated = json.loads(snakemake.params.tabulated)
    outcomes = [artifacts.read(path) for path in snakemake.input.outcomes]
    table = tables.collect(outcomes, **tabulated)
    artifacts.write(table, snakemake.output.parquet, "outcomes", provenance=provenance(snakemake))
    table.to_csv(snakemake.output.csv, index=False)
    shown = tables.SHOWN.get(snakemake.wildcards.table)
    Path(snakemake.output.markdown).write_text(tables.markdown(tables.long(table, shown)), encoding="utf-8")
    Path(snakemake.output.latex).write_text(tables.latex(tables.wide(table, shown)), encoding="utf-8")
