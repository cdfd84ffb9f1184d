"""``python -m sce audit``: every number of a run, computed a second time and followed back to the ledger."""

from pathlib import Path

from sce.files.yaml_files import read_yaml
from sce.money.prices import load_prices
from sce.study.plan_command import DEFAULT_CONFIG
from sce.study.study import load


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce audit``."""
    parser.add_argument("--configfile", default=DEFAULT_CONFIG, help="the study (%(default)s)")
    parser.add_argument("--results", default="results", help="the folder of its results (%(default)s)")


def run(options) -> int:
    """Print what was checked and every difference; 0, or 1 where there is one."""
    from sce.auditing.audit import audit  # pandas and all measures, which no other command needs

    study = load(read_yaml(options.configfile), options.configfile)
    findings = audit(study, load_prices(), Path(options.results))
    return report(findings)


def report(findings) -> int:
    for kind, number in sorted(findings.checked.items()):
        print(f"{number:>10,}  {kind}")
    for note in findings.notes:
        print(f"note: {note}")
    for problem in findings.problems:
        print(problem)
    files = len(findings.files)
    print(f"AUDIT FAILED: {files} files are not what they ought to be" if files else "audit passed")
    return 1 if files else 0
