"""``python -m sce ledger``: show, export, import, verify and prune the ledger of responses; its open batches.

An export is one text file, ``NAME.jsonl.gz``: JSON lines, compressed. Its first line is
``{"sce_ledger": 1}``; every other line is one question with the entry that counts for it and the request that
was sent. gzip files can be joined (``cat a.jsonl.gz b.jsonl.gz > c.jsonl.gz``), and so can exports: a header
may stand anywhere. Keys and addresses are in no request, so none is in an export.
"""

import gzip
import json
import re
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from fnmatch import fnmatch
from pathlib import Path

from sce.errors import InputError
from sce.ledger.ledger import BEST, DEFAULT_FOLDER, Batch, Entry, Ledger, digest

FORMAT = 1
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.sqlite")
OPEN = ("submitting", "submitted")  # states of a batch whose answers are still to be read
STATUSES = ("answered", "refused", "truncated", "failed")
RANK = {"answered": 2, "refused": 1, "truncated": 1, "failed": 0}


# --- Show


def overview(folder) -> list[dict]:
    """One record per file: questions by status, rows that no longer count, size, first and last time,
    tokens, and batches that are still open."""
    return [_overview_of(path) for path in ledger_files(folder)]


def _overview_of(path):
    with Ledger(path, read_only=True) as ledger:
        ((rows, first, last, tokens_in, tokens_out),) = ledger.query(
            "SELECT count(*), min(asked_at), max(asked_at), "
            "sum(json_extract(usage, '$.in')), sum(json_extract(usage, '$.out')) FROM responses"
        )
        counts = dict(ledger.query(f"SELECT status, count(*) FROM ({BEST}) WHERE rank = 1 GROUP BY status"))
        waiting = sum(
            not ledger.has_since(key, batch.submitted_at)
            for batch in ledger.batches(*OPEN)
            for key in batch.requests
        )
    questions = sum(counts.values())
    return {
        "file": path.name,
        "questions": questions,
        **{status: counts.get(status, 0) for status in STATUSES},
        "superseded": rows - questions,
        "in_batches": waiting,
        "tokens_in": tokens_in or 0,
        "tokens_out": tokens_out or 0,
        "bytes": path.stat().st_size,
        "first": first,
        "last": last,
    }


def find(folder, beginning: str) -> list[tuple[Path, str]]:
    """(file, digest) of every question whose digest begins with a text in hex."""
    if not re.fullmatch(r"[0-9a-fA-F]{4,64}", beginning):
        raise InputError("ledger show", "DIGEST", beginning, "4 to 64 hexadecimal digits")
    found = []
    for path in ledger_files(folder):
        with Ledger(path, read_only=True) as ledger:
            found += [(path, key) for key in ledger.digests(beginning)]
    return found


# --- Batches


def open_batches(folder) -> list[tuple[Path, Batch]]:
    """(file, batch) of every batch whose answers are still to be read."""
    found = []
    for path in ledger_files(folder):
        with Ledger(path, read_only=True) as ledger:
            found += [(path, batch) for batch in ledger.batches(*OPEN)]
    return found


def forget(folder, key: str) -> None:
    """Wait no longer for a batch: its questions will be asked again, and paid again."""
    for path, batch in open_batches(folder):
        if batch.key == key:
            with Ledger(path) as ledger:
                ledger.require_room()
                ledger.record(replace(batch, state="lost"))
            return
    raise InputError(folder, "batch", key, "the key of an open batch: python -m sce ledger batches")


# --- Export and import


def export(folder, target, pattern: str = "*") -> int:
    """Write the entries that count, of the files whose name fits ``pattern``, to ``target``; their number."""
    target = Path(target)
    if not target.name.endswith(".jsonl.gz"):
        raise InputError("ledger export", "file", str(target), "a name that ends in .jsonl.gz")
    paths = [path for path in ledger_files(folder) if fnmatch(path.name, pattern)]
    if not paths:
        raise InputError(folder, "files", pattern, "a pattern that fits the name of a ledger file")
    partial = target.with_name(f".{target.name}.partial")
    count = 0
    with gzip.open(partial, "wt", encoding="utf-8", compresslevel=6) as lines:
        lines.write(json.dumps({"sce_ledger": FORMAT}) + "\n")
        for path in paths:
            with Ledger(path, read_only=True) as ledger:
                for entry, request in ledger.entries():
                    line = {"file": path.name, **asdict(entry), "request": request}
                    lines.write(json.dumps(line) + "\n")
                    count += 1
    partial.replace(target)
    return count


def merge(source, folder) -> dict[str, int]:
    """Take in an export, a ledger file or a ledger folder. An entry is taken where ours has none for its
    question, or a worse one: an answer beats a refusal or a truncation, those beat a failure. Doing it again
    changes nothing. Counts: ``added``, ``better`` and ``known``. Raises InputError at the first line or row
    that is not what it claims to be; what was taken in before stays."""
    counts = {"added": 0, "better": 0, "known": 0}
    ledgers: dict[str, Ledger] = {}
    try:
        for name, entry, request in _incoming(Path(source)):
            if name not in ledgers:
                ledgers[name] = Ledger(Path(folder) / name, group_commits=True)
            ledger = ledgers[name]
            ours = ledger.get(entry.digest)
            if ours is not None and RANK[ours.status] >= RANK[entry.status]:
                counts["known"] += 1
                continue
            ledger.put(entry, request)
            counts["better" if ours else "added"] += 1
    finally:
        for ledger in ledgers.values():
            ledger.close()
    return counts


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
    names = {field.name for field in fields(Entry)}
    try:
        with gzip.open(source, "rt", encoding="utf-8") as lines:
            for number, text in enumerate(lines, 1):
                where = f"{source}: line {number}"
                line = json.loads(text)
                if "sce_ledger" in line:
                    if line["sce_ledger"] > FORMAT:
                        raise InputError(where, "sce_ledger", line["sce_ledger"], f"at most {FORMAT}")
                    continue
                name, request = line.pop("file", None), line.pop("request", None)
                if set(line) != names or not isinstance(request, dict):
                    raise InputError(
                        where, "keys", sorted(line), f"file, request, {', '.join(sorted(names))}"
                    )
                entry = Entry(**line)
                _check(where, name, entry, request)
                yield name, entry, request
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(source, "content", f"a broken file ({error})", "a whole .jsonl.gz export") from None
    except ValueError as error:
        raise InputError(source, "content", f"no JSON lines ({error})", "an export of a ledger") from None
    except OSError as error:
        raise InputError(source, "file", error.strerror, "an export, a ledger file or a folder") from None


def _check(where, name, entry, request):
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise InputError(where, "file", name, "the plain name of a ledger file")
    if entry.status not in RANK:
        raise InputError(where, "status", entry.status, ", ".join(STATUSES))
    if digest(request) != entry.digest:
        raise InputError(where, "digest", entry.digest, "the digest of its own request")


# --- Verify and prune


def verify(folder) -> list[str]:
    """What is wrong in the folder's files, one line each: pages SQLite finds damaged, requests that do not
    fit their digest, values that cannot be read."""
    problems = []
    for path in ledger_files(folder):
        try:
            with Ledger(path, read_only=True) as ledger:
                problems += [f"{path}: {problem}" for problem in _problems(ledger)]
        except InputError as error:
            problems.append(str(error))
    return problems


def _problems(ledger):
    for (message,) in ledger.query("PRAGMA integrity_check"):
        if message != "ok":
            yield message
    for row in ledger.query("SELECT id, digest, status, turn, logprobs, usage, request FROM responses"):
        number, key, status, turn, logprobs, usage, request = row
        try:
            for text in (turn, logprobs, usage):
                json.loads(text or "null")
            found = digest(json.loads(zlib.decompress(request)))
        except (ValueError, zlib.error) as error:
            yield f"row {number}: cannot be read ({error})"
            continue
        if found != key.hex():
            yield f"row {number}: its request has the digest {found}, not {key.hex()}"
        if status not in RANK:
            yield f"row {number}: status {status!r}"


def prune(folder, results=None, really: bool = False) -> dict[str, int]:
    """Delete rows that no longer count; with ``results`` (folders), also the questions that no
    ``responses.parquet`` under them used. Number of rows by file; only counted unless ``really``."""
    used = _used(results) if results else None
    return {path.name: _prune(path, used, really) for path in ledger_files(folder)}


def _prune(path, used, really):
    with Ledger(path, read_only=not really) as ledger:
        doomed = [
            number
            for number, key, rank in ledger.query(f"SELECT id, digest, rank FROM ({BEST})")
            if rank > 1 or (used is not None and key.hex() not in used)
        ]
        if really and doomed:
            ledger.require_room()
            ledger.delete(doomed)
    return len(doomed)


def _used(results):
    import pyarrow.parquet as pq

    files = [file for folder in results for file in Path(folder).rglob("responses.parquet")]
    if not files:
        raise InputError(
            ", ".join(map(str, results)), "responses.parquet", "none", "folders that hold the results to keep"
        )
    return {key for file in files for key in pq.read_table(file, columns=["digest"])["digest"].to_pylist()}


def ledger_files(folder) -> list[Path]:
    """The ledger files in a folder, sorted. Raises InputError for a missing folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "folder", "missing", "the folder of a ledger (see --ledger)")
    return sorted(folder.glob("*.sqlite"))


# --- The command


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce ledger``."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name, text):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--ledger", default=DEFAULT_FOLDER, help="the ledger's folder (%(default)s)")
        return command

    command = add("show", "what the ledger holds; with a digest, that question whole")
    command.add_argument("digest", nargs="?", help="the digest of a request, or its first digits")
    command.add_argument("--json", action="store_true", help="one JSON object a line")

    command = add("batches", "API batches whose answers are still to be read")
    command.add_argument(
        "--forget", metavar="KEY", help="wait no longer for one; its questions are asked anew"
    )

    command = add("export", "write the entries that count to one file")
    command.add_argument("file", help="NAME.jsonl.gz")
    command.add_argument("--files", default="*", metavar="PATTERN", help="only ledger files with such a name")

    command = add("import", "take in an export, or another ledger's file or folder")
    command.add_argument("source", help="NAME.jsonl.gz, a ledger file or a ledger folder")

    add("verify", "check every page, every digest and every value; exit status 1 where something is wrong")

    command = add("prune", "delete rows that no longer count (only says so without --yes)")
    command.add_argument("--unused", action="store_true", help="also questions that no result used")
    command.add_argument(
        "--results", action="append", metavar="FOLDER", help="where results are (results); may be repeated"
    )
    command.add_argument("--yes", action="store_true", help="do it")


def run(options) -> int:
    """Run one action; its exit status."""
    actions = {
        "show": _show, "batches": _batches, "export": _export, "import": _import, "verify": _verify,
        "prune": _prune_command,
    }  # fmt: skip
    return actions[options.action](options)


def _show(options):
    if options.digest:
        return _show_entries(options)
    records = overview(options.ledger)
    if options.json:
        for record in records:
            print(json.dumps(record))
        return 0
    total = {"file": "total", "first": None, "last": None}
    for name in records[0] if records else ():
        if name not in total:
            total[name] = sum(record[name] for record in records)
    columns = ["file", "questions", *STATUSES, "superseded", "in_batches", "tokens_in", "tokens_out", "size"]
    table = [[*columns, "first", "last"]]
    for record in [*records, total] if len(records) > 1 else records:
        size = f"{record['bytes'] / 1e6:.1f} MB"
        numbers = [f"{record[name]:,}" for name in columns[1:-1]]
        table.append([record["file"], *numbers, size, _when(record["first"]), _when(record["last"])])
    _print_table(table)
    return 0


def _show_entries(options):
    found = find(options.ledger, options.digest)
    if not found:
        raise InputError(options.ledger, "digest", options.digest, "the beginning of a digest in the ledger")
    for path, key in found:
        with Ledger(path, read_only=True) as ledger:
            entry, request = ledger.get(key), ledger.request(key)
        shown = {"file": path.name, **asdict(entry), "asked_at": _when(entry.asked_at), "request": request}
        print(json.dumps(shown, indent=None if options.json else 2, ensure_ascii=False))
    return 0


def _batches(options):
    if options.forget:
        forget(options.ledger, options.forget)
        print(f"{options.forget} is waited for no longer")
        return 0
    table = [["file", "key", "provider's id", "state", "questions", "submitted"]]
    for path, batch in open_batches(options.ledger):
        questions, when = f"{len(batch.requests):,}", _when(batch.submitted_at)
        table.append([path.name, batch.key, batch.id or "unknown", batch.state, questions, when])
    _print_table(table)
    return 0


def _export(options):
    count = export(options.ledger, options.file, options.files)
    print(f"{count:,} questions written to {options.file}")
    return 0


def _import(options):
    counts = merge(options.source, options.ledger)
    print(f"{counts['added']:,} added, {counts['better']:,} better than ours, {counts['known']:,} known")
    return 0


def _verify(options):
    problems = verify(options.ledger)
    for problem in problems:
        print(problem, file=sys.stderr)
    files = len(ledger_files(options.ledger))
    print(f"{files} files, {'all well' if not problems else f'{len(problems)} problems'}")
    return 1 if problems else 0


def _prune_command(options):
    results = (options.results or ["results"]) if options.unused else None
    counts = prune(options.ledger, results, options.yes)
    for name, count in counts.items():
        if count:
            print(f"{name}: {count:,} rows")
    done = "deleted" if options.yes else "would be deleted; --yes deletes them"
    print(f"{sum(counts.values()):,} rows {done}")
    return 0


def _when(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else ""


def _print_table(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells).rstrip())
