"""Asks one model everything about one dataset: the boundary, the SCEs of every condition, and the questions
that kinds of experiments add; or all about another model's answers, where these are among its inputs. A shard
asks its part, and leaves a note that it has; where shards have asked, everything is found in the ledger, but
the searches of a grid that is asked in part."""

import json
import logging
from pathlib import Path

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit, open_questions
from sce.asking.rounds import record_round
from sce.engines import Fatal
from sce.experiments.protocols import protocol_about, protocol_of
from sce.files import artifacts
from sce.files.json_files import exact
from sce.grids.datasets import load_dataset
from sce.ledger.ledger import DEFAULT_FOLDER
from sce.models.catalogue import read_entry
from sce.models.shards import Shard, forget_notes
from sce.money.prices import load_prices, open_budget, spent_on
from sce.running.jobs import Stopped, logged, provenance
from sce.running.progress import Progress
from sce.study.extensions import load_extensions
from sce.wordings.published import load_published

name = snakemake.wildcards.dataset
explainer = snakemake.wildcards.get("explainer")
model = explainer or snakemake.wildcards.model
shard = snakemake.wildcards.get("shard")
shard = Shard.named(shard) if shard else None

with logged(snakemake.log[0]):
    # How a model is reached (limits, addresses) and where files lie does not change any answer. As parameters
    # they would rerun the job, so they are read from the current configuration.
    load_extensions(snakemake.config.get("extensions", []), "the configuration")
    entry = read_entry(snakemake.config, model)
    ledger = snakemake.config.get("ledger", DEFAULT_FOLDER)
    asked = json.loads(snakemake.params.asked)
    number = asked.pop("round")
    dataset = load_dataset(snakemake.input.dataset)
    path = snakemake.config.get("prompts", {}).get("published")
    published = load_published(path) if path else None
    if explainer:
        answers = [artifacts.read(path) for path in (snakemake.input.boundary, snakemake.input.sce)]
        protocol = protocol_about(dataset, entry, asked["protocol"], published, *answers)
    else:
        tasks = {Path(path).parent.name: artifacts.read(path) for path in snakemake.input.tasks}
        protocol = protocol_of(dataset, entry, asked["protocol"], published, tasks, shard)
    prices = load_prices()
    what = f"{model} on {name}{f', {shard}' if shard else ''}"
    progress = Progress(what, protocol.at_most, spent_on(entry, prices, ledger))
    budget = open_budget(entry, prices, ledger, f"models.{model}")
    asks = not snakemake.input.get("shards") or protocol.survey is not None
    gpus = snakemake.resources.gpu
    with open_asker(entry, dataset, ledger, budget, gpus=gpus, shard=shard, asks=asks) as asker:
        try:
            responses = elicit(protocol, asker, progress, progress.note)
        except Fatal as error:
            raise Stopped(f"{model} cannot be asked about {name}: {error}") from error
        finally:
            progress.close()
    logging.info("%d asked, %d found in the ledger", asker.asked, asker.found)
    if shard:
        Path(snakemake.output[0]).write_text(f"{len(responses)} questions\n", encoding="utf-8")
    else:
        left_open = open_questions(responses, entry.retry)
        note = provenance(snakemake) | {"open": left_open}
        artifact = artifacts.variant("responses", responses)
        artifacts.write(responses, snakemake.output[0], artifact, provenance=note)
        record_round(ledger, exact(asked), number, left_open)
        forget_notes(Path(snakemake.output[0]).parent / "shards", snakemake.input.get("shards", []))
