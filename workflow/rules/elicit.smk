rule elicit:
    input:
        dataset=get_dataset_file,
        prompts=get_prompt_files,
        tasks=get_tasks,
        shards=get_shards,
    output:
        "results/{model}/{dataset}/responses.parquet",
    log:
        "logs/elicit/{model}/{dataset}.log",
    # The longest jobs first, so that no slow model is left to finish alone.
    priority: lambda wildcards: job_needs.runtime_min(get_asked(wildcards))
    localrule: IN_JOB
    conda:
        "../../envs/elicit.yaml"
    threads: lambda wildcards: get_asked(wildcards).cores
    resources:
        **get_elicit_resources(),
        nodes=1,
        gpu=get_gpus,
        mem_mb=lambda wildcards, attempt: job_needs.memory_mb(get_asked(wildcards), attempt),
        runtime=lambda wildcards, attempt: job_needs.runtime_min(get_asked(wildcards), attempt),
    params:
        asked=of_pair(parameters.elicit),
        code=of_pair(parameters.elicit_code),
    message:
        "Answers of {wildcards.model} about {wildcards.dataset}"
    script:
        "../scripts/elicit.py"


# A pair whose model has shards: each of these jobs asks its part. (Snakemake's own scattergather knows one
# number of parts for all pairs; here every model has its own.) What they leave goes when the answers are read
# together, so that whatever makes these stale lets the shards look again for what is missing.
use rule elicit as elicit_shard with:
    input:
        dataset=get_dataset_file,
        prompts=get_prompt_files,
        tasks=get_tasks,
    output:
        temp("results/{model}/{dataset}/shards/{shard}.txt"),
    log:
        "logs/elicit/{model}/{dataset}/{shard}.log",
    localrule: IN_JOB
    message:
        "Answers of {wildcards.model} about {wildcards.dataset}, {wildcards.shard}"


rule parse_responses:
    input:
        responses=rules.elicit.output,
        dataset=get_dataset_file,
    output:
        boundary="results/{model}/{dataset}/boundary.parquet",
        sce="results/{model}/{dataset}/sce.parquet",
    log:
        "logs/parse_responses/{model}/{dataset}.log",
    localrule: IN_JOB
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
    localrule: IN_JOB
    params:
        asked=of_inquiry(parameters.elicit_about),
        code=of_inquiry(parameters.elicit_about_code),
    message:
        "Answers of {wildcards.explainer} about {wildcards.model} on {wildcards.dataset}"
