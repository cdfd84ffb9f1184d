"""Result files of the study's own code in place of a model: its raw replies go through the normal artifacts.

Every file brings its own predictions, so an entry holds one file for each dataset and one condition. Points
that a file leaves out (it may hold a sample) end as rejected, never asked again.
"""

from sce.engines import About, Rejected
from sce.grids.datasets import Dataset
from sce.ledger.entries import Reply
from sce.models.published import ResultFiles
from sce.models.weights import file_digest
from sce.reading import published_results as published


def open_engine(model: ResultFiles, dataset: Dataset) -> "PublishedEngine":
    return PublishedEngine(model.files[dataset.name], dataset)


class PublishedEngine:
    """Answers with what a result file holds."""

    free = True

    def __init__(self, path: str, dataset: Dataset):
        self.path, self.dataset = path, dataset
        self._digest = file_digest(path)
        self._rows: dict[int, published.Replies] = {}

    def body(self, messages, about: About) -> dict:
        """The file's own prompts count, not ours: of a request only its place in the file is kept."""
        return {
            "engine": "published",
            "file": self._digest,
            "kind": about.kind,
            "point_id": self.dataset.locate(about.record),
        }

    async def start(self) -> None:
        """Read and check the file. Raises InputError for a file of another dataset or not of that format."""
        self._rows = {row.point_id: row for row in published.responses(self.path, self.dataset)}

    async def ask(self, body) -> Reply:
        row = self._rows.get(body["point_id"])
        if row is None:
            raise Rejected(f"{self.path} does not hold this instance")
        text = row.reply if body["kind"] == "question" else row.follow_up_reply
        if text is None:
            raise Rejected(f"{self.path} holds no reply to this {body['kind']}")
        return Reply("answered", text, finish_reason="stop")

    async def close(self) -> None:
        """Nothing to give back."""
