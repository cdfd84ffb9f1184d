"""Export of a ledger to one file, and import of an export or of another ledger.

An export is one text file, ``NAME.jsonl.gz``: JSON lines, compressed. Its first line is
``{"sce_ledger": 1}``; every other line is one question with the entry that counts for it and the request that
was sent. gzip files can be joined (``cat a.jsonl.gz b.jsonl.gz > c.jsonl.gz``), and so can exports: a header
may stand anywhere. Keys and addresses are in no request, so none is in an export.
"""

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from sce.errors import InputError
from sce.files.writing import replacing
from sce.ledger.entries import RANK, Entry, counts_of, digest, wrong_field
from sce.ledger.ledger import Ledger, ledger_files
from sce.ledger.of_model import LedgerOfModel, model_file

FORMAT = 1
HEADER = json.dumps({"sce_ledger": FORMAT}) + "\n"
ALLOWED = {"status": ", ".join(RANK)}
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.sqlite")


def export(folder, target, pattern: str = "*") -> int:
    """Write the entries that count, of the files whose name fits ``pattern``, to ``target``; their number. A
    question that lies in several files of a model is one entry."""
    target = Path(target)
    if not target.name.endswith(".jsonl.gz"):
        raise InputError("ledger export", "file", str(target), "a name that ends in .jsonl.gz")
    paths = [path for path in ledger_files(folder) if fnmatch(path.name, pattern)]
    if not paths:
        raise InputError(folder, "files", pattern, "a pattern that fits the name of a ledger file")
    count = 0
    with replacing(target) as partial, gzip_lines(partial) as lines:
        lines.write(HEADER)
        for path in paths:
            with Ledger(path, read_only=True) as ledger, _of_model(path) as beside:
                for entry, request in ledger.entries():
                    if len(beside.files) > 1 and _place_of(entry, beside) != path:
                        continue
                    lines.write(line_of(path.name, entry, request))
                    count += 1
    return count


@contextmanager
def gzip_lines(target: Path) -> Iterator[io.TextIOWrapper]:
    """A compressed text to write, without the time and the name that such files usually hold."""
    with (
        target.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as lines,
    ):
        yield lines


def line_of(file: str, entry: Entry, request: dict) -> str:
    """The line of an entry of the ledger file with that name."""
    return json.dumps({"file": file, **entry._asdict(), "request": request}) + "\n"


def merge(source, folder) -> dict[str, int]:
    """Take in an export, a ledger file or a ledger folder. An entry is taken where ours, in all files of its
    model, has none for its question, or a worse one: an answer beats a refusal or a truncation, those beat a
    failure. Doing it again changes nothing. Counts: ``added``, ``better`` and ``known``. Raises InputError at
    the first line or row that is not what it claims to be; what was taken in before stays."""
    counts = {"added": 0, "better": 0, "known": 0}
    ledgers: dict[str, tuple[Ledger, LedgerOfModel]] = {}
    try:
        for name, entry, request in _incoming(Path(source)):
            if name not in ledgers:
                path = Path(folder) / name
                ledgers[name] = Ledger(path, group_commits=True), _of_model(path)
            ledger, beside = ledgers[name]
            ours = [found for files in ledgers[name] if (found := files.get(entry.digest))]
            if any(RANK[found.status] >= RANK[entry.status] for found in ours):
                counts["known"] += 1
                continue
            ledger.put(entry, request)
            counts["better" if ours else "added"] += 1
    finally:
        for ledger, beside in ledgers.values():
            ledger.close()
            beside.close()
    return counts


def _place_of(entry, beside):
    """The first file of a model that holds an entry, if it is the one that counts: else None."""
    if beside.get(entry.digest) != entry:
        return None
    return next(file.path for file in beside.files if file.get(entry.digest) == entry)


def _of_model(path):
    """What lies in all files of the model that a file is of."""
    return LedgerOfModel(model_file(path), read_only=True)


def _incoming(source) -> Iterator[tuple[str, Entry, dict]]:
    if source.name.endswith(".jsonl.gz"):
        yield from _lines(source)
        return
    for path in [source] if source.is_file() else ledger_files(source):
        with Ledger(path, read_only=True) as ledger:
            for entry, request in ledger.entries():
                _check(f"{path}: {entry.digest}", path.name, entry, request)
                yield path.name, entry, request


def _lines(source):
    expected = sorted({*Entry._fields} | {"file", "request"})
    try:
        with gzip.open(source, "rt", encoding="utf-8") as lines:
            for number, text in enumerate(lines, 1):
                where = f"{source}: line {number}"
                line = json.loads(text)
                if isinstance(line, dict) and "sce_ledger" in line:
                    if line["sce_ledger"] != FORMAT:
                        raise InputError(where, "sce_ledger", line["sce_ledger"], f"at most {FORMAT}")
                    continue
                keys = sorted(line) if isinstance(line, dict) else type(line).__name__
                if keys != expected or not isinstance(line["request"], dict):
                    raise InputError(where, "keys", keys, ", ".join(expected))
                name, request = line.pop("file"), line.pop("request")
                entry = Entry(**line | {"usage": counts_of(line["usage"])})
                _check(where, name, entry, request)
                yield name, entry, request
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(source, "content", f"a broken file ({error})", "a whole .jsonl.gz export") from None
    except (ValueError, RecursionError) as error:
        raise InputError(source, "content", f"no JSON lines ({error})", "an export of a ledger") from None
    except OSError as error:
        raise InputError(source, "file", error.strerror, "an export, a ledger file or a folder") from None


def _check(where, name, entry, request):
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise InputError(where, "file", name, "the plain name of a ledger file")
    if wrong := wrong_field(entry):
        raise InputError(where, wrong, getattr(entry, wrong), ALLOWED.get(wrong, "what a run stores there"))
    if digest(request) != entry.digest:
        raise InputError(where, "digest", entry.digest, "the digest of its own request")
