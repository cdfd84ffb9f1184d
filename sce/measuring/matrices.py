"""Matrices of all distances of a dataset, for people and notebooks; the workflow itself needs none."""

import hashlib
import json
from pathlib import Path

import numpy as np

from sce.errors import InputError
from sce.files import artifacts
from sce.files.writing import replacing
from sce.measuring.metrics import space


def distance_matrix(dataset, metric: str, embeddings=None) -> np.ndarray:
    """All distances as float32 (N, N), rows and columns in point_id order. 4 N^2 bytes."""
    return space(dataset, metric, embeddings).matrix()


def write_matrix(path, dataset, metric: str, embeddings=None, largest: int = 10_000) -> None:
    """Write the matrix to ``path`` (.npy) and what it holds to the .json beside it, each whole or not at all.

    Raises InputError for a dataset of more than ``largest`` points.
    """
    if dataset.size > largest:
        raise InputError(f"dataset {dataset.name}", "points", dataset.size, f"up to {largest} for a matrix")
    path = Path(path)
    matrix = distance_matrix(dataset, metric, embeddings)
    features = {
        name: {"kind": feature.kind, "levels": feature.codes} for name, feature in dataset.features.items()
    }
    note = {
        "dataset": dataset.name,
        "metric": metric,
        "features": features,
        "levels_sha256": hashlib.sha256(json.dumps(features).encode()).hexdigest(),
        "order": "row i and column i: point_id i, row-major over the features as listed, the last fastest",
        "points": dataset.size,
        "dtype": str(matrix.dtype),
    }
    artifacts.write_array(matrix, path)
    with replacing(path.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
