def get_model(wildcards):
    return STUDY.config.models[wildcards.model]


def get_elicit_modules(wildcards):
    return closure(
        "sce.elicit", "sce.jobs", f"sce.engines.{get_model(wildcards).engine}"
    )


def get_prompt_files(wildcards):
    return STUDY.prompt_files(wildcards.model, wildcards.dataset)


def get_shape(wildcards):
    """What shapes the answers, and the round: a run that left questions open starts another one."""
    path = f"results/{wildcards.model}/{wildcards.dataset}/responses.parquet"
    return exact(
        {
            "model": STUDY.shapes[wildcards.model],
            "questions": STUDY.questions(wildcards.model, wildcards.dataset),
            "conditions": STUDY.conditions(wildcards.model, wildcards.dataset),
            "round": next_round(path),
        }
    )


rule elicit:
    input:
        dataset=get_dataset_file,
        prompts=get_prompt_files,
        modules=get_elicit_modules,
        script=script_file("elicit"),
    output:
        "results/{model}/{dataset}/responses.parquet",
    log:
        "logs/elicit/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    threads: lambda wildcards: get_model(wildcards).cores
    params:
        shape=get_shape,
    message:
        "Asking {wildcards.model} about {wildcards.dataset}"
    script:
        "../scripts/elicit.py"


rule parse_responses:
    input:
        responses=rules.elicit.output,
        dataset=get_dataset_file,
        modules=closure("sce.responses"),
        script=script_file("parse_responses"),
    output:
        boundary="results/{model}/{dataset}/boundary.parquet",
        sce="results/{model}/{dataset}/sce.parquet",
    log:
        "logs/parse_responses/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    params:
        conditions=lambda wildcards: STUDY.conditions(
            wildcards.model, wildcards.dataset
        ),
    message:
        "Reading the replies of {wildcards.model} about {wildcards.dataset}"
    script:
        "../scripts/parse_responses.py"
