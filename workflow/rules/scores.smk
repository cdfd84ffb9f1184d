rule measure_distances:
    input:
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
        dataset=get_dataset_file,
        embeddings=get_embeddings,
    output:
        "results/{model}/{dataset}/distances.parquet",
    log:
        "logs/measure_distances/{model}/{dataset}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    params:
        metrics=lambda wildcards: STUDY.metrics(wildcards.model, wildcards.dataset),
        survey=of_pair(parameters.survey),
        content=get_dataset_content,
        code=of_pair(parameters.measure_code),
    message:
        "Measuring the SCEs of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/measure_distances.py"


rule score:
    input:
        distances=rules.measure_distances.output,
        dataset=get_dataset_file,
    output:
        "results/{model}/{dataset}/scores.parquet",
    log:
        "logs/score/{model}/{dataset}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    params:
        estimand=STUDY.config.scoring.estimand,
        content=get_dataset_content,
        code=code_of("score"),
    message:
        "Scoring {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/score.py"


rule compare:
    input:
        distances=collect_pairs("results/{model}/{dataset}/distances.parquet"),
        datasets=of_checkout(map(dataset_file, STUDY.datasets)),
    output:
        parquet="results/differences.parquet",
        csv="results/differences.csv",
        ranks="results/ranks.csv",
        pattern="results/pattern.csv",
    log:
        "logs/compare.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        pairs=exact(STUDY.pairs),
        stems=exact(STUDY.stems),
        estimand=STUDY.config.scoring.estimand,
        contents=parameters.dataset_contents(STUDY),
        code=code_of("compare"),
    message:
        "Paired differences between conditions and between models"
    script:
        "../scripts/compare.py"


rule collect_scores:
    input:
        scores=collect_pairs("results/{model}/{dataset}/scores.parquet"),
    output:
        parquet="results/scores.parquet",
        csv=report(
            "results/scores.csv",
            caption="../report/scores.rst",
            category="All models",
            labels={"figure": "scores (table)"},
        ),
    log:
        "logs/collect_scores.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        pairs=exact(STUDY.pairs),
        code=code_of("collect_scores"),
    message:
        "One table of all scores"
    script:
        "../scripts/collect_scores.py"
