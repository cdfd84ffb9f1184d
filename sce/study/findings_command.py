"""``python -m sce findings``: what finished runs found, as a page of claims in Markdown."""

from pathlib import Path

from sce.files.yaml_files import read_yaml
from sce.study.plan_command import DEFAULT_CONFIG
from sce.study.study import load


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce findings``."""
    parser.add_argument(
        "--study",
        nargs=2,
        action="append",
        metavar=("CONFIGFILE", "RESULTS"),
        help=f"a study and the folder of its results, several times for several ({DEFAULT_CONFIG} results)",
    )


def run(options) -> int:
    """Print the page; 0."""
    from sce.study.findings import page  # pandas and what writes captions, which no other command needs

    studies = options.study or [(DEFAULT_CONFIG, "results")]
    print(page([(load(read_yaml(config), config), Path(results)) for config, results in studies]), end="")
    return 0
