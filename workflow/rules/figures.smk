rule plot_boundary:
    input:
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
        dataset=get_dataset_file,
        modules=closure(
            "sce.showing.boundary_map",
            "sce.experiments.rewordings",
            "sce.files.artifacts",
            "sce.running.jobs",
        ),
        script=script_file("plot_boundary"),
    output:
        png=report(
            "results/{model}/{dataset}/boundary.png",
            caption="../report/boundary.rst",
            category="Boundaries",
            labels={"model": "{model}", "dataset": "{dataset}", "figure": "boundary"},
        ),
        svg="results/{model}/{dataset}/boundary.svg",
    log:
        "logs/plot_boundary/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        style=exact(STUDY.config.figures.model_dump()),
    message:
        "Drawing the boundary of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/plot_boundary.py"


rule plot_validity:
    input:
        scores=rules.collect_scores.output.parquet,
        modules=closure("sce.showing.validity_scatter", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("plot_validity"),
    output:
        png=report(
            "results/validity.png",
            caption="../report/validity.rst",
            category="All models",
            labels={"figure": "validity"},
        ),
        svg="results/validity.svg",
    log:
        "logs/plot_validity.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        style=exact(STUDY.config.figures.model_dump()),
    message:
        "Validity against excess distance over all models"
    script:
        "../scripts/plot_validity.py"
