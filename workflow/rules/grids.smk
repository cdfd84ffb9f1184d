rule build_grid:
    input:
        dataset=get_dataset_file,
        modules=closure("sce.grids.datasets", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("build_grid"),
    output:
        "results/grids/{dataset}.parquet",
    log:
        "logs/build_grid/{dataset}.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    message:
        "The grid of {wildcards.dataset}"
    script:
        "../scripts/build_grid.py"


rule embed_descriptions:
    input:
        grid=rules.build_grid.output,
        modules=closure("sce.measuring.semantic", "sce.files.artifacts", "sce.running.jobs"),
        script=script_file("embed_descriptions"),
    output:
        "results/embeddings/{dataset}.npy",
    log:
        "logs/embed_descriptions/{dataset}.log",
    conda:
        "../../envs/embeddings.yaml"
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        model=STUDY.config.embeddings.model,
    message:
        "Embedding the descriptions of {wildcards.dataset}"
    script:
        "../scripts/embed_descriptions.py"


rule build_distance_matrix:
    input:
        dataset=get_dataset_file,
        embeddings=lambda wildcards: (
            f"results/embeddings/{wildcards.dataset}.npy" if wildcards.metric == "semantic" else []
        ),
        modules=closure("sce.measuring.matrices", "sce.running.jobs"),
        script=script_file("build_distance_matrix"),
    output:
        matrix="resources/distance_matrices/{dataset}_{metric}.npy",
        sidecar="resources/distance_matrices/{dataset}_{metric}.json",
    log:
        "logs/build_distance_matrix/{dataset}_{metric}.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        max_points=STUDY.config.matrices.max_points,
    message:
        "The {wildcards.metric} distances between all points of {wildcards.dataset}"
    script:
        "../scripts/build_distance_matrix.py"
