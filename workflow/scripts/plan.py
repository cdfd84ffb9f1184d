"""What the study would ask and cost, printed; nobody is called."""

from sce.money.prices import load_prices
from sce.running.jobs import logged
from sce.study import config
from sce.study.plan import plan, report

with logged(snakemake.log[0]):
    study, prices = config.load(snakemake.config, "the configuration"), load_prices()
    print(report(study, prices, plan(study, prices)))
