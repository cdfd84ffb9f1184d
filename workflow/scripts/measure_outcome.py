"""One outcome of what a model was asked beyond questions and conditions, or of searches in its place."""

import json

from sce.experiments import search, self_modelling
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.measuring import boundaries
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    outcome = snakemake.wildcards.outcome
    settings, scoring = json.loads(snakemake.params.settings), json.loads(snakemake.params.scoring)
    dataset, boundary = load_dataset(snakemake.input.dataset), artifacts.read(snakemake.input.boundary)
    if outcome == "search":
        predictions = boundaries.predictions(dataset, boundary)
        found = search.run(dataset, predictions, settings["queries"], scoring["seed"])
        table = search.scores(found, artifacts.read(snakemake.input.scores[0]), **scoring)
    else:
        responses, sce = artifacts.read(snakemake.input.responses[0]), artifacts.read(snakemake.input.sce)
        answers = self_modelling.Answers(dataset, responses, boundary, sce)
        table = getattr(self_modelling, outcome)(answers, **settings, **scoring)
    artifacts.write(table, snakemake.output[0], "scores", provenance=provenance(snakemake))
