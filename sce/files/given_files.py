"""Checks the configuration files among the options of Snakemake, for ``./study run``. Snakemake reads them
before any code of a workflow: what it cannot read ends in a traceback there, and in one message here."""

import argparse
import sys
from pathlib import Path

from sce.errors import InputError
from sce.files.yaml_files import read_yaml


def main(options: list[str]) -> int:
    """0 if every file can be read, else 2 after a message on standard error."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="extend", default=[])
    given, _ = parser.parse_known_args(options)
    try:
        for file in given.configfile:
            _refuse_target(file)
            read_yaml(file)
    except InputError as error:
        print(f"study: {error}", file=sys.stderr)
        return 2
    return 0


def _refuse_target(name):
    """Snakemake takes every word after the option for a file, also one that was meant for a target."""
    if not Path(name).suffix and not Path(name).exists():
        allowed = f"configuration files; a target comes first (./study run {name} --configfile ...)"
        raise InputError(name, "--configfile", "no such file", allowed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
