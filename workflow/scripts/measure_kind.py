"""The outcomes of one kind of experiment for a model and a dataset."""

import importlib
import json

from sce.experiments.given import Given
from sce.files import artifacts
from sce.grids.datasets import load_dataset
from sce.reading.samples import first_samples
from sce.running.jobs import logged, provenance

with logged(snakemake.log[0]):
    measured = json.loads(snakemake.params.measured)
    kind = importlib.import_module(measured.pop("module")).KIND
    others = {
        name: dict(zip(measured.pop(name, []), map(artifacts.read, snakemake.input[name]), strict=True))
        for name in ("peers", "explainers")
    }
    given = Given(
        dataset=load_dataset(snakemake.input.dataset),
        tables={name: first_samples(artifacts.read(snakemake.input[name])) for name in kind.needs},
        embeddings=artifacts.read_array(snakemake.input.embeddings) if snakemake.input.embeddings else None,
        **others,
        **measured,
    )
    artifacts.write(kind.measure(given), snakemake.output[0], "scores", provenance=provenance(snakemake))
