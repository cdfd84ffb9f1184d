"""The page that a run ends in: everything it found, in one file that opens offline."""

import json

from sce.grids.datasets import load_dataset
from sce.running.jobs import logged
from sce.showing.page import contents, document, experiments
from sce.wordings.published import load_published

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    columns = (given.responses, given.pair_boundaries, given.sces, given.distances)
    pairs = json.loads(params.pairs)
    files = [contents.PairFiles(*pair, *paths) for pair, *paths in zip(pairs, *columns, strict=True)]
    datasets = {dataset.name: dataset for dataset in map(load_dataset, given.datasets)}
    published = load_published(params.published) if params.published else None
    tables = {name: given[name] for name in contents.TABLES}
    found = contents.collect(tables, files, datasets, json.loads(params.settings), published)
    listed = json.loads(params.experiments)
    experiments.add(found, listed, given.figures, given.captions, given.experiment_tables)
    document.write(found, snakemake.output.page, snakemake.output.conversations)
