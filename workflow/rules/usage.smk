rule describe_boundaries:
    input:
        boundaries=collect_pairs("results/{model}/{dataset}/boundary.parquet"),
        datasets=of_checkout(map(dataset_file, STUDY.datasets)),
    output:
        parquet="results/boundaries.parquet",
        csv="results/boundaries.csv",
    log:
        "logs/describe_boundaries.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        pairs=exact(STUDY.pairs),
        contents=parameters.dataset_contents(STUDY),
        code=code_of("describe_boundaries"),
    message:
        "What each boundary is like"
    script:
        "../scripts/describe_boundaries.py"


rule collect_usage:
    input:
        responses=[
            *collect_pairs("results/{model}/{dataset}/responses.parquet"),
            *targets.of_inquiries(STUDY),
        ],
    output:
        usage="results/usage.parquet",
        usage_csv="results/usage.csv",
        failures="results/failures.parquet",
    log:
        "logs/collect_usage.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        pairs=parameters.usage_of(STUDY),
        prices=parameters.prices(STUDY, PRICES),
        code=code_of("collect_usage"),
    message:
        "What the answers took: tokens, money, time"
    script:
        "../scripts/collect_usage.py"


rule check_failures:
    input:
        usage=rules.collect_usage.output.usage,
        failures=rules.collect_usage.output.failures,
    output:
        touch("results/failures_checked"),
    log:
        "logs/check_failures.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        max_failed_share=exact({name: m.max_failed_share for name, m in STUDY.config.models.items()}),
        code=code_of("check_failures"),
    message:
        "Whether too many questions failed"
    script:
        "../scripts/check_failures.py"


rule plan:
    log:
        "logs/plan.log",
    localrule: True
    conda:
        "../../envs/elicit.yaml"
    message:
        "What the study would ask and cost"
    script:
        "../scripts/plan.py"
