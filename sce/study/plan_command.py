"""``python -m sce plan``: what a run would ask, and what it would cost and take, without calling anyone."""

from datetime import date

from sce.files.yaml_files import read_yaml
from sce.money.prices import load_prices
from sce.running.text_table import columns_shown
from sce.study.checks import check_budgets
from sce.study.plan import plan
from sce.study.plan_report import report
from sce.study.study import load

DEFAULT_CONFIG = "config/config.yaml"


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce plan``."""
    parser.add_argument("--configfile", default=DEFAULT_CONFIG, help="the study (%(default)s)")
    parser.add_argument("--prices", default=None, help="another file than config/prices.yaml")
    parser.add_argument("--csv", metavar="FILE", help="write the whole table, with every column, to a file")


def run(options) -> int:
    """Print the plan; 0."""
    study = load(read_yaml(options.configfile), options.configfile)
    prices = load_prices(options.prices) if options.prices else load_prices()
    check_budgets(study, prices)
    table = plan(study, prices)
    if options.csv:
        table.to_csv(options.csv, index=False)
    print(report(study, prices, table, date.today(), columns_shown()))
    return 0
