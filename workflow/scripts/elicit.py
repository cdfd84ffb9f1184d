"""Everything one model is asked about one dataset: its boundary, and the SCEs of every condition."""

import json
import logging

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit, open_questions, protocol_of, tasks_in
from sce.engines import Fatal
from sce.errors import InputError
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.ledger.ledger import DEFAULT_FOLDER
from sce.models.catalogue import read_entry
from sce.money.prices import load_prices, open_budget
from sce.running.jobs import Progress, logged, provenance
from sce.wordings.published import load_published

model, name = snakemake.wildcards.model, snakemake.wildcards.dataset

with logged(snakemake.log[0]):
    # How to reach a model (limits, addresses) and where files lie shape no answer. As parameters they would
    # rerun the job, so they come from the configuration as it is now.
    entry = read_entry(snakemake.config, model)
    ledger = snakemake.config.get("ledger", DEFAULT_FOLDER)
    shape = json.loads(snakemake.params.shape)
    dataset = load_dataset(snakemake.input.dataset)
    tasks = tasks_in(artifacts.read(snakemake.input.choices)) if snakemake.input.choices else []
    path = snakemake.config.get("prompts", {}).get("published")
    protocol = protocol_of(dataset, entry, shape, load_published(path) if path else None, tasks)
    progress = Progress(f"{model} on {name}", protocol.at_most)
    budget = open_budget(entry, load_prices(), ledger, f"models.{model}")
    with open_asker(entry, dataset, ledger, budget, gpus=snakemake.resources.gpu) as asker:
        try:
            responses = elicit(protocol, asker, progress)
        except Fatal as error:
            raise InputError("models", model, "no question can be answered", str(error)) from error
        finally:
            progress.close()
    logging.info("%d asked, %d found in the ledger", asker.asked, asker.found)
    note = provenance(snakemake) | {"round": shape["round"], "open": open_questions(responses, entry.retry)}
    artifacts.write(responses, snakemake.output[0], "responses", provenance=note)
