rule build_grid:
    input:
        dataset=get_dataset_file,
        modules=closure("sce.datasets", "sce.artifacts"),
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
