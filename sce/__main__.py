"""The command line: ``python -m sce COMMAND``, or ``sce COMMAND`` where the package is installed. Each
command imports only what it runs."""

import argparse
import importlib
import json
import sys
from pathlib import Path

from sce import __version__
from sce.errors import InputError

TOOLS = {
    "new": "a folder with a study of one's own, which runs as it is",
    "audit": "compute every number of a run a second time, and follow it back to the ledger",
    "plan": "what a study would ask and cost, without calling anyone",
    "status": "how far a study is: asked, failing, spent and left, also while it runs",
    "findings": "what finished runs found, as a page of claims with their numbers",
    "show": "one conversation of a run, what other models were asked about it, and the verdicts",
    "export": "a finished study for others' tools: inspect logs, Hugging Face, RO-Crate, an archive",
    "verify-published": "score what a clone of the study's repository holds, beside its own figures",
    "ledger": "show, export, import, verify or prune the ledger of responses",
}
MODULES = {
    "new": "sce.study.new_command",
    "audit": "sce.auditing.command",
    "plan": "sce.study.plan_command",
    "status": "sce.study.status_command",
    "findings": "sce.study.findings_command",
    "show": "sce.study.show_command",
    "export": "sce.exporting.command",
    "verify-published": "sce.measuring.verify_command",
    "ledger": "sce.ledger.command",
}


def main(arguments=None) -> int:
    """Run one command; 0, or 2 after a clear error on standard error."""
    try:
        options = parser((arguments or sys.argv[1:])[:1]).parse_args(arguments)
        return options.run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] == "sce":
            raise
        print(
            f"error: {sys.executable} has no {error.name}: in a checkout run .venv/bin/python -m sce, which "
            "./study run sets up; or pip install what is missing",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0


def parser(wanted) -> argparse.ArgumentParser:
    """The parser of the command line, with the arguments of the commands ``wanted``."""
    called = "sce" if Path(sys.argv[0]).name == "sce" else "python -m sce"
    found = argparse.ArgumentParser(
        prog=called, description="A language model's decision boundary, and what it says about it."
    )
    found.add_argument("--version", action="version", version=f"sce {__version__}")
    commands = found.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "parse",
        help="read answers or records out of raw replies (JSON lines)",
        description='JSON lines {"text": REPLY} on stdin to JSON lines {"status": ..., "value": ...}.',
    )
    command.add_argument("--dataset", required=True, help="a dataset's name, or the path of its YAML file")
    command.add_argument("--kind", required=True, choices=["answer", "sce"], help="what to read")
    command.set_defaults(run=parse)

    command = commands.add_parser("score-published", help="score a result file of the study's own code")
    command.add_argument("file", help="FILE.json or FILE.json.gz")
    command.add_argument("--dataset", required=True, help="a dataset's name, or the path of its YAML file")
    command.add_argument("--metric", required=True, help="a distance, such as gower")
    command.add_argument("--as-published", action="store_true", help="trust the file's own parsed fields")
    command.set_defaults(run=score_published)

    for name, told in TOOLS.items():
        command = commands.add_parser(name, help=told)
        if name in wanted:  # the others' modules need not be loaded
            module = importlib.import_module(MODULES[name])
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return found


def parse(options) -> int:
    """JSON lines {"text": ...} on standard input to {"status": ..., "value": ...} on standard output."""
    from sce.reading.parsing import parse_lines

    for result in parse_lines(_dataset(options.dataset), options.kind, sys.stdin):
        print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0


def score_published(options) -> int:
    """One JSON object with the published field names."""
    from sce.measuring import published_scores as published

    scores = published.score_published(
        options.file, _dataset(options.dataset), options.metric, options.as_published
    )
    print(json.dumps(scores, indent=2, ensure_ascii=False, allow_nan=False))
    return 0


def _dataset(name):
    from sce.grids.datasets import dataset_file, load_dataset

    return load_dataset(name if name.endswith((".yaml", ".yml")) else dataset_file(name))


if __name__ == "__main__":
    sys.exit(main())
