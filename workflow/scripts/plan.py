"""Prints what the study would ask and cost; no model is asked."""

from datetime import date

from sce.money.prices import load_prices
from sce.running.jobs import logged
from sce.running.text_table import columns_shown
from sce.study.plan import plan
from sce.study.plan_report import report
from sce.study.study import load

with logged(snakemake.log[0]):
    study, prices = load(snakemake.config, "the configuration"), load_prices()
    print(report(study, prices, plan(study, prices), date.today(), columns_shown()))
