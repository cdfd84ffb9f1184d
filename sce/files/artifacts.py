"""The Parquet artifacts: their columns, checked on every write, and their provenance."""

import json
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import sce
from sce.errors import InputError

TEXT, INT, FLOAT, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()

# "features" and "sce_features" stand for one column per feature of the dataset, with and without a prefix.
SCHEMAS = {
    "grid": {"point_id": INT, "features": FLOAT, "description": TEXT},
    "responses": {
        "kind": TEXT,
        "wording": TEXT,
        "condition": TEXT,
        "point_id": INT,
        "digest": TEXT,
        "status": TEXT,
        "response": TEXT,
        "reasoning": TEXT,
        "finish_reason": TEXT,
        "error": TEXT,
        "logprobs": TEXT,
        "tokens_in": INT,
        "tokens_cached": INT,
        "tokens_written": INT,
        "tokens_out": INT,
        "tokens_reasoning": INT,
        "batch": FLAG,
        "latency_s": FLOAT,
        "attempts": INT,
    },
    "boundary": {
        "question": TEXT,
        "point_id": INT,
        "features": FLOAT,
        "prediction": TEXT,
        "status": TEXT,
        "probability_0": FLOAT,
        "probability_1": FLOAT,
    },
    "sce": {
        "condition": TEXT,
        "point_id": INT,
        "target": TEXT,
        "sce_features": FLOAT,
        "sce_point_id": INT,
        "status": TEXT,
        "prediction_at_sce": TEXT,
    },
    "distances": {
        "condition": TEXT,
        "metric": TEXT,
        "point_id": INT,
        "sce_point_id": INT,
        "status": TEXT,
        "valid": FLAG,
        "distance": FLOAT,
        "nearest_point_id": INT,
        "nearest_distance": FLOAT,
        "excess": FLOAT,
        "relative_excess": FLOAT,
        "shortfall": FLOAT,
        "relative_shortfall": FLOAT,
    },
    "scores": {
        "condition": TEXT,
        "metric": TEXT,
        "score": TEXT,
        "value": FLOAT,
        "low": FLOAT,
        "high": FLOAT,
        "estimand": TEXT,
        "n": INT,
        "clusters": INT,
        "effective_n": FLOAT,
        "reason": TEXT,
    },
    "boundaries": {
        "model": TEXT,
        "dataset": TEXT,
        "verdict": TEXT,
        "sentence": TEXT,
        "n": INT,
        "missing": INT,
        "n_0": INT,
        "n_1": INT,
        "disagreeing": FLOAT,
        "raggedness": FLOAT,
        "n_regions_0": INT,
        "n_regions_1": INT,
    },
    "usage": {
        "model": TEXT,
        "dataset": TEXT,
        "kind": TEXT,
        "questions": INT,
        "answered": INT,
        "refused": INT,
        "truncated": INT,
        "failed": INT,
        "tokens_in": INT,
        "tokens_cached": INT,
        "tokens_written": INT,
        "tokens_out": INT,
        "tokens_reasoning": INT,
        "cost_usd": FLOAT,
        "latency_p50_s": FLOAT,
        "latency_p90_s": FLOAT,
        "latency_p99_s": FLOAT,
        "attempts": INT,
    },
    "failures": {"model": TEXT, "dataset": TEXT, "kind": TEXT, "cause": TEXT, "questions": INT},
    "differences": {
        "dataset": TEXT,
        "metric": TEXT,
        "score": TEXT,
        "a": TEXT,
        "b": TEXT,
        "difference": FLOAT,
        "low": FLOAT,
        "high": FLOAT,
        "estimand": TEXT,
        "n": INT,
        "clusters": INT,
        "effective_n": FLOAT,
        "reason": TEXT,
        "p": FLOAT,
        "p_holm": FLOAT,
        "p_bh": FLOAT,
        "p_mcnemar": FLOAT,
    },
}
SCHEMAS["all_scores"] = {"model": TEXT, "dataset": TEXT, **SCHEMAS["scores"]}
SCHEMAS["outcomes"] = {**SCHEMAS["all_scores"], "reference": FLOAT, "reference_source": TEXT}


def columns(artifact: str | dict, features: list[str] = ()) -> dict[str, pa.DataType]:
    """Column name -> Arrow type of an artifact, with the features of its dataset filled in. ``artifact``: a
    name in SCHEMAS, or columns as they stand there."""
    named = {}
    for name, kind in (SCHEMAS[artifact] if isinstance(artifact, str) else artifact).items():
        if name == "features":
            named |= dict.fromkeys(features, kind)
        elif name == "sce_features":
            named |= {f"sce_{feature}": kind for feature in features}
        else:
            named[name] = kind
    return named


def write(
    table: pd.DataFrame, path, artifact: str | dict, features: list[str] = (), provenance: dict | None = None
):
    """Write ``table`` as ``artifact`` (see ``columns``), whole or not at all. Raises InputError where its
    columns differ."""
    expected = columns(artifact, features)
    if list(table.columns) != list(expected):
        raise InputError(path, "columns", list(table.columns), f"exactly {list(expected)}")
    try:
        arrow = pa.Table.from_pandas(table, schema=pa.schema(expected.items()), preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(path, "values", str(error), f"{expected}") from None
    path = Path(path)
    name = artifact if isinstance(artifact, str) else path.stem
    note = {"artifact": name, "package_version": sce.__version__, **(provenance or {})}
    arrow = arrow.replace_schema_metadata({"sce": json.dumps(note, sort_keys=True)})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(arrow, partial, compression="zstd")
    partial.replace(path)


def read(path) -> pd.DataFrame:
    """A Parquet artifact as a table; whole numbers stay whole where some are missing (Int64)."""
    return pq.read_table(path).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def provenance(path) -> dict:
    """The note stored with an artifact: which artifact, which package version, which config and inputs."""
    return json.loads(pq.read_schema(path).metadata[b"sce"])
