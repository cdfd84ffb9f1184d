"""``python -m sce status``: how far a study is, from the ledger alone, while it runs here or on a cluster."""

import time

from sce.files.yaml_files import read_yaml
from sce.money.prices import load_prices
from sce.study.plan_command import DEFAULT_CONFIG
from sce.study.status import report
from sce.study.study import load


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce status``."""
    parser.add_argument("--configfile", default=DEFAULT_CONFIG, help="the study (%(default)s)")


def run(options) -> int:
    """Print how far the study is; 0."""
    study = load(read_yaml(options.configfile), options.configfile)
    print(report(study, load_prices(), time.time()))
    return 0
