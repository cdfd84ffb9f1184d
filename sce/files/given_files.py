"""Checks the configuration files among the options of Snakemake, for ``./study run``. Snakemake reads them
before any code of a workflow: what it cannot read ends in a traceback there, and in one message here."""

import argparse
import sys

from sce.errors import InputError
from sce.files.yaml_files import read_yaml


def main(options: list[str]) -> int:
    """0 if every file can be read, else 2 after a message on standard error."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="extend", default=[])
    given, _ = parser.parse_known_args(options)
    try:
        for file in given.configfile:
            read_yaml(file)
    except InputError as error:
        print(f"study: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
