"""Stop the run with an error where more questions of a model failed than its entry allows."""

import json

from sce.files import artifacts
from sce.money import usage
from sce.running.jobs import logged

with logged(snakemake.log[0]):
    usage.check_failures(
        artifacts.read(snakemake.input.usage),
        artifacts.read(snakemake.input.failures),
        json.loads(snakemake.params.max_failed_share),
    )
