rule plot_boundary:
    input:
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
        dataset=get_dataset_file,
    output:
        png=report(
            "results/{model}/{dataset}/boundary.png",
            caption="../report/boundary.rst",
            category="Boundaries",
            labels={"model": "{model}", "dataset": "{dataset}", "figure": "boundary"},
        ),
        svg="results/{model}/{dataset}/boundary.svg",
        pdf="results/{model}/{dataset}/boundary.pdf",
        landings_png=report(
            "results/{model}/{dataset}/landings.png",
            caption="../report/found.rst",
            category="Boundaries",
            labels={"model": "{model}", "dataset": "{dataset}", "figure": "landings"},
        ),
        landings_svg="results/{model}/{dataset}/landings.svg",
        landings_pdf="results/{model}/{dataset}/landings.pdf",
        caption="results/{model}/{dataset}/landings.txt",
    log:
        "logs/plot_boundary/{model}/{dataset}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    params:
        stems=exact(STUDY.stems),
        style=STYLE,
        content=get_shown_dataset,
        caption=get_caption,
        code=code_of("plot_boundary"),
    message:
        "Drawing the boundary of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/plot_boundary.py"


rule plot_certainty:
    input:
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
        distances=rules.measure_distances.output,
        dataset=get_dataset_file,
    output:
        png=report(
            "results/{model}/{dataset}/certainty.png",
            caption="../report/found.rst",
            category="Boundaries",
            labels={"model": "{model}", "dataset": "{dataset}", "figure": "certainty"},
        ),
        svg="results/{model}/{dataset}/certainty.svg",
        pdf="results/{model}/{dataset}/certainty.pdf",
        caption="results/{model}/{dataset}/certainty.txt",
    log:
        "logs/plot_certainty/{model}/{dataset}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    params:
        survey=of_pair(parameters.survey),
        style=STYLE,
        content=get_dataset_content,
        caption=get_caption,
        code=code_of("plot_certainty"),
    message:
        "Drawing what is certain about {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/plot_certainty.py"


rule plot_validity:
    input:
        scores=rules.collect_scores.output.parquet,
    output:
        png=report(
            "results/validity.png",
            caption="../report/found.rst",
            category="All models",
            labels={"figure": "validity"},
        ),
        svg="results/validity.svg",
        pdf="results/validity.pdf",
        caption="results/validity.txt",
    log:
        "logs/plot_validity.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        stems=exact(STUDY.stems),
        style=STUDY_STYLE,
        caption=get_caption,
        code=code_of("plot_validity"),
    message:
        "Validity against excess distance over all models"
    script:
        "../scripts/plot_validity.py"
