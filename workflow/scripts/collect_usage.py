"""What the answers of all models took, and why questions failed."""

import json

import pandas as pd

from sce import artifacts, usage
from sce.jobs import logged
from sce.models import read_entry
from sce.prices import load_prices

with logged(snakemake.log[0]):
    prices = load_prices(snakemake.input.prices)
    used, failed = [], []
    for (model, dataset), path in zip(
        json.loads(snakemake.params.pairs), snakemake.input.responses, strict=True
    ):
        responses = artifacts.read(path)
        price = prices.of_entry(read_entry(snakemake.config, model))
        used.append(usage.usage(responses, price, model, dataset))
        failed.append(usage.failures(responses, model, dataset))
    used, failed = pd.concat(used, ignore_index=True), pd.concat(failed, ignore_index=True)
    artifacts.write(used, snakemake.output.usage, "usage")
    used.to_csv(snakemake.output.usage_csv, index=False)
    artifacts.write(failed, snakemake.output.failures, "failures")
