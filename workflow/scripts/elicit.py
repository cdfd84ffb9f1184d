"""Everything one model is asked about one dataset: its boundary, and the SCEs of every condition."""

import json
import logging

from sce import artifacts
from sce.asking import open_asker
from sce.datasets import load_dataset
from sce.elicit import Protocol, elicit, open_questions
from sce.engines import Fatal
from sce.errors import InputError
from sce.jobs import Progress, logged
from sce.ledger import DEFAULT_FOLDER
from sce.models import read_entry
from sce.prompts import load_prompt

model, name = snakemake.wildcards.model, snakemake.wildcards.dataset

with logged(snakemake.log[0]):
    # How to reach a model (limits, addresses) and where the ledger lies shape no answer. As parameters they
    # would rerun the job, so they come from the configuration as it is now.
    entry = read_entry(snakemake.config, model)
    ledger = snakemake.config.get("ledger", DEFAULT_FOLDER)
    shape = json.loads(snakemake.params.shape)
    dataset = load_dataset(snakemake.input.dataset)
    prompts = [load_prompt(path) for path in snakemake.input.prompts]
    protocol = Protocol(
        dataset,
        questions=[p for p in prompts if p.kind == "question"],
        conditions=[p for p in prompts if p.kind == "condition"],
        system=entry.system,
        structured=entry.decoding == "json_schema",
        verify_off_grid=shape["verify_off_grid"],
    )
    progress = Progress(f"{model} on {name}", protocol.at_most)
    with open_asker(entry, dataset, ledger, gpus=snakemake.resources.gpu) as asker:
        try:
            responses = elicit(protocol, asker, progress)
        except Fatal as error:
            raise InputError("models", model, "no question can be answered", str(error)) from error
        finally:
            progress.close()
    logging.info("%d asked, %d found in the ledger", asker.asked, asker.found)
    note = shape | {"open": open_questions(responses, entry.retry)}
    artifacts.write(responses, snakemake.output[0], "responses", provenance=note)
