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
        modules=closure("sce.responses", "sce.jobs"),
        script=script_file("parse_responses"),
    output:
        boundary="results/{model}/{dataset}/boundary.parquet",
        sce="results/{model}/{dataset}/sce.parquet",
    log:
        "logs/parse_responses/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    params:
        conditions=lambda wildcards: STUDY.conditions(wildcards.model, wildcards.dataset),
    message:
        "Reading the replies of {wildcards.model} about {wildcards.dataset}"
    script:
        "../scripts/parse_responses.py"
