rule elicit:
    input:
        dataset=get_dataset_file,
        prompts=get_prompt_files,
        tasks=get_tasks,
    output:
        "results/{model}/{dataset}/responses.parquet",
    log:
        "logs/elicit/{model}/{dataset}.log",
    # The longest jobs first, so that no slow model is left to finish alone.
    priority: lambda wildcards: job_needs.runtime_min(get_model(wildcards))
    conda:
        "../../envs/elicit.yaml"
    threads: lambda wildcards: get_model(wildcards).cores
    resources:
        **get_elicit_resources(),
        nodes=1,
        gpu=get_gpus,
        mem_mb=lambda wildcards, attempt: job_needs.memory_mb(get_model(wildcards), attempt),
        runtime=lambda wildcards, attempt: job_needs.runtime_min(get_model(wildcards), attempt),
    params:
        asked=of_pair(parameters.elicit),
        code=of_pair(parameters.elicit_code),
    message:
        "Asking {wildcards.model} about {wildcards.dataset}"
    script:
        "../scripts/elicit.py"


rule parse_responses:
    input:
        responses=rules.elicit.output,
        dataset=get_dataset_file,
    output:
        boundary="results/{model}/{dataset}/boundary.parquet",
        sce="results/{model}/{dataset}/sce.parquet",
    log:
        "logs/parse_responses/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    params:
        conditions=lambda wildcards: STUDY.conditions(wildcards.model, wildcards.dataset),
        content=get_dataset_content,
        code=code_of("parse_responses"),
    message:
        "Reading the replies of {wildcards.model} about {wildcards.dataset}"
    script:
        "../scripts/parse_responses.py"


# One model asked about another, whose answers its questions name.
use rule elicit as elicit_about with:
    input:
        dataset=get_dataset_file,
        prompts=get_prompt_files_about,
        boundary=rules.parse_responses.output.boundary,
        sce=rules.parse_responses.output.sce,
    output:
        "results/{model}/{dataset}/peers/{explainer}/responses.parquet",
    log:
        "logs/elicit_about/{model}/{dataset}/{explainer}.log",
    params:
        asked=of_inquiry(parameters.elicit_about),
        code=of_inquiry(parameters.elicit_about_code),
    message:
        "Asking {wildcards.explainer} about {wildcards.model} on {wildcards.dataset}"
