# Outcomes of the experiments: a few small rules over what was asked; which of them an experiment needs follows
# from what it asks (Study.tables).
wildcard_constraints:
    experiment="|".join(map(re.escape, STUDY.config.experiments)),
    table="|".join(sorted({t for name in STUDY.config.experiments for t in STUDY.tables(name)})) or "none",
    outcome="candidates|self_prediction|several|feedback|search",


rule draw_choices:
    input:
        dataset=get_dataset_file,
        modules=closure("sce.experiments.choices", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("draw_choices"),
    output:
        "results/choices/{dataset}.parquet",
    log:
        "logs/draw_choices/{dataset}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        choosing=exact(STUDY.config.choosing.model_dump()),
    message:
        "Which of a few instances is nearest? Tasks on {wildcards.dataset}"
    script:
        "../scripts/draw_choices.py"


rule measure_choices:
    input:
        responses=rules.elicit.output,
        tasks=rules.draw_choices.output,
        modules=closure("sce.experiments.choices", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("measure_choices"),
    output:
        "results/{model}/{dataset}/choices.parquet",
    log:
        "logs/measure_choices/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        scoring=exact(STUDY.config.scoring.model_dump()),
    message:
        "How often {wildcards.model} chooses the nearest on {wildcards.dataset}"
    script:
        "../scripts/measure_choices.py"


rule measure_outcome:
    input:
        responses=rules.elicit.output,
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
        scores=rules.score.output,
        dataset=get_dataset_file,
        modules=closure(
            "sce.experiments.self_modelling",
            "sce.experiments.search",
            "sce.files.artifacts",
            "sce.running.jobs",
        ),
        script=script_file("measure_outcome"),
    output:
        "results/{model}/{dataset}/{outcome}.parquet",
    log:
        "logs/measure_outcome/{model}/{dataset}/{outcome}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    params:
        settings=get_outcome_settings,
        scoring=exact(STUDY.config.scoring.model_dump()),
    message:
        "The outcome {wildcards.outcome} of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/measure_outcome.py"


rule measure_consistency:
    input:
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
        dataset=get_dataset_file,
        modules=closure("sce.experiments.consistency", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("measure_consistency"),
    output:
        points="results/{model}/{dataset}/consistency_points.parquet",
        scores="results/{model}/{dataset}/consistency.parquet",
    log:
        "logs/measure_consistency/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        scoring=exact(STUDY.config.scoring.model_dump()),
    message:
        "Whether the wordings of the question agree: {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/measure_consistency.py"


rule plot_consistency:
    input:
        points=rules.measure_consistency.output.points,
        dataset=get_dataset_file,
        modules=closure(
            "sce.showing.experiment_figures",
            "sce.files.artifacts",
            "sce.running.jobs",
        ),
        script=script_file("plot_consistency"),
    output:
        png=report(
            "results/{model}/{dataset}/consistency.png",
            caption="../report/consistency.rst",
            category="Boundaries",
            labels={"model": "{model}", "dataset": "{dataset}", "figure": "consistency"},
        ),
        svg="results/{model}/{dataset}/consistency.svg",
    log:
        "logs/plot_consistency/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        style=exact(STUDY.config.figures.model_dump()),
    message:
        "Where the boundary of {wildcards.model} on {wildcards.dataset} is uncertain"
    script:
        "../scripts/plot_consistency.py"


rule spread_wordings:
    input:
        scores=rules.score.output,
        modules=closure("sce.experiments.rewordings", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("spread_wordings"),
    output:
        "results/{model}/{dataset}/wordings.parquet",
    log:
        "logs/spread_wordings/{model}/{dataset}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    message:
        "The spread over wordings of {wildcards.model} on {wildcards.dataset}"
    script:
        "../scripts/spread_wordings.py"


rule tabulate:
    input:
        outcomes=get_outcomes,
        reference=of_checkout(STUDY.reference_files()),
        modules=closure(
            "sce.showing.tables", "sce.showing.reference", "sce.files.artifacts", "sce.running.jobs"
        ),
        script=script_file("tabulate"),
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
        tabulated=get_tabulated,
    message:
        "The table {wildcards.table} of the experiment {wildcards.experiment}"
    script:
        "../scripts/tabulate.py"


rule plot_experiment:
    input:
        scores="results/experiments/{experiment}/scores.parquet",
        modules=closure("sce.showing.validity_scatter", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("plot_experiment"),
    output:
        png=report(
            "results/experiments/{experiment}/validity.png",
            caption="../report/validity.rst",
            category="Experiments",
            labels={"experiment": "{experiment}", "figure": "validity"},
        ),
        svg="results/experiments/{experiment}/validity.svg",
    log:
        "logs/plot_experiment/{experiment}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        style=exact(STUDY.config.figures.model_dump()),
    message:
        "Validity against excess distance in the experiment {wildcards.experiment}"
    script:
        "../scripts/plot_experiment.py"


rule plot_outcomes:
    input:
        outcomes="results/experiments/{experiment}/{table}.parquet",
        modules=closure(
            "sce.showing.experiment_figures",
            "sce.files.artifacts",
            "sce.running.jobs",
        ),
        script=script_file("plot_outcomes"),
    output:
        png=report(
            "results/experiments/{experiment}/{table}_panels.png",
            caption="../report/outcomes.rst",
            category="Experiments",
            labels={"experiment": "{experiment}", "figure": "{table}"},
        ),
        svg="results/experiments/{experiment}/{table}_panels.svg",
    log:
        "logs/plot_outcomes/{experiment}/{table}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        style=exact(STUDY.config.figures.model_dump()),
    message:
        "The outcomes {wildcards.table} of the experiment {wildcards.experiment}, drawn"
    script:
        "../scripts/plot_outcomes.py"


rule plot_wordings:
    input:
        scores="results/experiments/{experiment}/scores.parquet",
        modules=closure(
            "sce.showing.experiment_figures",
            "sce.files.artifacts",
            "sce.running.jobs",
        ),
        script=script_file("plot_wordings"),
    output:
        png=report(
            "results/experiments/{experiment}/wordings.png",
            caption="../report/wordings.rst",
            category="Experiments",
            labels={"experiment": "{experiment}", "figure": "wordings"},
        ),
        svg="results/experiments/{experiment}/wordings.svg",
    log:
        "logs/plot_wordings/{experiment}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        style=exact(STUDY.config.figures.model_dump()),
    message:
        "Validity against excess distance of every wording in the experiment {wildcards.experiment}"
    script:
        "../scripts/plot_wordings.py"


# A target for every experiment, by its name.
for experiment in STUDY.config.experiments:
    if workflow.is_rule(experiment):
        raise WorkflowError(f"{CONFIG_FILES}: experiments.{experiment}: a rule has this name; choose another")

    rule:
        name:
            experiment
        input:
            get_experiment_files(experiment),


rule experiments:
    input:
        [file for experiment in STUDY.config.experiments for file in get_experiment_files(experiment)],
