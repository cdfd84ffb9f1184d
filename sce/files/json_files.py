"""JSON: files that users bring along, read so that a bad one is named; and values written one way only."""

import gzip
import json
import math
import re
import zlib
from pathlib import Path

from sce.errors import InputError

GZIPPED = b"\x1f\x8b"
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
LARGEST = 1_000_000_000  # bytes, unpacked


def read_json(path, nan_is_null: bool = False):
    """The content of a JSON file, plain or gzipped. Raises InputError for a missing file, bad JSON or a key
    given twice. ``nan_is_null``: take NaN, which Python's own writer writes and JSON does not know, for null.
    """
    path = Path(path)
    try:
        if not path.is_file():
            found = "no file" if path.exists() else "missing"
            raise InputError(path, "file", found, "an existing JSON file, plain or gzipped")
        with path.open("rb") as file:
            zipped = file.read(2) == GZIPPED
        with gzip.open(path) if zipped else path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise InputError(path, "size", f"more than {LARGEST:,} bytes", f"at most {LARGEST:,} bytes")
        content = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_twins,
            parse_constant=_nan_to_null if nan_is_null else _refuse_number,
            parse_float=_finite,
        )
        if SURROGATE.search(data):  # which no other file could hold, where it is half a pair
            json.dumps(content, ensure_ascii=False).encode()
        return content
    except _Twice as error:
        raise InputError(path, str(error), "the same key twice", "each key once") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(path, "compression", str(error), "a whole gzip file") from None
    except UnicodeError as error:
        raise InputError(path, "encoding", str(error), "UTF-8") from None
    except OSError as error:
        raise InputError(path, "file", str(error), "a file that can be read") from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, "syntax", str(error), "whole JSON; the file may be cut off") from None


def exact(value) -> str:
    """A value as JSON that changes when, and only when, its content does."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


class _Twice(Exception):
    """A key that an object holds twice: JSON readers silently keep the last."""


def _nan_to_null(text):
    return None if text == "NaN" else _refuse_number(text)


def _refuse_number(text):
    raise ValueError(f"{text} is no number of JSON")


def _finite(text):
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:30]} is too large a number")
    return number


def _without_twins(pairs):
    record = {}
    for key, value in pairs:
        if key in record:
            raise _Twice(key)
        record[key] = value
    return record
