"""What other models were asked about one point of a model, as it was sent, and the verdict on each reply."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sce.experiments import registry
from sce.files import artifacts
from sce.grids.datasets import Dataset
from sce.measuring import distances
from sce.measuring.boundaries import predictions
from sce.measuring.metrics import OVER_EMBEDDINGS
from sce.reading.authors import FORESEEN, Author, read_author
from sce.reading.responses import answer_of, sces_in_place_of
from sce.reading.samples import first_samples
from sce.wordings.published import Published, find_prompt


class Question(NamedTuple):
    """One question to the model ``asked``: the ``text`` sent, the reply's ``row`` of ``responses``, and the
    ``verdict`` on a foreseen answer, or None where an SCE was ``judged`` (rows of ``distances``)."""

    asked: str
    text: str
    row: pd.Series
    verdict: str | None
    judged: pd.DataFrame | None = None


def questions_about(
    folder: Path, dataset: Dataset, tables: dict[str, pd.DataFrame], point: int, published: Published | None
) -> Iterator[Question]:
    """The questions about a point. folder: of the results of the model that they are about; tables: its
    artifacts ``responses``, ``boundary``, ``sce`` and ``distances``."""
    registry.kinds()  # whose wordings can then be read
    question = tables["responses"]["kind"] == "question"
    main = find_prompt(tables["responses"]["wording"][question].iloc[0], dataset.name, published)
    sce = first_samples(tables["sce"])
    conditions = {name: find_prompt(name, dataset.name, published) for name in sce["condition"].unique()}
    author = read_author(dataset, main, conditions, tables["boundary"], sce)
    for path in sorted(folder.glob("peers/*/responses.parquet")):
        replies = artifacts.read(path)
        for _, row in replies[replies["point_id"] == point].iterrows():
            prompt = find_prompt(row["wording"], dataset.name, published)
            record, there = _asked_for(author, row)
            text = author.told(prompt, row["condition"], point, record)
            if prompt.kind == "explanation":
                judged = _judged(dataset, tables, sce, row)
                yield Question(path.parent.name, text, row, None, judged)
            else:
                yield Question(path.parent.name, text, row, _verdict(dataset, row, there))


def _asked_for(author: Author, row) -> tuple[dict, str | None]:
    """The instance that a question is about, and what the author answers there, where that is known."""
    point, foreseen = int(row["point_id"]), row.get(FORESEEN)
    if foreseen is not None and pd.notna(foreseen):
        return author.dataset.record(int(foreseen)), author.answers.get(int(foreseen))
    found = author.sces.get((row["condition"], point))
    return found or (author.dataset.record(point), author.answers.get(point))


def _judged(dataset, tables, sce, row):
    """The rows of ``distances`` of an SCE that another model gave, under every metric that needs no
    embeddings."""
    here = sce[sce["point_id"] == row["point_id"]]
    given = sces_in_place_of(dataset, here, row.to_frame().T)
    codes = predictions(dataset, tables["boundary"])
    metrics = [name for name in tables["distances"]["metric"].unique() if name not in OVER_EMBEDDINGS]
    parts = [distances.measure(dataset, codes, given, metric) for metric in metrics]
    return pd.concat(parts, ignore_index=True) if parts else tables["distances"].iloc[:0]


def _verdict(dataset, row, there) -> str:
    said = answer_of(row, dataset)
    if there is None:
        return "not judged: the model's own answer is not known"
    if said is None:
        return f"unreadable; the model answers {there}"
    return f"{'right' if said == there else 'wrong'}: the model answers {there}"
