"""What the answers of all models took, and why questions failed."""

import json

import pandas as pd

from sce.files import artifacts
from sce.money import usage
from sce.money.prices import Price
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    prices = {model: price and Price(**price) for model, price in json.loads(snakemake.params.prices).items()}
    tables = [artifacts.read(path) for path in snakemake.input.responses]
    used, failed = [], []
    for (model, dataset), responses in usage.by_pair(json.loads(snakemake.params.pairs), tables).items():
        used.append(usage.usage(responses, prices[model], model, dataset))
        failed.append(usage.failures(responses, model, dataset))
    used, failed = pd.concat(used, ignore_index=True), pd.concat(failed, ignore_index=True)
    artifacts.write(used, snakemake.output.usage, "usage", provenance=provenance(snakemake))
    used.to_csv(snakemake.output.usage_csv, index=False)
    artifacts.write(failed, snakemake.output.failures, "failures", provenance=provenance(snakemake))
