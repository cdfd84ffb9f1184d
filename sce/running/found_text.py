"""A text that a job leaves beside its figure, for Snakemake's report."""

from pathlib import Path


class FoundText(str):
    """The path of a text. As the parameter of a rule it is that path and nothing more; the report, which is
    made when the file is there, calls ``read``."""

    __slots__ = ()

    def read(self) -> str:
        return Path(self).read_text(encoding="utf-8")
