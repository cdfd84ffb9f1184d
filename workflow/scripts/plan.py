"""What the study would ask and cost, printed; nobody is called."""

from sce import config
from sce.jobs import logged
from sce.plan import plan, report
from sce.prices import load_prices

with logged(snakemake.log[0]):
    study, prices = config.load(snakemake.config, "the configuration"), load_prices()
    print(report(study, prices, plan(study, prices)))
