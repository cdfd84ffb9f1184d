"""Every number of the study's results computed a second time and followed back to the ledger."""

import sys
from pathlib import Path

from sce.auditing.audit import audit
from sce.auditing.command import report
from sce.money.prices import load_prices
from sce.running.jobs import logged
from sce.study import study

with logged(snakemake.log[0]):
    checked = study.load(snakemake.config, "the configuration")
    failed = report(audit(checked, load_prices(), Path("results")))
if failed:
    sys.exit("the audit failed: see above")
