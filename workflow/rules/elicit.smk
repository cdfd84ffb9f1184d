rule elicit:
    input:
        dataset=get_dataset_file,
        prompts=get_prompt_files,
        choices=get_choices,
        modules=get_elicit_modules,
        script=script_file("elicit"),
    output:
        "results/{model}/{dataset}/responses.parquet",
    log:
        "logs/elicit/{model}/{dataset}.log",
    # The longest jobs first, so that no slow model is left to finish alone.
    priority: lambda wildcards: resources.runtime_min(get_model(wildcards))
    conda:
        "../../envs/elicit.yaml"
    threads: lambda wildcards: get_model(wildcards).cores
    resources:
        **get_elicit_resources(),
        nodes=1,
        gpu=get_gpus,
        mem_mb=lambda wildcards, attempt: resources.memory_mb(get_model(wildcards), attempt),
        runtime=lambda wildcards, attempt: resources.runtime_min(get_model(wildcards), attempt),
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
        modules=closure("sce.reading.responses", "sce.running.jobs"),
        script=script_file("parse_responses"),
    output:
        boundary="results/{model}/{dataset}/boundary.parquet",
        sce="results/{model}/{dataset}/sce.parquet",
    log:
        "logs/parse_responses/{model}/{dataset}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        conditions=lambda wildcards: STUDY.conditions(wildcards.model, wildcards.dataset),
    message:
        "Reading the replies of {wildcards.model} about {wildcards.dataset}"
    script:
        "../scripts/parse_responses.py"
