# Each kind of experiment is a module, most of them in sce/experiments. These rules run those that a study
# needs.
rule draw_tasks:
    input:
        dataset=get_dataset_file,
    output:
        "results/{kind}/{dataset}.parquet",
    log:
        "logs/draw_tasks/{kind}/{dataset}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        options=lambda wildcards: exact(parameters.task_options(STUDY, get_kind(wildcards))),
        module=lambda wildcards: registry.MODULES[wildcards.kind],
        content=get_dataset_content,
        code=get_kind_code("draw_tasks"),
    message:
        "Drawing the tasks of {wildcards.kind} on {wildcards.dataset}"
    script:
        "../scripts/draw_tasks.py"


rule measure_points:
    input:
        boundary=rules.parse_responses.output.boundary,
        dataset=get_dataset_file,
    output:
        "results/{model}/{dataset}/{kind}_points.parquet",
    log:
        "logs/measure_points/{model}/{dataset}/{kind}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    params:
        module=lambda wildcards: registry.MODULES[wildcards.kind],
        content=get_dataset_content,
        code=get_kind_code("measure_points"),
    message:
        "Measuring {wildcards.kind} at every point: {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/measure_points.py"


rule measure_kind:
    input:
        unpack(get_needed),
        dataset=get_dataset_file,
        embeddings=get_embeddings,
        peers=get_peers,
        explainers=get_explainers,
    output:
        "results/{model}/{dataset}/{kind}.parquet",
    log:
        "logs/measure_kind/{model}/{dataset}/{kind}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    params:
        measured=lambda wildcards: parameters.measure(
            STUDY, wildcards.kind, wildcards.model, wildcards.dataset
        ),
        content=get_dataset_content,
        code=get_kind_code("measure_kind"),
    message:
        "Measuring {wildcards.kind} of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/measure_kind.py"


rule plot_points:
    input:
        points=rules.measure_points.output,
        dataset=get_dataset_file,
    output:
        png=report(
            "results/{model}/{dataset}/{kind}.png",
            caption="../report/found.rst",
            category="Boundaries",
            labels={"model": "{model}", "dataset": "{dataset}", "figure": "{kind}"},
        ),
        svg="results/{model}/{dataset}/{kind}.svg",
        pdf="results/{model}/{dataset}/{kind}.pdf",
        caption="results/{model}/{dataset}/{kind}.txt",
    log:
        "logs/plot_points/{model}/{dataset}/{kind}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    params:
        style=STYLE,
        module=lambda wildcards: registry.MODULES[wildcards.kind],
        caption=get_caption,
        content=get_dataset_content,
        code=get_map_code,
    message:
        "Drawing {wildcards.kind} at every point: {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/plot_points.py"


rule tabulate:
    input:
        outcomes=lambda wildcards: targets.outcomes(STUDY, wildcards.experiment, wildcards.table),
        reference=of_checkout(STUDY.reference_files()),
    output:
        parquet="results/experiments/{experiment}/{table}.parquet",
        csv="results/experiments/{experiment}/{table}.csv",
        markdown="results/experiments/{experiment}/{table}.md",
        latex="results/experiments/{experiment}/{table}.tex",
    log:
        "logs/tabulate/{experiment}/{table}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        tabulated=lambda wildcards: parameters.tabulate(STUDY, wildcards.experiment, wildcards.table),
        reference=parameters.files_content(STUDY.reference_files()),
        code=code_of("tabulate"),
    message:
        "The table {wildcards.table} of the experiment {wildcards.experiment}"
    script:
        "../scripts/tabulate.py"


rule plot_experiment:
    input:
        scores="results/experiments/{experiment}/scores.parquet",
        distances=lambda wildcards: targets.outcomes(STUDY, wildcards.experiment, "distances"),
    output:
        png=report(
            "results/experiments/{experiment}/validity.png",
            caption="../report/found.rst",
            category="Experiments",
            labels={"experiment": "{experiment}", "figure": "validity"},
        ),
        svg="results/experiments/{experiment}/validity.svg",
        pdf="results/experiments/{experiment}/validity.pdf",
        caption="results/experiments/{experiment}/validity.txt",
        distances_png=report(
            "results/experiments/{experiment}/distances.png",
            caption="../report/distances.rst",
            category="Experiments",
            labels={"experiment": "{experiment}", "figure": "distances"},
        ),
        distances_svg="results/experiments/{experiment}/distances.svg",
        distances_pdf="results/experiments/{experiment}/distances.pdf",
        distances_caption="results/experiments/{experiment}/distances.txt",
    log:
        "logs/plot_experiment/{experiment}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        pairs=lambda wildcards: exact(STUDY.pairs_of(wildcards.experiment)),
        conditions=lambda wildcards: exact(targets.drawn_conditions(STUDY, wildcards.experiment)),
        style=STUDY_STYLE,
        caption=get_caption,
        distances_caption=lambda wildcards, output: FoundText(output.distances_caption),
        code=code_of("plot_experiment"),
    message:
        "Validity against excess distance, and distances, in the experiment {wildcards.experiment}"
    script:
        "../scripts/plot_experiment.py"


rule plot_kind:
    input:
        table=get_drawn_table,
        points=get_drawn_points,
    output:
        png=report(
            "results/experiments/{experiment}/{figure}.png",
            caption="../report/found.rst",
            category="Experiments",
            labels={"experiment": "{experiment}", "figure": "{figure}"},
        ),
        svg="results/experiments/{experiment}/{figure}.svg",
        pdf="results/experiments/{experiment}/{figure}.pdf",
        caption="results/experiments/{experiment}/{figure}.txt",
    log:
        "logs/plot_kind/{experiment}/{figure}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        drawn=lambda wildcards: parameters.figure(STUDY, get_figure_kind(wildcards), wildcards.experiment),
        style=STUDY_STYLE,
        caption=get_caption,
        code=lambda wildcards: get_figure_code(get_figure_kind(wildcards)),
    message:
        "The figure {wildcards.figure} of the experiment {wildcards.experiment}"
    script:
        "../scripts/plot_kind.py"


# A target for every experiment, by its name.
for experiment in STUDY.experiments:
    if workflow.is_rule(experiment):
        raise WorkflowError(f"{CONFIG}: experiments.{experiment}: a rule has this name; choose another")

    rule:
        name:
            experiment
        input:
            targets.of_experiment(STUDY, experiment),


rule experiments:
    input:
        [file for experiment in STUDY.experiments for file in targets.of_experiment(STUDY, experiment)],
