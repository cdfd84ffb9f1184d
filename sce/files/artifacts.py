"""The artifacts: Parquet tables, whose columns are checked on every write and read, with their provenance;
and arrays of numbers (.npy). A damaged one is named and set aside, so that the next run makes it again.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import sce
from sce.errors import InputError
from sce.files.writing import replacing

TEXT, INT, FLOAT, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
INTERVAL = {
    "low": FLOAT,
    "high": FLOAT,
    "estimand": TEXT,
    "n": INT,
    "clusters": INT,
    "effective_n": FLOAT,
    "reason": TEXT,
}

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
        **INTERVAL,
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
        **INTERVAL,
        "p": FLOAT,
        "p_holm": FLOAT,
        "p_bh": FLOAT,
        "p_mcnemar": FLOAT,
    },
}
# Where questions were asked several times.
for _name, _more in {
    "responses": {"sample": INT},
    "boundary": {"askings": INT, "share_1": FLOAT},
    "sce": {"sample": INT},
    "distances": {"sample": INT, "probability": FLOAT, "askings": INT},
}.items():
    SCHEMAS[f"{_name}_sampled"] = SCHEMAS[_name] | _more
# Where models were asked what another answers at points of their own.
SCHEMAS["responses_foreseen"] = SCHEMAS["responses"] | {"foreseen_point_id": INT}
SCHEMAS["distances_in_part"] = {
    **SCHEMAS["distances"],
    "certainty": TEXT,
    "nearest_low": FLOAT,
    "nearest_high": FLOAT,
    "sure_low": FLOAT,
    "excess_low": FLOAT,
    "excess_high": FLOAT,
    "shortfall_low": FLOAT,
    "shortfall_high": FLOAT,
    "searched": INT,
    "probes": INT,
    "violations": INT,
}
SCHEMAS["scores_in_part"] = {**SCHEMAS["scores"], "certain_low": FLOAT, "certain_high": FLOAT}
SCHEMAS["all_scores_in_part"] = {"model": TEXT, "dataset": TEXT, **SCHEMAS["scores_in_part"]}
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


def variant(artifact: str, table: pd.DataFrame) -> str:
    """The name of an artifact as it is with further columns, those of samples or of what was to be foreseen,
    if the table has them."""
    for name in (f"{artifact}_sampled", f"{artifact}_foreseen"):
        if name in SCHEMAS and set(SCHEMAS[name]) - set(SCHEMAS[artifact]) <= set(table.columns):
            return name
    return artifact


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
    note = {
        "artifact": name,
        "package_version": sce.__version__,
        "columns": {column: str(kind) for column, kind in expected.items()},
        "rows": len(table),
        **(provenance or {}),
    }
    arrow = arrow.replace_schema_metadata({"sce": json.dumps(note, sort_keys=True)})
    with replacing(path) as partial:
        pq.write_table(arrow, partial, compression="zstd", write_page_checksum=True)


def read(path) -> pd.DataFrame:
    """A Parquet artifact as a table; whole numbers stay whole where some are missing (Int64). Raises
    InputError for a damaged one, which it sets aside, and a missing one."""
    with mending(path):
        table = pq.read_table(path, page_checksum_verification=True)
        _require_whole(table)
        return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def provenance(path) -> dict:
    """The note stored with an artifact: which artifact, which package version, which config and inputs."""
    with mending(path):
        return _note(pq.read_schema(path))


def write_array(array: np.ndarray, path) -> None:
    """Write an array (.npy), whole or not at all."""
    with replacing(path) as partial, open(partial, "wb") as file:
        np.save(file, array)


def read_array(path) -> np.ndarray:
    """An array (.npy). Raises InputError as ``read`` does."""
    with mending(path):
        return np.load(path)


@contextmanager
def mending(path) -> Iterator[None]:
    """Reading an artifact: one that turns out to be damaged is renamed to NAME.damaged, so that whoever needs
    it makes it again. Raises InputError for it, and for a missing one."""
    path = Path(path)
    try:
        yield
    except FileNotFoundError:
        raise InputError(path, "file", "missing", "an artifact; run again, and it is made") from None
    except PermissionError as error:
        raise InputError(path, "file", error.strerror, "an artifact that this user may read") from None
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError, EOFError, KeyError) as error:
        raise _set_aside(path, error) from None


def _set_aside(path, error):
    """The InputError for a damaged artifact, after it was renamed where that is possible."""
    damaged = path.with_name(f"{path.name}.damaged")
    remedy = "a whole artifact. It is made again from the ledger, and no model is asked: "
    try:
        path.replace(damaged)
        remedy += f"run again (this one is now {damaged.name}, to be deleted)"
    except OSError:
        remedy += "delete it, then run again"
    return InputError(path, "content", f"damaged ({str(error).splitlines()[0][:200]})", remedy)


def _note(schema):
    return json.loads((schema.metadata or {})[b"sce"])


def _require_whole(table):
    """Raise ValueError where columns or the number of rows are not those that were written: the checksums of
    Parquet's pages do not cover its footer."""
    schema = table.schema
    found = {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}
    note = _note(schema)
    if found != note.get("columns", found):
        raise ValueError(f"other columns than were written: {', '.join(found)}")
    if table.num_rows != note.get("rows", table.num_rows):
        raise ValueError(f"{table.num_rows:,} rows, of {note['rows']:,} that were written")
