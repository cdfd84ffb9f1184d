rule measure_distances:
    input:
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
        dataset=get_dataset_file,
        embeddings=get_embeddings,
        modules=closure(
            "sce.measuring.distances", "sce.measuring.boundaries", "sce.files.artifacts", "sce.running.jobs"
        ),
        script=script_file("measure_distances"),
    output:
        "results/{model}/{dataset}/distances.parquet",
    log:
        "logs/measure_distances/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        metrics=lambda wildcards: STUDY.metrics(wildcards.model, wildcards.dataset),
    message:
        "Measuring the SCEs of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/measure_distances.py"


rule score:
    input:
        distances=rules.measure_distances.output,
        modules=closure("sce.measuring.scores", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("score"),
    output:
        "results/{model}/{dataset}/scores.parquet",
    log:
        "logs/score/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        scoring=exact(STUDY.config.scoring.model_dump()),
    message:
        "Scoring {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/score.py"


rule compare:
    input:
        distances=collect_pairs("results/{model}/{dataset}/distances.parquet"),
        modules=closure("sce.measuring.comparisons", "sce.running.jobs"),
        script=script_file("compare"),
    output:
        parquet="results/differences.parquet",
        csv="results/differences.csv",
    log:
        "logs/compare.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        pairs=exact(STUDY.pairs),
        scoring=exact(STUDY.config.scoring.model_dump()),
    message:
        "Paired differences between conditions and between models"
    script:
        "../scripts/compare.py"


rule collect_scores:
    input:
        scores=collect_pairs("results/{model}/{dataset}/scores.parquet"),
        modules=closure("sce.files.artifacts", "sce.running.jobs"),
        script=script_file("collect_scores"),
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
    message:
        "One table of all scores"
    script:
        "../scripts/collect_scores.py"
