"""The entry of result files of the study's own code, which stand for a model's answers."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from sce.errors import InputError
from sce.files.values import FilePath
from sce.models.entries import Model
from sce.models.weights import file_digest


class ResultFiles(Model):
    """Result files of the study's own code, adopted as a model's answers. ``files``: dataset -> path. Points
    that a file leaves out count as failed, and end no run."""

    engine: Literal["published"]
    max_failed_share: float = Field(1, ge=0, le=1)
    files: dict[str, FilePath] = Field(min_length=1)

    def shape(self):
        for dataset, path in self.files.items():
            if not Path(path).is_file():
                raise InputError("the model's entry", f"files.{dataset}", path, "an existing result file")
        return super().shape() | {"files": {name: file_digest(path) for name, path in self.files.items()}}

    @property
    def is_asked(self):
        return False

    @property
    def can_differ(self):
        return False

    @property
    def provider_model(self):
        return "results"
