"""A Python whose imports are done, for the Snakemake and the jobs of the tests: sce/running/warm/
with more libraries. As ``sys.executable`` it also serves the jobs that Snakemake starts. What has to hold for
any order of a set is tested with ``sys.executable`` of the tests, since forks share the seed of their hashes.
"""

import tempfile
from functools import cache
from pathlib import Path

from sce.running import warm

LIBRARIES = (
    "snakemake.cli", "pandas", "pyarrow.parquet", "scipy.stats", "scipy.fft", "pydantic", "yaml", "dotenv",
    "matplotlib.figure", "matplotlib.backends.backend_agg", "sklearn.linear_model", "sklearn.tree",
    "openai", "anthropic",
)  # fmt: skip


@cache
def command() -> str:
    """The path of the command; its server runs as long as this process."""
    return warm.start_for_all(Path(tempfile.gettempdir()), LIBRARIES)
