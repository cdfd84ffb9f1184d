"""``python -m sce ledger``: show, export, import, verify, prune and mend the ledger; its batches."""

import json
import sys
import time

from sce.errors import InputError
from sce.ledger.damage import accept_loss, drop_damaged, verify
from sce.ledger.exports import export, merge
from sce.ledger.ledger import DEFAULT_FOLDER, Ledger, ledger_files
from sce.ledger.upkeep import find, forget, open_batches, overview, prune
from sce.running.text_table import text_table
from sce.statuses import REQUEST_STATUSES


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
    command.add_argument("--damaged", action="store_true", help="damaged rows instead: they are asked again")
    command.add_argument("--yes", action="store_true", help="do it")

    command = add("accept-loss", "go on without what a ledger file has lost; what is left of it is kept")
    command.add_argument("file", help="NAME.sqlite")


def run(options) -> int:
    """Run one action; its exit status."""
    actions = {
        "show": _show, "batches": _batches, "export": _export, "import": _import, "verify": _verify,
        "prune": _prune_command,
        "accept-loss": _accept_loss,
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
    columns = [
        "file",
        "questions",
        *REQUEST_STATUSES,
        "superseded",
        "in_batches",
        "tokens_in",
        "tokens_out",
        "size",
    ]
    table = [[*columns, "first", "last"]]
    for record in [*records, total] if len(records) > 1 else records:
        size = f"{record['bytes'] / 1e6:.1f} MB"
        numbers = [f"{record[name]:,}" for name in columns[1:-1]]
        table.append([record["file"], *numbers, size, _when(record["first"]), _when(record["last"])])
    print(text_table(table))
    return 0


def _show_entries(options):
    found = find(options.ledger, options.digest)
    if not found:
        raise InputError(options.ledger, "digest", options.digest, "the beginning of a digest in the ledger")
    for path, key in found:
        with Ledger(path, read_only=True) as ledger:
            entry, request = ledger.get(key), ledger.request(key)
        shown = {"file": path.name, **entry._asdict(), "asked_at": _when(entry.asked_at), "request": request}
        print(json.dumps(shown, indent=None if options.json else 2, ensure_ascii=False))
    return 0


def _batches(options):
    if options.forget:
        forget(options.ledger, options.forget)
        print(f"the batch {options.forget} is forgotten: a run asks its questions again")
        return 0
    table = [["file", "key", "provider's id", "state", "questions", "submitted"]]
    for path, batch in open_batches(options.ledger):
        questions, when = f"{len(batch.requests):,}", _when(batch.submitted_at)
        table.append([path.name, batch.key, batch.id or "unknown", batch.state, questions, when])
    print(text_table(table))
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
    print(f"{files} files, {'no problems' if not problems else f'{len(problems)} problems'}")
    return 1 if problems else 0


def _prune_command(options):
    results = (options.results or ["results"]) if options.unused else None
    if options.damaged:
        counts = drop_damaged(options.ledger, options.yes)
    else:
        counts = prune(options.ledger, results, options.yes)
    for name, count in counts.items():
        if count:
            print(f"{name}: {count:,} rows")
    done = "deleted" if options.yes else "would be deleted; --yes deletes them"
    again = ": a run asks and pays for them again" if options.damaged else ""
    print(f"{sum(counts.values()):,} rows {done}{again}")
    return 0


def _accept_loss(options):
    kept, broken = accept_loss(options.file)
    aside = f"; the broken file is now {broken}" if broken else ""
    print(f"{options.file}: {kept:,} rows kept, a run asks what is missing again{aside}")
    return 0


def _when(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else ""
