"""What the page holds: tables over all models, and for every model and dataset its arrays and its replies."""

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from sce.files import artifacts
from sce.grids.datasets import Dataset
from sce.measuring import boundaries
from sce.reading.samples import first_samples
from sce.showing.page import conversations, fates, findings, pairs
from sce.statuses import ROW_STATUSES
from sce.wordings.published import Published

TABLES = ("scores", "differences", "boundaries", "usage", "failures")
TYPES = {"uint8": "u8", "int32": "i32", "float32": "f32"}


@dataclass(frozen=True)
class PairFiles:
    """The artifacts of one model on one dataset."""

    model: str
    dataset: str
    responses: Path
    boundary: Path
    sce: Path
    distances: Path


@dataclass
class Contents:
    """``study``: the JSON that the page opens with. ``blobs``: name -> compressed bytes, opened on demand;
    those of replies have names that begin with ``talk``, those of figures with ``figure``."""

    study: dict
    blobs: dict[str, bytes] = field(default_factory=dict)


def collect(
    tables: dict[str, Path],
    files: list[PairFiles],
    datasets: dict[str, Dataset],
    settings: dict[str, dict],
    published: Published | None = None,
) -> Contents:
    """Everything the page shows, read from the artifacts. ``tables``: the file of each of TABLES.
    ``settings``: by model, what shapes its answers."""
    read = {name: artifacts.read(tables[name]) for name in TABLES}
    found = Contents({})
    counts, listed, wordings = [], [], []
    for place, pair in enumerate(files):
        responses, distances = artifacts.read(pair.responses), artifacts.read(pair.distances)
        here = {"model": pair.model, "dataset": pair.dataset}
        counts += [here | row for row in fates.count(distances)]
        entry, dataset = here | _asked(responses, distances), datasets[pair.dataset]
        if dataset.size > pairs.LARGEST or "certainty" in distances:  # asked in part: no map of it
            entry["too_large"] = dataset.size
        else:
            entry |= _stored(found.blobs, place, pair, dataset, responses, distances)
            said = conversations.wordings(dataset, entry["question"], entry["conditions"], published)
            if said not in wordings:
                wordings.append(said)
            entry["wordings"] = wordings.index(said)
        listed.append(entry)
    found.study = {
        "version": artifacts.provenance(files[0].responses)["package_version"],
        "written": _written(files),
        "models": [{"name": n, "settings": settings[n]} for n in dict.fromkeys(pair.model for pair in files)],
        "datasets": {name: _described(dataset) for name, dataset in datasets.items()},
        "wordings": wordings,
        "pairs": listed,
        **_meanings(),
        "findings": findings.findings(read["scores"], read["boundaries"], counts),
        "counts": counts,
        "experiments": [],
        "tables": {name: table(rows) for name, rows in read.items()},
    }
    return found


def _meanings():
    """What the fates, stages and statuses of rows are, in any study."""
    return {
        "fates": [{"name": name, "meaning": meaning} for name, meaning in fates.FATES.items()],
        "stages": [{"name": name, "lost": lost} for name, lost in fates.STAGES.items()],
        "statuses": list(ROW_STATUSES),
    }


def _asked(responses, distances):
    """What the pair was asked, in the order of its protocol."""
    return {
        "question": responses["wording"][responses["kind"] == "question"].iloc[0],
        "conditions": list(distances["condition"].unique()),
        "metrics": list(distances["metric"].unique()),
    }


def _stored(blobs, place, pair, dataset, responses, distances):
    """Put the arrays and the replies of a pair among the blobs; where the page finds what."""
    boundary, sce = artifacts.read(pair.boundary), first_samples(artifacts.read(pair.sce))
    arrays = pairs.arrays(dataset, boundary, sce, first_samples(distances))
    blobs[f"map{place}"] = pack(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values()))
    talk = conversations.replies(responses, dataset)
    blobs[f"talk{place}"] = pack(to_json(talk))
    layout = [[name, TYPES[array.dtype.name], array.size] for name, array in arrays.items()]
    known = boundaries.probabilities(dataset, boundary)
    sure = {"probability": known[1]} if known else {}  # what it is from
    return {"map": f"map{place}", "layout": layout, "talk": f"talk{place}"} | sure


def _described(dataset: Dataset):
    features = [
        {"name": name, "kind": feature.kind, "unit": feature.unit, "wording": feature.wording}
        | {"codes": feature.codes, "labels": feature.labels}
        for name, feature in dataset.features.items()
    ]
    about = {"title": dataset.title, "subject": dataset.subject, "question": dataset.question}
    text = {} if dataset.text is None else {"text": dataset.text}
    return about | {"options": list(dataset.options), "size": dataset.size, "features": features} | text


def table(rows: pd.DataFrame) -> dict:
    """A table as columns and rows, null where there is no value."""
    told = rows.astype(object).where(rows.notna(), None)
    return {"columns": list(rows.columns), "rows": told.values.tolist()}


def _written(files):
    """When the last answers were written: the time of the newest file of replies (UTC)."""
    newest = max(Path(pair.responses).stat().st_mtime for pair in files)
    return datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d %H:%M UTC")


def to_json(content) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def pack(content: bytes) -> bytes:
    """Compressed; the same bytes for the same content."""
    return gzip.compress(content, 9, mtime=0)
