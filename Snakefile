import sys

from snakemake.utils import min_version

min_version("9.27")

sys.path.insert(0, workflow.basedir)

from snakemake.exceptions import WorkflowError

from sce.errors import InputError
from sce.files.yaml_files import read_yaml
from sce.running.code import let_jobs_import

let_jobs_import()

# Snakemake's own reader takes the last of two equal keys, and does not name the line of bad YAML.
for file in workflow.overwrite_configfiles or ["config/config.yaml"]:
    try:
        read_yaml(file)
    except InputError as error:
        raise WorkflowError(str(error)) from None


if not workflow.overwrite_configfiles:  # given ones replace the default instead of being merged into it

    configfile: "config/config.yaml"


include: "workflow/common.smk"
include: "workflow/rules/grids.smk"
include: "workflow/rules/elicit.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/usage.smk"
include: "workflow/rules/experiments.smk"
include: "workflow/rules/page.smk"


rule all:
    default_target: True
    input:
        rules.collect_scores.output,
        rules.compare.output,
        rules.describe_boundaries.output,
        rules.check_failures.output,
        rules.plot_validity.output,
        rules.collect_usage.output,
        targets.of_steps(STUDY),
        rules.experiments.input,
        rules.build_page.output.page,


rule scores:
    input:
        rules.collect_scores.output,
        rules.compare.output,


rule audit:
    input:
        [file for file in rules.all.input if not str(file).endswith((".png", ".svg", ".html"))],
    log:
        "logs/audit.log",
    localrule: True
    conda:
        "envs/elicit.yaml"
    message:
        "Computing every number a second time"
    script:
        "workflow/scripts/audit.py"


rule distance_matrices:
    input:
        expand(
            "resources/distance_matrices/{dataset}_{metric}.npy",
            dataset=STUDY.matrix_datasets(),
            metric=STUDY.all_metrics(),
        ),


onstart:
    take_lock()
    check_embeddings()


onsuccess:
    print_summary()
