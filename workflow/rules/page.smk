PAGE_EXPERIMENTS = targets.of_page(STUDY)
PAGE_PROMPTS = sorted({file for pair in STUDY.pairs for file in STUDY.prompt_files(*pair)})


rule build_page:
    input:
        scores=rules.collect_scores.output.parquet,
        differences=rules.compare.output.parquet,
        boundaries=rules.describe_boundaries.output.parquet,
        usage=rules.collect_usage.output.usage,
        failures=rules.collect_usage.output.failures,
        responses=collect_pairs("results/{model}/{dataset}/responses.parquet"),
        pair_boundaries=collect_pairs("results/{model}/{dataset}/boundary.parquet"),
        sces=collect_pairs("results/{model}/{dataset}/sce.parquet"),
        distances=collect_pairs("results/{model}/{dataset}/distances.parquet"),
        figures=[f"{stem}.svg" for _, stem in PAGE_EXPERIMENTS["figures"]],
        captions=[f"{stem}.txt" for _, stem in PAGE_EXPERIMENTS["figures"]],
        experiment_tables=[
            f"results/experiments/{experiment}/{table}.parquet"
            for experiment, table in PAGE_EXPERIMENTS["tables"]
        ],
        datasets=of_checkout(map(dataset_file, STUDY.datasets)),
        prompts=of_checkout(PAGE_PROMPTS),
    output:
        page="results/report.html",
        conversations=directory("results/report_conversations"),
    log:
        "logs/build_page.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        pairs=exact(STUDY.pairs),
        experiments=exact(PAGE_EXPERIMENTS),
        settings=exact(STUDY.shapes),
        published=STUDY.config.prompts.published,
        contents=exact({name: parameters.content(dataset) for name, dataset in STUDY.datasets.items()}),
        wordings=parameters.wordings(STUDY),
        built=parameters.files_content([PACKAGE / "showing/page" / name for name in ("page.js", "page.css")]),
        code=code_of("build_page"),
    message:
        "Everything found, as one page that opens offline"
    script:
        "../scripts/build_page.py"
