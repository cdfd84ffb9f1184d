rule build_grid:
    input:
        dataset=get_dataset_file,
    output:
        "results/grids/{dataset}.parquet",
    log:
        "logs/build_grid/{dataset}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        content=get_dataset_content,
        code=code_of("build_grid"),
    message:
        "The grid of {wildcards.dataset}"
    script:
        "../scripts/build_grid.py"


rule embed_descriptions:
    input:
        grid=rules.build_grid.output,
    output:
        "results/embeddings/{dataset}.npy",
    log:
        "logs/embed_descriptions/{dataset}.log",
    localrule: IN_JOB
    conda:
        "../../envs/embeddings.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        model=STUDY.config.embeddings.model,
        code=code_of("embed_descriptions"),
    message:
        "Embedding the descriptions of {wildcards.dataset}"
    script:
        "../scripts/embed_descriptions.py"


rule build_distance_matrix:
    input:
        dataset=get_dataset_file,
        embeddings=lambda wildcards: (
            f"results/embeddings/{wildcards.dataset}.npy" if wildcards.metric in OVER_EMBEDDINGS else []
        ),
    output:
        matrix="resources/distance_matrices/{dataset}_{metric}.npy",
        sidecar="resources/distance_matrices/{dataset}_{metric}.json",
    log:
        "logs/build_distance_matrix/{dataset}_{metric}.log",
    localrule: IN_JOB
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        max_points=STUDY.config.matrices.max_points,
        content=get_dataset_content,
        code=code_of("build_distance_matrix"),
    message:
        "The {wildcards.metric} distances between all points of {wildcards.dataset}"
    script:
        "../scripts/build_distance_matrix.py"
