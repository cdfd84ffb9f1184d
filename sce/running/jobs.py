"""What every job's script needs around its one call: its log, and what made its artifact."""

import json
import logging
import sys
import time
from contextlib import contextmanager

from sce.errors import InputError


@contextmanager
def logged(log_file):
    """Log the job to ``log_file``; an exception ends there too, a user's error as one line."""
    logging.basicConfig(
        filename=log_file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    begin = time.monotonic()
    try:
        yield
    except InputError as error:
        logging.error("%s", error)
        sys.exit(str(error))
    except BaseException:
        logging.exception("the job failed")
        raise
    logging.info("done in %.1f s", time.monotonic() - begin)


def provenance(job) -> dict:
    """What made an artifact, for its metadata: the parameters of Snakemake's ``job``, among them the digests
    of its code and of what it read of the checkout."""
    return {"params": {name: _decoded(value) for name, value in job.params.items()}}


def _decoded(value):
    """A parameter as it was before it was written as JSON (``study.parameters.exact``)."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value
