"""A run as a Hugging Face dataset: one Parquet file a table, a card, and Croissant metadata beside them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from sce.exporting import croissant, origin, texts, writing
from sce.exporting.finished import TABLES, Finished
from sce.exporting.neutral import configuration
from sce.files.writing import new_folder
from sce.study import inquiries
from sce.study.targets import asked_in_full

SIZES = {
    1000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M", 100_000_000: "10M<n<100M",
}  # fmt: skip
LARGEST = "100M<n<1B"
TAGS = ["counterfactual-explanations", "self-explanation", "decision-boundary", "language-models", "tabular"]
ROWS = {
    "scores": "model, dataset, condition, metric and score",
    "responses": "question asked: the raw reply, its status, tokens and latency",
    "responses_about": "question that `asked` got about what `model` said",
    "distances": "point, condition and metric: whether the SCE is valid, how far it goes, how far it had to",
    "differences": "paired difference between conditions or models",
    "boundaries": "model and dataset: what the boundary is like",
    "usage": "model, dataset and kind of question: tokens, cost, latencies",
    "failures": "cause for which questions failed",
    "grid": "point of the grid, with its description",
    "boundary": "point and wording: the prediction",
    "sce": "point and condition: the revised record",
    "experiment": "outcome of an experiment, beside the published value where there is one",
}


@dataclass(frozen=True)
class Table:
    """A table of the dataset. ``kind``: one of ROWS."""

    name: str
    kind: str
    content: pa.Table

    @property
    def path(self) -> str:
        return f"data/{self.name}.parquet"


def write(finished: Finished, target: Path) -> str:
    """Write the folder; a sentence about it."""
    with new_folder(target) as folder:
        described, rows = [], 0
        for table in _tables(finished):
            if not table.content.num_rows:  # which `datasets` cannot read
                continue
            writing.put(folder, table.path, "")
            pq.write_table(table.content, folder / table.path, compression="zstd")
            described.append((table.name, table.kind, table.content.num_rows))
            rows += table.content.num_rows
        content = yaml.safe_dump(configuration(finished.study, {}), sort_keys=False, allow_unicode=True)
        writing.put(folder, "config/config.yaml", content)
        writing.put(folder, "README.md", _card(finished, described))
        files = {name: folder / f"data/{name}.parquet" for name, _, _ in described}
        metadata = croissant.metadata(origin.origin_of_study(), finished, files)
        writing.put(folder, "croissant.json", json.dumps(metadata, indent=2, ensure_ascii=False) + "\n")
    return f"{target}: {len(described)} tables of {rows:,} rows; datasets.load_dataset('{target}', 'scores')"


def _tables(finished: Finished) -> Iterator[Table]:
    """All tables, one at a time; those with columns for features once for every dataset."""
    study = finished.study
    yield Table("scores", "scores", _read(finished, "scores.parquet"))
    for step in ("responses", "distances"):
        parts = [
            _read(finished, f"{model}/{name}/{step}.parquet", model=model, dataset=name)
            for model, name in study.pairs
        ]
        yield Table(step, step, _joined(parts))
    about = [
        _read(finished, inquiries.responses_file(*asked), model=asked[0], dataset=asked[1], asked=asked[2])
        for asked in inquiries.inquiries(study)
    ]
    if about:
        yield Table("responses_about", "responses_about", _joined(about))
    for dataset in study.datasets:
        if dataset in asked_in_full(study) and (finished.results / f"grids/{dataset}.parquet").is_file():
            yield Table(f"grid_{dataset}", "grid", _read(finished, f"grids/{dataset}.parquet"))
        for step in ("boundary", "sce"):
            models = [model for model, name in study.pairs if name == dataset]
            parts = [
                _read(finished, f"{model}/{dataset}/{step}.parquet", model=model, dataset=dataset)
                for model in models
            ]
            yield Table(f"{step}_{dataset}", step, _joined(parts))
    for name in TABLES[1:]:
        yield Table(name, name, _read(finished, f"{name}.parquet"))
    for experiment in study.experiments:
        for name in sorted(study.tables(experiment).keys() - {"scores"}):
            file = f"experiments/{experiment}/{name}.parquet"
            if (finished.results / file).is_file():
                yield Table(f"{experiment}_{name}", "experiment", _read(finished, file))


def _read(finished: Finished, file: str, **more: str) -> pa.Table:
    """An artifact with columns of one value before its own, and no note about how it was made."""
    schema = pq.read_schema(finished.results / file).remove_metadata()
    table = pa.Table.from_pandas(finished.table(file), schema=schema, preserve_index=False)
    for place, (name, value) in enumerate(more.items()):
        column = pa.array([value] * table.num_rows, pa.string())
        table = table.add_column(place, pa.field(name, pa.string()), column)
    return table.replace_schema_metadata()


def _joined(parts: list[pa.Table]) -> pa.Table:
    """Tables one below the other; a column that one of them lacks is null there."""
    return pa.concat_tables(parts, promote_options="default")


def _card(finished: Finished, described) -> str:
    """The README.md: a header that the Hub reads, and words for people."""
    made = origin.origin_of_study()
    largest = max(rows for _, _, rows in described)
    header = {
        "license": made.licence.lower(),
        "language": ["en"],
        "pretty_name": made.title,
        "size_categories": [next((size for most, size in SIZES.items() if largest < most), LARGEST)],
        "tags": TAGS,
        "configs": [
            {"config_name": name, "data_files": [{"split": "train", "path": f"data/{name}.parquet"}]}
            | ({"default": True} if name == "scores" else {})
            for name, _, _ in described
        ],
    }
    models = {model for model, _ in finished.study.pairs}
    rows = "\n".join(f"| `{name}` | {number:,} | {ROWS[kind]} |" for name, kind, number in described)
    text = texts.page("card.md", finished, NUMBER=str(len(models)), TABLES=rows)
    return f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---\n{text}"
