"""JSON: files that users bring along, read so that a bad one is named; and values written one way only."""

import gzip
import json
import zlib
from pathlib import Path

from sce.errors import InputError

GZIPPED = b"\x1f\x8b"


def read_json(path):
    """The content of a JSON file, plain or gzipped. Raises InputError for a missing file, bad JSON or a key
    given twice."""
    path = Path(path)
    if not path.is_file():
        raise InputError(path, "file", "missing", "an existing JSON file, plain or gzipped")
    try:
        data = path.read_bytes()
        if data.startswith(GZIPPED):
            data = gzip.decompress(data)
        return json.loads(data.decode("utf-8"), object_pairs_hook=_without_twins)
    except _Twice as error:
        raise InputError(path, str(error), "the same key twice", "each key once") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(path, "compression", str(error), "a whole gzip file") from None
    except UnicodeDecodeError as error:
        raise InputError(path, "encoding", str(error), "UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(path, "syntax", str(error), "whole JSON; the file may be cut off") from None


def exact(value) -> str:
    """A value as JSON that changes when, and only when, its content does."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


class _Twice(Exception):
    """A key that an object holds twice: JSON readers silently keep the last."""


def _without_twins(pairs):
    record = {}
    for key, value in pairs:
        if key in record:
            raise _Twice(key)
        record[key] = value
    return record
